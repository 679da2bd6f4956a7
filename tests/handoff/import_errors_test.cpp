#include "handoff/import_errors.hpp"

#include <gtest/gtest.h>

using namespace imgport;

namespace {

const ImportCallContext context{.region = "cn-hangzhou",
                                .bucket = "imgs",
                                .object = "a/web.qcow2",
                                .image_name = "web-1",
                                .format = "QCOW2",
                                .platform = "Debian",
                                .architecture = "x86_64"};

struct Case {
    std::string code;
    std::string message;  // the cloud's own words
    std::string field;
    std::string what;
    std::string remedy;
};

const std::vector<Case> cases{
    {"MissingParameter", R"(An input parameter "RegionId" that is mandatory)", "RegionId", "lacks a parameter",
     "--region cn-hangzhou"},
    {"MissingParameter", R"(An input parameter "DiskDeviceMapping.1.OSSBucket" that is)",
     "DiskDeviceMapping.1.OSSBucket", "lacks a parameter", "--object oss://BUCKET/KEY"},
    {"MissingParameter", R"(An input parameter "DiskDeviceMapping.1.OSSObject" that is)",
     "DiskDeviceMapping.1.OSSObject", "lacks a parameter", "--object oss://BUCKET/KEY"},
    {"MissingParameter.DiskDeviceMapping", "", "DiskDeviceMapping", "names no disk", "prepare the image again"},
    {"InvalidImageName.Malformed", "", "ImageName", "'web-1'", "--image-name"},
    {"InvalidImageName.Duplicated", "", "ImageName", "cn-hangzhou has an image named 'web-1' already", "--image-name"},
    {"InvalidDescription.Malformed", "", "Description", "description", "2 to 256"},
    {"InvalidOSSObject.Malformed", "", "DiskDeviceMapping.N.OSSObject", "'a/web.qcow2'", "without a slash in front"},
    {"InvalidOSSObject.NotFound", "", "DiskDeviceMapping.N.OSSObject", "oss://imgs/a/web.qcow2 is not there",
     "AliyunECSImageImportDefaultRole"},
    {"InvalidOSSBucket.NotFound", "", "DiskDeviceMapping.N.OSSBucket", "no bucket 'imgs' in cn-hangzhou", "own region"},
    {"InvalidOSSBucket.NotMatched", "The specified OSS bucket is incorrect, x.", "DiskDeviceMapping.N.OSSBucket",
     "is incorrect, x.", "belong to the account"},
    {"InvalidArchitecture.Malformed", "", "Architecture", "'x86_64'", "--architecture"},
    {"InvalidPlatform.Malformed", "", "Platform", "'Debian'", "--platform \"Others Linux\""},
    {"InvalidOSType.Malformed", "", "OSType", "kind of system", "--os-type"},
    {"InvalidImageSize", "too small", "DiskDeviceMapping.1.DiskImageSize", "system disk", "--system-disk-size"},
    {"InvalidDataDiskSize", "", "DiskDeviceMapping.N.DiskImageSize", "data disk", "5 GiB"},
    {"InvalidImageFormat.Malformed", "", "DiskDeviceMapping.N.Format", "QCOW2", "--to"},
    {"InvalidRegionId.NotFound", "", "RegionId", "no region 'cn-hangzhou'", "the bucket is in"},
    {"InvalidRegion.NotSupport", "", "RegionId", "does not import images", "copy the image"},
    {"InvalidLicenseType.NotSupported", "", "LicenseType", "Debian", "Auto"},
    {"InvalidLicenseType.BYOLOnly", "", "LicenseType", "licence of your own", "--license-type BYOL"},
    {"InvalidParameter.Malformed", R"(The specified parameter "DiskDeviceMapping.n.Device " is not valid.)",
     "DiskDeviceMapping.n.Device", "does not take a parameter", "documents"},
    {"ImageIsImporting", "", "ImageId", "being imported already", "wait"},
    {"QuotaExceed.Image", "", "", "no room for another custom image in cn-hangzhou", "quota"},
    {"ImportImageFailed", "", "", "does not say why", "ticket"},
    {"UserNotInTheWhiteList", "", "", "may not import images", "ticket"},
    {"NoSetRoletoECSServiceAcount", "", "RoleName", "AliyunECSImageImportDefaultRole", "ecs.aliyuncs.com"},
    {"NoSetRoletoECSServiceAccount", "", "RoleName", "AliyunECSImageImportDefaultRole",
     "AliyunECSImageImportRolePolicy"},
    {"InvalidOperation.CloudBoxImageImportRoleRequired", "", "RoleName", "CloudBox",
     "Cloud Resource Access Authorization"},
    {"OperationDenied.ImageCopying", "", "ImageId", "copied", "wait"},
    {"IdempotentParameterMismatch", "", "ClientToken", "with other parameters", "--again"},
    {"InvalidTaskId.NotFound", "", "TaskId", "does not know the task", "account and region"},
    {"InvalidTaskId.IncorrectTaskStatus", "", "TaskId", "has ended", ""},
    {"InvalidTaskId.TaskActionNotSupport", "", "TaskId", "cannot be cancelled", ""},
    {"CancelTaskFailed", "", "TaskId", "could not cancel", "ticket"},
};

}  // namespace

