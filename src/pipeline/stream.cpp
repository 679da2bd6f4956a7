#include "pipeline/stream.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/stat.h>

#include <imgport/version.hpp>

#include "convert/conversion_source.hpp"
#include "convert/disk_pieces.hpp"
#include "convert/image_stream.hpp"
#include "convert/verify.hpp"
#include "format/compress.hpp"
#include "handoff/object_connection.hpp"
#include "handoff/part_plan.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t usual_part = 16 * mebibyte;
// The head is one of the 10,000; some are left for what the estimate does not know.
constexpr std::uint64_t most_parts = 9990;

bool is_laid_out_beforehand(const ConvertOptions &options)
{
    return options.target == Format::raw || (options.target == Format::vhd && options.vhd_type == VhdType::fixed);
}

// At most so many bytes will the file have: every piece with data at its full length, and tables for all of the disk.
Result<std::uint64_t> most_bytes(const DiskMaker &make_disk, const ConvertOptions &options)
{
    auto const disk = make_disk();
    if (!disk)
        return fail(disk.error());
    std::uint64_t const size = (*disk)->size();
    if (is_laid_out_beforehand(options))
        return size + mebibyte;
    DiskPieces pieces(**disk);
    std::uint64_t stored = 0;
    for (;;) {
        auto const piece = pieces.next();
        if (!piece)
            return fail(piece.error());
        if (!*piece)
            break;
        // A VHD has blocks of two pieces.
        stored += options.target == Format::vhd ? 2 * mebibyte : mebibyte;
    }
    if (options.preallocation == Preallocation::metadata)
        stored = size;
    return stored + stored / 64 + size / 4096 + 32 * mebibyte;
}

std::uint64_t part_size_for(std::uint64_t bytes, std::uint64_t wanted)
{
    std::uint64_t const needed = (bytes / most_parts / mebibyte + 1) * mebibyte;
    return std::max(needed, wanted != 0 ? wanted : usual_part);
}

// Everything that the stream's bytes depend on.
JournalArtifact identity_of(const std::string &path, const Manifest &manifest, const ConvertOptions &options,
                            std::uint64_t part_size)
{
    struct stat st {};
    bool const is_file = ::stat(path.c_str(), &st) == 0;
    const char *const epoch = std::getenv("SOURCE_DATE_EPOCH");
    std::string const made = fmt::format("{} {} {} {} {} {} {} {} {} {} {}", version(), to_string(options.target),
                                         static_cast<int>(options.compression), compressor_name(options.compression),
                                         static_cast<int>(options.vhd_type), static_cast<int>(options.preallocation),
                                         options.grow ? options.grow->bytes : 0, options.grow && options.grow->more,
                                         options.drop.free_space, options.drop.swap, epoch != nullptr ? epoch : "");
    return {manifest.artifact.file,
            manifest.source.file_size,
            is_file ? st.st_mtim.tv_sec * std::int64_t{1'000'000'000} + st.st_mtim.tv_nsec : 0,
            hex_digest("SHA256", bytes_of(fmt::format("{}\n{}\n{}\n", path, made, part_size))),
            {}};
}

// The address, and the line to it.
struct Line {
    ObjectDestination destination;
    ObjectConnection connection;
};

Result<Line> open_line(const std::string &text, const UploadOptions &options, const Manifest &manifest,
                       const std::string &manifest_path)
{
    auto const parsed = parse_object_destination(text, options);
    if (!parsed)
        return fail(parsed.error());
    auto destination = destination_for(*parsed, manifest, manifest_path);
    if (!destination)
        return fail(destination.error());
    auto connection = connect(*destination);
    if (!connection)
        return fail(connection.error());
    return Line{std::move(*destination), std::move(*connection)};
}

}  // namespace

Result<void> check_streamable(const ConvertOptions &options, const std::string &destination)
{
    if (destination.empty() || !is_object_destination(destination))
        return fail({ErrorCode::usage,
                     "what is not kept here must go to an object store",
                     {},
                     {},
                     "--stream",
                     "add --upload oss://BUCKET/KEY or s3://BUCKET/KEY"});
    if (options.engine == Engine::qemu)
        return fail({ErrorCode::usage, "qemu-img needs a file to write to", {}, {}, "--stream", "leave --engine out"});
    return {};
}

Result<Streamed> stream_image(const std::string &path, const ImageFacts &image, const Manifest &manifest,
                              const std::string &manifest_path, const std::string &destination,
                              const ConvertOptions &options, const UploadOptions &upload_with, ProgressSink &progress)
{
    auto line = open_line(destination, upload_with, manifest, manifest_path);
    if (!line)
        return fail(line.error());
    if (upload_with.part_size != 0) {
        if (auto good = check_part_size(upload_with.part_size, line->destination.store.dialect); !good)
            return fail(good.error());
    }
    if (auto good = check_convertible(path, image, options, progress); !good)
        return fail(good.error());
    auto const opened = open_conversion(path, image, options, progress);
    if (!opened)
        return fail(opened.error());
    auto const disks = changed_disks_of(opened->source, opened->plan, options);
    if (!disks)
        return fail(with_file(disks.error(), path));

    auto const most = most_bytes(disks->make, options);
    if (!most)
        return fail(with_file(most.error(), path));
    std::uint64_t const part_size = part_size_for(*most, upload_with.part_size);
    ImageMaking const making(opened->plan, options, true);
    StreamUploadSettings settings{.part_size = part_size,
                                  .disk_size = opened->plan.virtual_size,
                                  .overwrite = upload_with.overwrite == Overwrite::yes,
                                  .retry = retry_policy(upload_with),
                                  .first_contact = first_contact_policy(upload_with),
                                  .identity = identity_of(path, manifest, options, part_size),
                                  .head_is_final = is_laid_out_beforehand(options),
                                  .check_source = [&] { return opened->source.check_unchanged(); }};
    Streamed result;
    // What is not compressed can be laid out by reading the source once more, and then its SHA-256 is known as well.
    if (options.compression == Compression::none && !settings.head_is_final) {
        progress.begin("measure", path);
        auto measured = measure_image(making, disks->make, options, disks->threads, progress);
        progress.end();
        if (!measured)
            return fail(with_file(measured.error(), path));
        settings.measured = std::move(*measured);
    }
    ImageStream stream(making, disks->make, options, disks->threads, part_size);
    auto object = upload_stream(manifest_path, stream, line->destination, *line->connection.store, settings, progress);
    if (!object)
        return fail(with_file(object.error(), path));
    auto &converted = result.converted;
    converted.artifact = opened->plan.artifact;
    converted.artifact.file_size = object->receipt.size;
    converted.engine = "native";
    converted.engine_version = version();
    converted.compressor = compressor_name(options.compression);
    converted.dropped = disks->dropped;
    converted.content_digest = stream.image().content_digest;
    converted.sha256 = object->sha256;
    converted.crc64ecma = std::to_string(object->crc64);
    if (converted.sha256.empty())
        result.sha256_unknown = "the first bytes of a compressed image are known last, and it was never a file here";
    result.object = std::move(*object);
    return result;
}

}  // namespace imgport
