#include "pipeline/import_place.hpp"

#include <fmt/format.h>

#include "handoff/object_connection.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

tl::unexpected<Error> contradiction(std::string_view what, const std::string &asked, const std::string &is)
{
    return fail({.code = ErrorCode::usage,
                 .message = fmt::format("'{}' is asked for, but the upload goes to '{}'", printable(asked, 300),
                                        printable(is, 300)),
                 .field = std::string(what)});
}

}  // namespace

Result<ImportRequest> with_destination(ImportRequest request, const std::string &destination,
                                       const UploadOptions &options, const std::string &file_name)
{
    auto const told = import_address(destination, options, file_name);
    if (!told)
        return fail(told.error());
    if (!*told)
        return request;
    auto const &there = **told;
    if (!there.region.empty() && request.region.value_or(there.region) != there.region)
        return contradiction("RegionId", *request.region, there.region);
    if (request.bucket.value_or(there.bucket) != there.bucket)
        return contradiction("OSSBucket", *request.bucket, there.bucket);
    auto const asked = request.object ? parse_object_address(*request.object) : Result<ObjectAddress>(there);
    if (!asked)
        return request;  // said where the parameters are made
    if (!asked->bucket.empty() && asked->bucket != there.bucket)
        return contradiction("OSSBucket", asked->bucket, there.bucket);
    if (asked->key != there.key)
        return contradiction("OSSObject", asked->key, there.key);
    request.bucket = there.bucket;
    request.object = request.object.value_or(there.key);
    if (!there.region.empty())
        request.region = there.region;
    return request;
}

Result<void> check_way(const std::string &destination, UploadOptions options, const ImportRequest &request)
{
    auto const object = request.object ? parse_object_address(*request.object) : Result<ObjectAddress>();
    if (options.region.empty())
        options.region = request.region.value_or(object ? object->region : "");
    return check_destination(destination, options);
}

Result<void> check_importable(const ImportParameters &parameters, Role role)
{
    if (role == Role::data)
        return fail({.code = ErrorCode::usage,
                     .message = "a data disk is not imported alone",
                     .field = "DiskDeviceMapping.1",
                     .hint = "it goes along with its system disk, as --data-disk"});
    if (parameters.disks.front().bucket.empty())
        return fail({.code = ErrorCode::usage,
                     .message = "the import needs the artifact in the cloud's object store",
                     .field = "DiskDeviceMapping.1.OSSBucket",
                     .hint = "--upload oss://BUCKET/KEY"});
    if (!parameters.region)
        return fail({.code = ErrorCode::usage,
                     .message = "it is not known in which region the image is to be imported",
                     .field = "RegionId",
                     .hint = "give the bucket's own, such as --region cn-hangzhou"});
    return {};
}

}  // namespace imgport