TEST(ImportErrors, EachCodeInTheUsersTerms)
{
    for (auto const &expected : cases) {
        ApiFailure const failure{.error = {ErrorCode::remote, "GENERAL"},
                                 .status = 400,
                                 .code = expected.code,
                                 .message = expected.message,
                                 .request_id = "REQ-7"};
        auto const error = describe_import_failure(failure, context);
        EXPECT_EQ(error.code, ErrorCode::remote);
        EXPECT_EQ(error.field, expected.field) << expected.code;
        EXPECT_NE(error.message.find(expected.what), std::string::npos) << expected.code << ": " << error.message;
        EXPECT_NE(error.hint.find(expected.remedy), std::string::npos) << expected.code << ": " << error.hint;
        EXPECT_NE(error.message.find(expected.code), std::string::npos) << error.message;
        EXPECT_NE(error.message.find("REQ-7"), std::string::npos) << error.message;
        EXPECT_EQ((error.message + error.hint).find('{'), std::string::npos) << error.message;
    }
}

TEST(ImportErrors, WhatTheRoleNeedsIsNamedInFull)
{
    auto const error = describe_import_failure({.error = {}, .code = "NoSetRoletoECSServiceAcount"}, context);
    for (const char *const word :
         {"AliyunECSImageImportDefaultRole", "ecs.aliyuncs.com", "AliyunECSImageImportRolePolicy", "oss:GetObject",
          "oss:GetBucketLocation", "oss:GetBucketInfo", "ecs:ImportImage", "ram:PassRole"})
        EXPECT_NE(error.hint.find(word), std::string::npos) << word;
    auto other = context;
    other.role = "MyRole";
    EXPECT_NE(describe_import_failure({.error = {}, .code = "NoSetRoletoECSServiceAccount"}, other)
                  .message.find("the role MyRole is not there"),
              std::string::npos);
}

TEST(ImportErrors, AnUnknownCodeKeepsWhatIsKnown)
{
    ApiFailure const failure{.error = {ErrorCode::remote, "GENERAL"}, .code = "Brand.New"};
    EXPECT_EQ(describe_import_failure(failure, context).message, "GENERAL");
}

// What stands in the request must not become part of the pattern.
TEST(ImportErrors, BracesInNamesAreNames)
{
    auto odd = context;
    odd.image_name = "{0}{region}";
    odd.object = "%s{";
    EXPECT_NE(
        describe_import_failure({.error = {}, .code = "InvalidImageName.Malformed"}, odd).message.find("'{0}{region}'"),
        std::string::npos);
    EXPECT_NE(describe_import_failure({.error = {}, .code = "InvalidOSSObject.Malformed"}, odd).message.find("'%s{'"),
              std::string::npos);
}

TEST(ImportErrors, OfATaskThatFailed)
{
    auto const known = describe_failed_task("InvalidImageFormat.Malformed", "not a qcow2", context);
    EXPECT_NE(known.message.find("not a qcow2"), std::string::npos);
    EXPECT_NE(known.hint.find("the same command tries again"), std::string::npos);
    auto const unknown = describe_failed_task("ImageBroken", "bad header", context);
    EXPECT_NE(unknown.message.find("ImageBroken: bad header"), std::string::npos) << unknown.message;
    EXPECT_NE(describe_failed_task("", "", context).message.find("does not say why"), std::string::npos);
}
