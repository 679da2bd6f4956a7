#include "format/archive.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "format/container.hpp"
#include "format/libarchive_io.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// What libarchive may read at once for headers, a directory or a sparse map: it keeps all of them in memory, ten times
// their size and more. A hundred thousand entries fit.
constexpr std::uint64_t most_at_once = std::uint64_t{4} << 20;

// libarchive's callbacks over a ByteStream.
struct Input {
    ByteStream &base;
    std::uint64_t position = 0;
    std::optional<std::uint64_t> left = {};  // of most_at_once
    std::optional<Error> error = {};         // of the base: says more than libarchive's own
    std::array<std::byte, 65536> buffer{};
};

la_ssize_t read_input(archive *handle, void *data, const void **block)
{
    auto &input = *static_cast<Input *>(data);
    auto n = input.left == 0U
                 ? fail(malformed(fmt::format("headers of more than {}", human_size(most_at_once)), {}, ""))
                 : input.base.read(input.buffer);
    if (!n) {
        input.error = n.error();
        archive_set_error(handle, EIO, "%s", n.error().message.c_str());
        return ARCHIVE_FATAL;
    }
    if (input.left)
        *input.left -= std::min<std::uint64_t>(*input.left, *n);
    input.position += *n;
    *block = input.buffer.data();
    return static_cast<la_ssize_t>(*n);
}

la_int64_t skip_input(archive *, void *data, la_int64_t request)
{
    auto &input = *static_cast<Input *>(data);
    auto const size = input.base.size();
    if (!size || request <= 0 || input.position >= *size)
        return 0;
    std::uint64_t const step = std::min(static_cast<std::uint64_t>(request), *size - input.position);
    input.position += step;
    input.base.seek(input.position);
    return static_cast<la_int64_t>(step);
}

la_int64_t seek_input(archive *, void *data, la_int64_t offset, int whence)
{
    auto &input = *static_cast<Input *>(data);
    auto const target = seek_target(input.position, input.base.size().value_or(0), offset, whence);
    if (!target)
        return ARCHIVE_FATAL;
    input.position = *target;
    input.base.seek(input.position);
    return static_cast<la_int64_t>(*target);
}

struct FreeArchive {
    void operator()(archive *handle) const { archive_read_free(handle); }
};
using Handle = std::unique_ptr<archive, FreeArchive>;

Error error_of(archive *handle, const Input &input, Wrapper kind)
{
    if (input.error)
        return *input.error;
    const char *const given = archive_error_string(handle);
    std::string_view const text = given != nullptr ? given : "broken data";
    Error error{archive_errno(handle) == ENOMEM ? ErrorCode::environment : ErrorCode::malformed,
                fmt::format("{}: {}", to_string(kind), printable(text, 200))};
    // A method that libarchive lacks: the archive is well, it is we who cannot read it.
    if (text.starts_with("Unsupported")) {
        error.code = ErrorCode::refused;
        error.hint = "unpack it first";
    }
    return error;
}

Result<void> open_handle(archive *handle, Input &input, Wrapper kind)
{
    archive_read_set_callback_data(handle, &input);
    archive_read_set_read_callback(handle, read_input);
    archive_read_set_skip_callback(handle, skip_input);
    if (input.base.size())
        archive_read_set_seek_callback(handle, seek_input);
    if (archive_read_open1(handle) != ARCHIVE_OK)
        return fail(error_of(handle, input, kind));
    return {};
}

// The data of the member that a handle stands at.
class MemberStream final : public ByteStream {
public:
    MemberStream(archive *handle, Input &input, Wrapper kind) : m_handle(handle), m_input(input), m_kind(kind) {}

    void restart(std::optional<std::uint64_t> size)
    {
        m_block = {};
        m_block_offset = m_position = 0;
        m_end = std::nullopt;
        m_size = size;
    }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        auto const zeroes = hole();
        if (!zeroes)
            return fail(zeroes.error());
        std::size_t length = 0;
        if (*zeroes > 0) {
            length = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), *zeroes));
            std::fill_n(out.begin(), length, std::byte{0});
        } else {
            length = std::min(out.size(), m_block.size());
            std::copy_n(m_block.begin(), length, out.begin());
            m_block = m_block.subspan(length);
            m_block_offset += length;
        }
        m_position += length;
        return length;
    }

    Result<std::uint64_t> skip_hole() override
    {
        auto zeroes = hole();
        if (zeroes)
            m_position += *zeroes;
        return zeroes;
    }

