#include "format/unpack.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "format/digest_stream.hpp"
#include "format/packed.hpp"
#include "format/sparse_writer.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Error changed(std::string message)
{
    Error error{ErrorCode::unreadable, std::move(message)};
    error.hint = "was it changed meanwhile?";
    return error;
}

// Called with the path and the data of a regular member.
using Visit = std::function<Result<void>(const Member &member, const std::string &path, ByteStream &data)>;

// Goes down to the archive that `target` names a member of, and shows its regular members.
class Descent {
public:
    Descent(std::string target, Visit visit) : m_target(std::move(target)), m_visit(std::move(visit)) {}

    Result<void> go(ByteStream &stream) { return descend(stream, "", 0); }

private:
    Result<void> descend(ByteStream &stream, const std::string &prefix, unsigned depth)
    {
        auto peeked = PeekedStream::make(stream);
        if (!peeked)
            return fail(peeked.error());
        auto const wrapper = wrapper_of((*peeked)->head());
        if (!wrapper || !is_supported(*wrapper) || depth == deepest_nesting)
            return fail(changed(fmt::format("holds no '{}'", printable(m_target, 200))));
        if (is_archive(*wrapper))
            return descend_archive(*wrapper, **peeked, prefix, depth);
        auto layer = open_compressed(*wrapper, **peeked);
        if (!layer)
            return fail(layer.error());
        if (auto done = descend(**layer, prefix, depth + 1); !done)
            return done;
        return drain(**layer);
    }

    Result<void> descend_archive(Wrapper kind, ByteStream &stream, const std::string &prefix, unsigned depth)
    {
        // The innermost archive is the one where nothing of the target's nesting is left.
        bool const innermost = m_target.find(nested_separator, prefix.size()) == std::string::npos;
        auto reader = ArchiveReader::open(kind, stream);
        if (!reader)
            return fail(reader.error());
        MemberCheck check;
        for (std::size_t count = 0; count <= most_members; ++count) {
            auto const member = (*reader)->next();
            if (!member)
                return fail(member.error());
            if (!*member)
                return {};
            if (auto const hazard = check.check(**member))
                return fail(ErrorCode::refused, hazard->message);
            if ((*member)->kind != MemberKind::file)
                continue;
            std::string const path = prefix + (*member)->name;
            std::string const inner = path + std::string(nested_separator);
            Result<void> done;
            if (innermost || path == m_target)
                done = m_visit(**member, path, (*reader)->data());
            else if (m_target.starts_with(inner))
                done = descend((*reader)->data(), inner, depth + 1);
            if (!done)
                return done;
        }
        return fail(malformed(fmt::format("more than {} members", most_members), {}, "archive"));
    }

    std::string m_target;
    Visit m_visit;
};

class Unpacker {
public:
    Unpacker(const InputFile &file, const ImageFacts &image, const UnpackOptions &options, ProgressSink &progress)
        : m_file(file), m_image(image), m_options(options), m_progress(progress)
    {}

    Result<Fd> run()
    {
        if (auto done = check_space(); !done)
            return fail(done.error());
        auto fd = temporary_file(m_options.temp_dir);
        if (!fd)
            return fail(fd.error());
        m_fd = std::move(*fd);
        auto const done = m_image.member ? unpack_member() : unpack_stream();
        if (!done)
            return fail(done.error());
        return std::move(m_fd);
    }

private:
    // What is packed does not get smaller; for the rest a full disk is found out when it is full.
    Result<void> check_space()
    {
        auto const space = free_space(m_options.temp_dir);
        if (!space)
            return fail(space.error());
        std::uint64_t needed = m_file.size();
        if (m_image.member) {
            auto const &members = m_image.details.members;
            auto const member = std::find_if(members.begin(), members.end(), [&](const ArchiveMember &candidate) {
                return candidate.name == *m_image.member;
            });
            // The other members of an archive stay where they are.
            needed = member != members.end() ? std::min(needed, member->size) : 0;
        }
        if (needed <= *space)
            return {};
        Error error{ErrorCode::environment,
                    fmt::format("unpacking needs {} at least, there are {}", human_size(needed), human_size(*space))};
        error.file = m_options.temp_dir;
        error.hint = "choose another folder with --temp-dir";
        return fail(error);
    }

