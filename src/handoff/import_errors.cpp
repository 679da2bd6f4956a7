#include "handoff/import_errors.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cloud/api_errors.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// One entry per code. In the texts stand {region}, {bucket}, {object}, {name}, {format}, {platform}, {architecture},
// {role}; an empty parameter is the one that the cloud's own words name.
struct Entry {
    std::string_view code;
    std::string_view parameter;
    std::string_view what;
    std::string_view remedy;
};

constexpr std::string_view give_object = "give it with --object oss://BUCKET/KEY";
constexpr std::string_view role_remedy =
    "authorise ECS once, as the account's owner or administrator: in the RAM console make the role "
    "AliyunECSImageImportDefaultRole (this very name; trusted service: ecs.aliyuncs.com) and give it the policy "
    "AliyunECSImageImportRolePolicy, or one that allows oss:GetObject, oss:GetBucketLocation and oss:GetBucketInfo; "
    "the RAM user who imports needs ecs:ImportImage, ecs:DescribeTaskAttribute, ecs:DescribeImages and ram:PassRole of "
    "that role besides; a role that was just made takes a minute";

constexpr std::array entries{
    Entry{"MissingParameter", "", "the call lacks a parameter", ""},
    Entry{"MissingParameter.DiskDeviceMapping", "DiskDeviceMapping", "the call names no disk",
          "the manifest's import.DiskDeviceMapping is empty: prepare the image again"},
    Entry{"InvalidImageName.Malformed", "ImageName", "the cloud does not take the name '{name}'",
          "2 to 128 letters, digits and . : _ -, a letter first, not beginning with aliyun or acs:; give another with "
          "--image-name"},
    Entry{"InvalidImageName.Duplicated", "ImageName", "{region} has an image named '{name}' already",
          "give another name with --image-name, or delete or rename that image"},
    Entry{"InvalidDescription.Malformed", "Description", "the cloud does not take the description",
          "2 to 256 characters, not beginning with http:// or https://; give another with --description"},
    Entry{"InvalidOSSObject.Malformed", "DiskDeviceMapping.N.OSSObject", "the cloud does not take the key '{object}'",
          "the key as it is in the bucket, without the bucket's name and without a slash in front: --object "
          "oss://BUCKET/KEY"},
    Entry{"InvalidOSSObject.NotFound", "DiskDeviceMapping.N.OSSObject",
          "oss://{bucket}/{object} is not there in {region}, or cannot be read",
          "look whether the upload is complete (imgport uploads), whether the bucket is in {region}, whether the role "
          "{role} may read it, and that the object is not archived"},
    Entry{
        "InvalidOSSBucket.NotFound", "DiskDeviceMapping.N.OSSBucket", "there is no bucket '{bucket}' in {region}",
        "an image is imported in its bucket's own region: upload it to a bucket there, or prepare it for that region"},
    Entry{"InvalidOSSBucket.NotMatched", "DiskDeviceMapping.N.OSSBucket",
          "the bucket '{bucket}' cannot be imported from here",
          "the bucket must be in {region} and belong to the account that imports"},
    Entry{"InvalidArchitecture.Malformed", "Architecture", "the cloud does not take the architecture '{architecture}'",
          "i386, x86_64, and arm64 in regions that have it; prepare the image again with --architecture"},
    Entry{"InvalidPlatform.Malformed", "Platform", "the cloud does not know the platform '{platform}'",
          "prepare the image again with --platform \"Others Linux\", or with the --profile of the current documents"},
    Entry{"InvalidOSType.Malformed", "OSType", "the cloud does not take the kind of system",
          "linux or windows; prepare the image again with --os-type"},
    Entry{"InvalidImageSize", "DiskDeviceMapping.1.DiskImageSize", "the size of the system disk is not allowed",
          "it must be at least the disk's own size and within what the region allows; prepare the image again with "
          "--system-disk-size"},
    Entry{"InvalidDataDiskSize", "DiskDeviceMapping.N.DiskImageSize", "the size of a data disk is not allowed",
          "5 GiB to what the region allows (1000 GiB in the older documents, 2048 now)"},
    Entry{"InvalidImageFormat.Malformed", "DiskDeviceMapping.N.Format",
          "the cloud does not take {format}, or the "
          "object is something else",
          "QCOW2, VHD and RAW are taken: prepare the image again with --to"},
    Entry{"InvalidRegionId.NotFound", "RegionId", "there is no region '{region}'",
          "give the one that the bucket is in, such as cn-hangzhou"},
    Entry{"InvalidRegion.NotSupport", "RegionId", "{region} does not import images",
          "import in another region, from a bucket there, and copy the image"},
    Entry{"InvalidLicenseType.NotSupported", "LicenseType", "this licence is not offered for the platform '{platform}'",
          "--license-type Auto lets the cloud choose"},
    Entry{"InvalidLicenseType.BYOLOnly", "LicenseType",
          "the platform '{platform}' can only be imported with a licence of your own", "--license-type BYOL"},
    Entry{"InvalidParameter.Malformed", "", "the cloud does not take a parameter of the call",
          "prepare the image again, and see the limits of the parameter in the documents of ImportImage"},
    Entry{"ImageIsImporting", "ImageId", "this image is being imported already",
          "wait until that import has ended; imgport import with the manifest that began it follows it"},
    Entry{"QuotaExceed.Image", "", "the account has no room for another custom image in {region}",
          "delete images that are not used, or ask for a larger quota"},
    Entry{"ImportImageFailed", "", "the cloud could not import the image and does not say why",
          "try again; if it stays, open a ticket and name the request"},
    Entry{"UserNotInTheWhiteList", "", "this account may not import images", "open a ticket to have it allowed"},
    Entry{"NoSetRoletoECSServiceAcount", "RoleName",
          "ECS may not read the bucket: the role {role} is not there, or "
          "lacks the right",
          role_remedy},
    Entry{"NoSetRoletoECSServiceAccount", "RoleName",
          "ECS may not read the bucket: the role {role} is not there, or "
          "lacks the right",
          role_remedy},
    Entry{"InvalidOperation.CloudBoxImageImportRoleRequired", "RoleName",
          "ECS may not read the bucket: a CloudBox needs a role of its own",
          "authorise the import into a CloudBox once, on the page Cloud Resource Access Authorization of the RAM "
          "console"},
    Entry{"OperationDenied.ImageCopying", "ImageId", "the image is being copied at this moment",
          "wait until the copy has ended, or cancel it"},
    Entry{"IdempotentParameterMismatch", "ClientToken",
          "an earlier run made this call with other parameters, and its answer was never seen",
          "give the parameters of that run once more, so that its import is gone on with; --again begins another one "
          "beside it"},
    Entry{"InvalidTaskId.NotFound", "TaskId", "the cloud does not know the task",
          "do the access key and --region belong to the account and region of the import?"},
    Entry{"InvalidTaskId.IncorrectTaskStatus", "TaskId", "the task has ended or cannot be cancelled any more", ""},
    Entry{"InvalidTaskId.TaskActionNotSupport", "TaskId", "a task of this kind cannot be cancelled", ""},
    Entry{"CancelTaskFailed", "TaskId", "the cloud could not cancel the task",
          "try again; if it stays, open a ticket and name the request"},
};