private:
    // Makes sure that there is a block, or the end; the zeroes between the position and that.
    Result<std::uint64_t> hole()
    {
        while (m_block.empty() && !m_end) {
            const void *data = nullptr;
            std::size_t size = 0;
            la_int64_t offset = 0;
            if (m_kind == Wrapper::tar || m_kind == Wrapper::zip)
                m_input.left = most_at_once;
            int const status = archive_read_data_block(m_handle, &data, &size, &offset);
            m_input.left.reset();
            if (status == ARCHIVE_EOF) {
                // The size in the header covers a hole at the end of a sparse member.
                m_end = std::max(m_position, m_size.value_or(0));
                break;
            }
            if (status != ARCHIVE_OK)
                return fail(error_of(m_handle, m_input, m_kind));
            if (offset < 0 || static_cast<std::uint64_t>(offset) < m_position)
                return fail(malformed(fmt::format("{}: the pieces of a sparse member overlap", to_string(m_kind)), {},
                                      "sparse map"));
            m_block = Bytes(static_cast<const std::byte *>(data), size);
            m_block_offset = static_cast<std::uint64_t>(offset);
        }
        return (m_block.empty() ? *m_end : m_block_offset) - m_position;
    }

    archive *m_handle;
    Input &m_input;
    Wrapper m_kind;
    Bytes m_block = {};                // what is left of the last block
    std::uint64_t m_block_offset = 0;  // where that belongs
    std::uint64_t m_position = 0;
    std::optional<std::uint64_t> m_end = {};
    std::optional<std::uint64_t> m_size = {};
};

MemberKind kind_of(archive_entry *entry)
{
    if (archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr ||
        archive_entry_filetype(entry) == AE_IFLNK)
        return MemberKind::link;
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG: return MemberKind::file;
    case AE_IFDIR: return MemberKind::directory;
    default: return MemberKind::special;
    }
}

std::string name_of(archive_entry *entry)
{
    if (const char *name = archive_entry_pathname_utf8(entry))
        return name;
    const char *const name = archive_entry_pathname(entry);
    return name != nullptr ? name : "";
}

}  // namespace

struct ArchiveReader::State {
    State(ByteStream &base, Wrapper wrapper)
        : input{base}, kind(wrapper), handle(archive_read_new()), data(handle.get(), input, wrapper)
    {}
    Input input;
    Wrapper kind;
    Handle handle;
    MemberStream data;
    bool started = false;  // there is a member
};

ArchiveReader::ArchiveReader(std::unique_ptr<State> state) : m_state(std::move(state)) {}
ArchiveReader::~ArchiveReader() = default;

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::open(Wrapper kind, ByteStream &base)
{
    Utf8Names const names;
    auto state = std::make_unique<State>(base, kind);
    if (!state->handle)
        return fail(ErrorCode::environment, "out of memory");
    if (kind == Wrapper::tar)
        archive_read_support_format_tar(state->handle.get());
    else if (base.size())
        archive_read_support_format_zip_seekable(state->handle.get());
    else
        archive_read_support_format_zip_streamable(state->handle.get());
    if (auto done = open_handle(state->handle.get(), state->input, kind); !done)
        return fail(done.error());
    return std::unique_ptr<ArchiveReader>(new ArchiveReader(std::move(state)));
}