    Result<void> unpack_stream()
    {
        m_input.emplace(m_file);
        return unpack_layers(*m_input, inner_layers(), 0);
    }

    // The disk, with what compresses it: as many layers as probe() found, for the magic alone can be the disk's own. Of
    // a disk in an OVA that is not written down; the copy is probed again in any case.
    Result<void> unpack_layers(ByteStream &stream, std::size_t layers, unsigned depth)
    {
        auto peeked = PeekedStream::make(stream);
        if (!peeked)
            return fail(peeked.error());
        auto const wrapper = wrapper_of((*peeked)->head());
        bool const ova = m_image.details.ovf.has_value();
        if (ova ? !wrapper : layers == 0)
            return copy(**peeked);
        if (!wrapper || is_archive(*wrapper) || !is_supported(*wrapper) || depth == deepest_nesting)
            return fail(changed("is packed in another way than it was"));
        auto layer = open_compressed(*wrapper, **peeked);
        if (!layer)
            return fail(layer.error());
        return unpack_layers(**layer, layers - (ova ? 0 : 1), depth + 1);
    }

    // Those that lie inside the innermost archive.
    std::size_t inner_layers() const
    {
        auto const &layers = m_image.wrapped_in;
        auto const last = std::find_if(layers.rbegin(), layers.rend(),
                                       [](const std::string &layer) { return layer == "zip" || layer == "tar"; });
        return static_cast<std::size_t>(last - layers.rbegin());
    }

    Result<void> unpack_member()
    {
        auto const sums = read_sums();
        if (!sums)
            return fail(sums.error());
        bool found = false;
        Descent descent(*m_image.member,
                        [&](const Member &, const std::string &path, ByteStream &data) -> Result<void> {
                            if (path != *m_image.member)
                                return {};
                            found = true;
                            return unpack_checked(data, *sums);
                        });
        m_input.emplace(m_file);
        if (auto done = descent.go(*m_input); !done)
            return done;
        return found ? Result<void>() : fail(changed(fmt::format("holds no '{}'", printable(*m_image.member, 200))));
    }

    Result<void> unpack_checked(ByteStream &data, const std::vector<ManifestSum> &sums)
    {
        std::vector<std::string> algorithms;
        algorithms.reserve(sums.size());
        for (auto const &sum : sums)
            algorithms.push_back(sum.algorithm);
        DigestStream digested(data, algorithms);
        if (auto done = unpack_layers(digested, inner_layers(), 0); !done)
            return done;
        if (auto done = digested.drain(); !done)
            return done;
        for (auto const &sum : sums) {
            std::string const actual = digested.hex(sum.algorithm);
            if (actual != sum.hex)
                return fail(malformed(fmt::format("{} of {} is {}, the manifest says {}", sum.algorithm,
                                                  printable(sum.file, 200), actual, sum.hex),
                                      {}, "OVF manifest"));
        }
        return {};
    }

    // What the manifest of an OVA says about the member; one sum for each algorithm.
    Result<std::vector<ManifestSum>> read_sums()
    {
        std::vector<ManifestSum> wanted;
        if (!m_image.details.ovf)
            return wanted;
        std::string name;
        std::string text;
        Descent descent(*m_image.member,
                        [&](const Member &, const std::string &path, ByteStream &data) -> Result<void> {
                            if (!to_lower(path).ends_with(".mf") || !name.empty())
                                return {};
                            name = path;
                            return read_small(data, text);
                        });
        FileStream stream(m_file);
        if (auto done = descent.go(stream); !done)
            return fail(done.error());
        auto const sums = read_ovf_manifest(text);
        if (!sums)
            return fail(sums.error());
        for (auto const &sum : *sums) {
            bool const repeated = std::any_of(wanted.begin(), wanted.end(), [&](const ManifestSum &other) {
                return other.algorithm == sum.algorithm;
            });
            if (beside(name, sum.file) == normal_name(*m_image.member) && !repeated)
                wanted.push_back(sum);
        }
        return wanted;
    }

