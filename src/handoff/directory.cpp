#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <imgport/manifest.hpp>

#include "convert/verify.hpp"
#include "handoff/uploaders.hpp"
#include "support/bytes.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Holes stay holes; a filesystem that can share the blocks does so.
Result<void> copy_data(const InputFile &from, OutputFile &to, ProgressSink &progress)
{
    if (::ioctl(to.fd(), FICLONE, from.fd()) == 0)
        return {};
    if (::ftruncate(to.fd(), static_cast<off_t>(from.size())) != 0)
        return fail(system_error(ErrorCode::environment, "cannot be written", to.path(), errno));
    auto const extents = from.extents(0, from.size());
    if (!extents)
        return fail(extents.error());
    std::vector<std::byte> buffer(std::size_t{1} << 20);
    for (auto const &extent : *extents) {
        if (extent.kind == ExtentKind::hole)
            continue;
        for (std::uint64_t at = extent.offset; at < extent.offset + extent.length;) {
            if (interrupted())
                return fail(ErrorCode::interrupted, "interrupted");
            std::span const piece =
                std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), extent.offset + extent.length - at));
            if (auto done = from.read(at, piece); !done)
                return done;
            if (auto done = to.write(at, piece); !done)
                return done;
            at += piece.size();
            progress.update(at, from.size());
        }
    }
    return {};
}

class DirectoryUploader final : public Uploader {
public:
    explicit DirectoryUploader(std::string directory) : m_directory(std::move(directory)) {}

    Result<Receipt> upload(const std::string &manifest_path, ProgressSink &progress) override
    {
        auto const manifest = read_manifest(manifest_path);
        if (!manifest)
            return fail(manifest.error());
        struct stat st {};
        if (::stat(m_directory.c_str(), &st) != 0 || !S_ISDIR(st.st_mode))
            return fail({ErrorCode::remote,
                         "is no folder that artifacts can be put into",
                         m_directory,
                         {},
                         {},
                         "make it first"});
        auto const &artifact = manifest->artifact;
        if (!artifact.sha256)
            return fail({ErrorCode::usage, "tells no SHA-256 of its artifact, which was never here", manifest_path});
        if (auto done = put(dir_name(manifest_path) + "/" + artifact.file, artifact.file, *artifact.sha256, progress);
            !done)
            return fail(done.error());
        if (auto done = put(manifest_path, base_name(manifest_path), {}, progress); !done)
            return fail(done.error());
        return Receipt{m_directory + "/" + artifact.file, "read back, sha256 " + *artifact.sha256};
    }

private:
    // `sha256`: what the file must be; empty: whatever it is now.
    Result<void> put(const std::string &from, const std::string &name, std::string sha256, ProgressSink &progress)
    {
        std::string const to = m_directory + "/" + name;
        auto const source = InputFile::open(from);
        if (!source)
            return fail(source.error());
        if (sha256.empty()) {
            auto const digests = digest_file(source->fd(), from, source->size(), progress);
            if (!digests)
                return fail(digests.error());
            sha256 = digests->sha256;
        }
        if (auto const there = InputFile::open(to); there) {
            auto const digests = digest_file(there->fd(), to, there->size(), progress);
            if (digests && digests->sha256 == sha256)
                return {};  // an earlier try brought it here
            return fail({ErrorCode::remote, "is there already and is another file", to, {}, {}, "move it away first"});
        }
        auto output = OutputFile::create(to, Overwrite::no);
        if (!output)
            return fail(output.error());
        progress.begin("copy", from);
        auto copied = copy_data(*source, *output, progress);
        progress.end();
        if (!copied)
            return copied;
        if (auto done = output->sync(); !done)
            return done;
        // Out of the page cache, so that what is compared was read from the disk.
        ::posix_fadvise(output->fd(), 0, 0, POSIX_FADV_DONTNEED);
        auto const back = digest_file(output->fd(), to, source->size(), progress);
        if (!back)
            return fail(back.error());
        if (back->sha256 != sha256)
            return fail({ErrorCode::unverified, "what was copied reads back differently", to});
        return output->commit();
    }

    std::string m_directory;
};

}  // namespace

Result<std::unique_ptr<Uploader>> make_directory_uploader(std::string_view path)
{
    if (path.empty())
        return fail({ErrorCode::usage, "dir: needs the path of a folder"});
    return std::make_unique<DirectoryUploader>(std::string(path));
}

}  // namespace imgport