Result<std::optional<Member>> ArchiveReader::next()
{
    Utf8Names const names;
    // First past the last member's data, which may be long, so that what is read then is only headers.
    if (m_state->started && archive_read_data_skip(m_state->handle.get()) < ARCHIVE_WARN)
        return fail(error_of(m_state->handle.get(), m_state->input, m_state->kind));
    m_state->started = true;
    m_state->input.left = most_at_once;
    archive_entry *entry = nullptr;
    int const status = archive_read_next_header(m_state->handle.get(), &entry);
    m_state->input.left.reset();
    if (status == ARCHIVE_EOF)
        return std::nullopt;
    // A warning is about a name's character set or an extension that is unknown: the member is there.
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
        return fail(error_of(m_state->handle.get(), m_state->input, m_state->kind));
    Member member;
    member.name = name_of(entry);
    if (archive_entry_size_is_set(entry) != 0 && archive_entry_size(entry) >= 0)
        member.size = static_cast<std::uint64_t>(archive_entry_size(entry));
    member.kind = kind_of(entry);
    member.encrypted = archive_entry_is_encrypted(entry) != 0;
    // libarchive appends the method: "ZIP 2.0 (lzma)".
    const char *const method = archive_format_name(m_state->handle.get());
    for (const char *word : {"(lzma)", "(xz)", "(ppmd-1)"})
        member.hungry =
            member.hungry || (method != nullptr && std::string_view(method).find(word) != std::string_view::npos);
    m_state->data.restart(member.size);
    return member;
}

ByteStream &ArchiveReader::data()
{
    return m_state->data;
}

// ---------------------------------------------------------------------------------------------------- filters

namespace {

class FilteredStream final : public ByteStream {
public:
    FilteredStream(ByteStream &base, Wrapper kind)
        : m_input{base}, m_kind(kind), m_handle(archive_read_new()), m_data(m_handle.get(), m_input, kind)
    {}

    Result<void> start()
    {
        if (!m_handle)
            return fail(ErrorCode::environment, "out of memory");
        // With only this filter and the format "raw", nothing inside is looked at.
        if (m_kind == Wrapper::bzip2)
            archive_read_support_filter_bzip2(m_handle.get());
        else
            archive_read_support_filter_zstd(m_handle.get());
        archive_read_support_format_raw(m_handle.get());
        archive_read_support_format_empty(m_handle.get());
        if (auto done = open_handle(m_handle.get(), m_input, m_kind); !done)
            return done;
        archive_entry *entry = nullptr;
        int const status = archive_read_next_header(m_handle.get(), &entry);
        m_empty = status == ARCHIVE_EOF;
        if (!m_empty && status != ARCHIVE_OK)
            return fail(error_of(m_handle.get(), m_input, m_kind));
        // Had the filter not been taken, the packed bytes would come out as they are.
        int const expected = m_kind == Wrapper::bzip2 ? ARCHIVE_FILTER_BZIP2 : ARCHIVE_FILTER_ZSTD;
        if (archive_filter_code(m_handle.get(), 0) != expected)
            return fail(malformed(fmt::format("{}: broken data", to_string(m_kind)), 0, "header"));
        return {};
    }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        return m_empty ? Result<std::size_t>(0) : m_data.read(out);
    }

private:
    Input m_input;
    Wrapper m_kind;
    Handle m_handle;
    MemberStream m_data;
    bool m_empty = false;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> open_filtered(Wrapper filter, ByteStream &base)
{
    auto stream = std::make_unique<FilteredStream>(base, filter);
    if (auto done = stream->start(); !done)
        return fail(done.error());
    return stream;
}

// ------------------------------------------------------------------------------------------------------ names

bool is_safe_name(std::string_view name)
{
    constexpr std::size_t longest = 4096;
    if (name.empty() || name.size() > longest || name.find('\0') != std::string_view::npos)
        return false;
    // Some archivers of Windows separate folders with backslashes, and some programs read them so.
    std::string path(name);
    std::replace(path.begin(), path.end(), '\\', '/');
    bool const drive = path.size() >= 2 && path[1] == ':';
    if (path.front() == '/' || drive)
        return false;
    auto const parts = split(path, '/');
    return std::none_of(parts.begin(), parts.end(), [](const std::string &part) { return part == ".."; });
}

std::string normal_name(std::string_view name)
{
    std::vector<std::string> kept;
    for (auto &part : split(name, '/')) {
        if (!part.empty() && part != ".")
            kept.push_back(std::move(part));
    }
    return join(kept, "/");
}

}  // namespace imgport