    static Result<void> read_small(ByteStream &data, std::string &text)
    {
        constexpr std::size_t longest = std::size_t{1} << 20;
        std::vector<std::byte> buffer(16384);
        for (;;) {
            auto const n = data.read(buffer);
            if (!n)
                return fail(n.error());
            if (*n == 0)
                return {};
            text += text_of(Bytes(buffer).first(*n));
            if (text.size() > longest)
                return fail(malformed(fmt::format("is longer than {}", human_size(longest)), {}, "OVF manifest"));
        }
    }

    // Whole buffers, so that blocks of zeroes are seen as such however the layers below cut their pieces.
    static Result<std::size_t> fill(ByteStream &stream, std::span<std::byte> buffer)
    {
        std::size_t filled = 0;
        while (filled < buffer.size()) {
            auto const n = stream.read(buffer.subspan(filled));
            if (!n)
                return n;
            if (*n == 0)
                break;
            filled += *n;
        }
        return filled;
    }

    Result<void> copy(ByteStream &stream)
    {
        SparseWriter writer(m_fd.get(), m_options.most_bytes, m_options.temp_dir);
        std::vector<std::byte> buffer(std::size_t{1} << 20);
        for (;;) {
            if (interrupted())
                return fail(ErrorCode::interrupted, "interrupted");
            auto const zeroes = stream.skip_hole();
            if (!zeroes)
                return fail(zeroes.error());
            if (*zeroes > 0) {
                if (auto done = writer.skip(*zeroes); !done)
                    return done;
                continue;
            }
            auto const n = fill(stream, buffer);
            if (!n)
                return fail(n.error());
            if (*n == 0)
                break;
            if (auto done = writer.write(Bytes(buffer).first(*n)); !done)
                return done;
            m_progress.update(std::min(m_input->offset(), m_file.size()), m_file.size());
        }
        return writer.finish();
    }

    const InputFile &m_file;
    const ImageFacts &m_image;
    const UnpackOptions &m_options;
    ProgressSink &m_progress;
    std::optional<FileStream> m_input;
    Fd m_fd;
};

}  // namespace

Result<Fd> unpack(const InputFile &file, const ImageFacts &image, const UnpackOptions &options, ProgressSink &progress)
{
    progress.begin("unpack", image.path);
    auto fd = Unpacker(file, image, options, progress).run();
    progress.end();
    return fd;
}

Result<Fd> copy_sparse(const InputFile &file, const std::string &temp_dir)
{
    auto const extents = file.extents(0, file.size());
    if (!extents)
        return fail(extents.error());
    auto fd = temporary_file(temp_dir);
    if (!fd)
        return fail(fd.error());
    SparseWriter writer(fd->get(), file.size(), temp_dir);
    std::vector<std::byte> buffer(std::size_t{1} << 20);
    for (auto const &extent : *extents) {
        if (extent.kind != ExtentKind::data) {
            if (auto done = writer.skip(extent.length); !done)
                return fail(done.error());
            continue;
        }
        for (std::uint64_t done = 0; done < extent.length;) {
            if (interrupted())
                return fail(ErrorCode::interrupted, "interrupted");
            auto const piece = std::span(buffer).first(
                static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), extent.length - done)));
            if (auto read = file.read(extent.offset + done, piece); !read)
                return fail(read.error());
            if (auto written = writer.write(piece); !written)
                return fail(written.error());
            done += piece.size();
        }
    }
    if (auto done = writer.finish(); !done)
        return fail(done.error());
    return fd;
}

}  // namespace imgport