const Entry *find_entry(std::string_view code)
{
    auto const found = std::ranges::find_if(entries, [&](const Entry &entry) { return entry.code == code; });
    return found != entries.end() ? &*found : nullptr;
}

// The parameter that the cloud's words name: 'An input parameter "RegionId" that is mandatory ...'.
std::string quoted_parameter(const std::string &message)
{
    auto const open = message.find('"');
    auto const close = open == std::string::npos ? open : message.find('"', open + 1);
    if (close == std::string::npos)
        return {};
    std::string const name(trim(std::string_view(message).substr(open + 1, close - open - 1)));
    return is_api_id(name) ? name : "";
}

std::string remedy_for_missing(const std::string &parameter)
{
    if (parameter == "RegionId")
        return "give it with --region, such as --region cn-hangzhou";
    if (parameter.ends_with("OSSBucket") || parameter.ends_with("OSSObject"))
        return std::string(give_object);
    return "prepare the image again";
}

std::string filled_in(std::string_view text, const ImportCallContext &context)
{
    auto const shown = [](const std::string &value) { return printable(value, 200); };
    return fmt::format(fmt::runtime(text), fmt::arg("region", shown(context.region)),
                       fmt::arg("bucket", shown(context.bucket)), fmt::arg("object", shown(context.object)),
                       fmt::arg("name", shown(context.image_name)), fmt::arg("format", shown(context.format)),
                       fmt::arg("platform", shown(context.platform)),
                       fmt::arg("architecture", shown(context.architecture)),
                       fmt::arg("role", context.role.empty() ? std::string(import_role) : shown(context.role)));
}

}  // namespace

Error describe_import_failure(const ApiFailure &failure, const ImportCallContext &context)
{
    const Entry *entry = find_entry(failure.code);
    if (entry == nullptr)
        return failure.error;
    std::string const parameter =
        entry->parameter.empty() ? quoted_parameter(failure.message) : std::string(entry->parameter);
    std::string const remedy =
        entry->code == "MissingParameter" ? remedy_for_missing(parameter) : filled_in(entry->remedy, context);
    return {.code = ErrorCode::remote,
            .message = filled_in(entry->what, context) + quote(failure),
            .field = parameter,
            .hint = remedy};
}

Error describe_failed_task(const std::string &code, const std::string &message, const ImportCallContext &context)
{
    std::string const words = quote({.error = {}, .code = code, .message = message});
    const Entry *entry = find_entry(code);
    if (entry == nullptr || entry->code == "MissingParameter")
        return {.code = ErrorCode::remote,
                .message = fmt::format("the cloud could not import the image{}",
                                       words.empty() ? " and does not say why" : words),
                .hint = "once the cause is mended, the same command tries again"};
    std::string remedy = filled_in(entry->remedy, context);
    return {.code = ErrorCode::remote,
            .message = "the import has failed: " + filled_in(entry->what, context) + words,
            .field = std::string(entry->parameter),
            .hint = remedy + (remedy.empty() ? "" : "; ") + "then the same command tries again"};
}

}  // namespace imgport
