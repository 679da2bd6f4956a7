#include "handoff/import_objects.hpp"

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

std::string address_of(const DiskMapping &mapping)
{
    return fmt::format("oss://{}/{}", mapping.bucket, printable(mapping.object, 300));
}

Error not_the_artifact(const DiskToImport &disk, std::string what)
{
    return {.code = ErrorCode::unverified,
            .message = fmt::format("{} is not what the manifest vouches for: {}", address_of(disk.mapping), what),
            .file = disk.manifest,
            .hint = fmt::format("upload it again: imgport upload {} {}", printable(disk.manifest),
                                address_of(disk.mapping))};
}

// The same artifact, as far as both know it.
Result<void> believe(const UploadReceipt &upload, const DiskToImport &disk)
{
    auto const &mapping = disk.mapping;
    if (upload.bucket != mapping.bucket || upload.key != mapping.object)
        return fail(
            {.code = ErrorCode::usage,
             .message = fmt::format("{} is to be imported, but the artifact was uploaded to oss://{}/{}",
                                    address_of(mapping), printable(upload.bucket, 100), printable(upload.key, 300)),
             .file = disk.manifest,
             .field = "OSSObject",
             .hint = "upload it there, or prepare the image again with this destination"});
    auto const &artifact = disk.told->artifact;
    if (upload.size != artifact.file_size)
        return fail(not_the_artifact(
            disk, fmt::format("{} bytes were uploaded, the artifact has {}", upload.size, artifact.file_size)));
    auto const differs = [](const std::string &a, const std::string &b) { return !a.empty() && !b.empty() && a != b; };
    if (differs(upload.sha256, artifact.sha256.value_or("")) || differs(upload.crc64ecma, artifact.crc64ecma) ||
        differs(upload.server_crc64ecma.value_or(""), artifact.crc64ecma))
        return fail(not_the_artifact(disk, "the checksum of what was uploaded is another"));
    return {};
}

Result<void> compare(const ObjectInfo &object, const DiskToImport &disk)
{
    if (!disk.told)
        return {};
    auto const &artifact = disk.told->artifact;
    if (object.size != artifact.file_size)
        return fail(not_the_artifact(
            disk, fmt::format("the object has {} bytes, the artifact {}", object.size, artifact.file_size)));
    if (object.crc64 && !artifact.crc64ecma.empty() && fmt::format("{}", *object.crc64) != artifact.crc64ecma)
        return fail(not_the_artifact(
            disk, fmt::format("the object's CRC-64 is {}, the artifact's {}", *object.crc64, artifact.crc64ecma)));
    return {};
}

}  // namespace

Result<void> confirm_objects(const ImportToCall &call, const LookAtObject &look, ProgressSink &progress)
{
    for (auto const &disk : call.disks) {
        if (disk.told && disk.receipt.upload && lies_in_oss(*disk.receipt.upload)) {
            if (auto good = believe(*disk.receipt.upload, disk); !good)
                return good;
            continue;
        }
        auto const found = look(disk.mapping.bucket, disk.mapping.object);
        if (!found) {
            if (found.error().error.code == ErrorCode::interrupted)
                return fail(found.error().error);
            progress.note(fmt::format("no receipt tells of {}, and it could not be looked at: {}",
                                      address_of(disk.mapping), describe(found.error().error)));
            continue;
        }
        if (!*found)
            return fail({.code = ErrorCode::remote,
                         .message = fmt::format("{} is not there", address_of(disk.mapping)),
                         .file = disk.manifest,
                         .hint = fmt::format("upload it: imgport upload {} {}", printable(disk.manifest),
                                             address_of(disk.mapping))});
        if (auto good = compare(**found, disk); !good)
            return good;
    }
    return {};
}

}  // namespace imgport
