#include "handoff/import_request.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/import_files.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

std::string value(const NamedValues &values, const std::string &name)
{
    for (auto const &[key, text] : values) {
        if (key == name)
            return text;
    }
    return "-";
}

// The fields of all errors, and that each is about usage.
std::vector<std::string> fields_of(const tl::expected<ImportToCall, std::vector<Error>> &plan)
{
    std::vector<std::string> fields;
    if (plan)
        return {"no error"};
    for (auto const &error : plan.error()) {
        EXPECT_EQ(error.code, ErrorCode::usage) << describe(error);
        fields.push_back(error.field);
    }
    return fields;
}

}  // namespace

TEST(ImportRequest, IsTheManifestSpeltAsTheApiSpellsIt)
{
    Folder const folder;
    auto manifest = system_manifest();
    manifest.import.description = "of the test";
    manifest.import.license_type = "BYOL";
    manifest.import.resource_group = "rg-1";
    manifest.import.role_name = "MyRole";
    manifest.import.features.nvme_support = "supported";
    manifest.import.tags = {{"team", "a"}, {"empty", ""}};
    manifest.import.disks.push_back({"RAW", "imgs", "a/web-data1.raw", 20});
    write_manifest(folder, "web", manifest);
    auto const plan = plan_import(folder / "web.manifest.json", {});
    ASSERT_TRUE(plan) << describe(plan.error().front());
    NamedValues const expected{{"RegionId", "cn-hangzhou"},
                               {"ImageName", "web-1"},
                               {"Description", "of the test"},
                               {"OSType", "linux"},
                               {"Platform", "Debian"},
                               {"Architecture", "x86_64"},
                               {"BootMode", "BIOS"},
                               {"LicenseType", "BYOL"},
                               {"ResourceGroupId", "rg-1"},
                               {"RoleName", "MyRole"},
                               {"Features.NvmeSupport", "supported"},
                               {"Tag.1.Key", "team"},
                               {"Tag.1.Value", "a"},
                               {"Tag.2.Key", "empty"},
                               {"Tag.2.Value", ""},
                               {"DiskDeviceMapping.1.Format", "QCOW2"},
                               {"DiskDeviceMapping.1.OSSBucket", "imgs"},
                               {"DiskDeviceMapping.1.OSSObject", "a/web.qcow2"},
                               {"DiskDeviceMapping.1.DiskImageSize", "8"},
                               {"DiskDeviceMapping.2.Format", "RAW"},
                               {"DiskDeviceMapping.2.OSSBucket", "imgs"},
                               {"DiskDeviceMapping.2.OSSObject", "a/web-data1.raw"},
                               {"DiskDeviceMapping.2.DiskImageSize", "20"}};
    EXPECT_EQ(api_parameters(plan->parameters), expected);
}

TEST(ImportRequest, SaysNothingThatTheManifestDoesNotSay)
{
    Folder const folder;
    Manifest manifest = system_manifest();
    manifest.import = {.region = "cn-hangzhou", .disks = {{"VHD", "imgs", "web.vhd", 5}}};
    write_manifest(folder, "web", manifest);
    auto const plan = plan_import(folder / "web.manifest.json", {});
    ASSERT_TRUE(plan) << describe(plan.error().front());
    EXPECT_EQ(api_parameters(plan->parameters), (NamedValues{{"RegionId", "cn-hangzhou"},
                                                             {"DiskDeviceMapping.1.Format", "VHD"},
                                                             {"DiskDeviceMapping.1.OSSBucket", "imgs"},
                                                             {"DiskDeviceMapping.1.OSSObject", "web.vhd"},
                                                             {"DiskDeviceMapping.1.DiskImageSize", "5"}}));
}

TEST(ImportRequest, TheUserFillsInAndReplaces)
{
    Folder const folder;
    Manifest manifest = system_manifest();
    manifest.import.region.reset();
    manifest.import.disks = {{"QCOW2", "", "web.qcow2", 8}, {"QCOW2", "", "web-data1.qcow2", 6}};
    write_manifest(folder, "web", manifest);
    auto const plan = plan_import(folder / "web.manifest.json", {.region = "eu-central-1",
                                                                 .object = "oss://mine/images/w.qcow2",
                                                                 .image_name = "other",
                                                                 .role_name = "R",
                                                                 .tags = {{"k", "v"}}});
    ASSERT_TRUE(plan) << describe(plan.error().front());
    auto const parameters = api_parameters(plan->parameters);
    EXPECT_EQ(value(parameters, "RegionId"), "eu-central-1");
    EXPECT_EQ(value(parameters, "ImageName"), "other");
    EXPECT_EQ(value(parameters, "RoleName"), "R");
    EXPECT_EQ(value(parameters, "Tag.1.Key"), "k");
    EXPECT_EQ(value(parameters, "Platform"), "Debian");
    EXPECT_EQ(value(parameters, "DiskDeviceMapping.1.OSSObject"), "images/w.qcow2");
    EXPECT_EQ(value(parameters, "DiskDeviceMapping.2.OSSObject"), "images/web-data1.qcow2");
    // A bucket alone: the artifact's own name.
    auto const by_name = plan_import(folder / "web.manifest.json", {.region = "eu-central-1", .bucket = "mine"});
    ASSERT_TRUE(by_name) << describe(by_name.error().front());
    EXPECT_EQ(value(api_parameters(by_name->parameters), "DiskDeviceMapping.1.OSSObject"), "web.qcow2");
}

TEST(ImportRequest, TheUploadsReceiptTellsWhereTheArtifactIs)
{
    Folder const folder;
    Manifest manifest = system_manifest();
    manifest.import.region.reset();
    manifest.import.disks = {{"QCOW2", "", "web.qcow2", 8}, {"QCOW2", "", "web-data1.qcow2", 6}};
    write_manifest(folder, "web", manifest);
    write_upload(folder, "web", manifest, "mine", "images/web.qcow2", "eu-central-1");
    auto const plan = plan_import(folder / "web.manifest.json", {});
    ASSERT_TRUE(plan) << describe(plan.error().front());
    auto const parameters = api_parameters(plan->parameters);
    EXPECT_EQ(value(parameters, "RegionId"), "eu-central-1");
    EXPECT_EQ(value(parameters, "DiskDeviceMapping.1.OSSBucket"), "mine");
    EXPECT_EQ(value(parameters, "DiskDeviceMapping.1.OSSObject"), "images/web.qcow2");
    EXPECT_EQ(value(parameters, "DiskDeviceMapping.2.OSSBucket"), "mine");
    EXPECT_EQ(value(parameters, "DiskDeviceMapping.2.OSSObject"), "images/web-data1.qcow2");
    EXPECT_EQ(plan->disks.at(1).manifest, folder / "web-data1.manifest.json");
}

TEST(ImportRequest, AnotherStoresReceiptTellsNothing)
{
    Folder const folder;
    Manifest manifest = system_manifest();
    manifest.import.disks = {{"QCOW2", "", "web.qcow2", 8}};
    write_manifest(folder, "web", manifest);
    write_upload(folder, "web", manifest, "mine", "images/web.qcow2", "us-east-1");
    auto hand_over = read_receipt(folder / "web.manifest.json").value();
    hand_over.upload->destination = "s3://mine/images/web.qcow2";
    ASSERT_TRUE(write_receipt(folder / "web.manifest.json", hand_over));
    EXPECT_EQ(fields_of(plan_import(folder / "web.manifest.json", {})),
              std::vector<std::string>{"DiskDeviceMapping.1.OSSBucket"});
}

TEST(ImportRequest, WhatContradictsTheManifestIsAnError)
{
    Folder const folder;
    write_manifest(folder, "web", system_manifest());
    std::string const path = folder / "web.manifest.json";
    using Fields = std::vector<std::string>;
    EXPECT_EQ(fields_of(plan_import(path, {.region = "cn-beijing"})), Fields{"RegionId"});
    EXPECT_EQ(fields_of(plan_import(path, {.bucket = "other"})), Fields{"DiskDeviceMapping.1.OSSBucket"});
    EXPECT_EQ(fields_of(plan_import(path, {.object = "a/other.qcow2"})), Fields{"DiskDeviceMapping.1.OSSObject"});
    EXPECT_EQ(fields_of(plan_import(path, {.object = "https://imgs.oss-cn-beijing.aliyuncs.com/a/web.qcow2"})),
              Fields{"RegionId"});
    EXPECT_EQ(fields_of(plan_import(path, {.bucket = "other", .object = "oss://imgs/a/web.qcow2"})),
              Fields{"DiskDeviceMapping.1.OSSBucket"});
    // The same is no contradiction.
    EXPECT_EQ(
        fields_of(plan_import(path, {.region = "cn-hangzhou", .bucket = "imgs", .object = "oss://imgs/a/web.qcow2"})),
        Fields{"no error"});
}

TEST(ImportRequest, TheLimitsAreHeldBeforeTheCall)
{
    Folder const folder;
    auto const broken = [&](const std::function<void(Manifest &)> &change, const ImportRequest &request = {}) {
        auto manifest = system_manifest();
        change(manifest);
        write_manifest(folder, "web", manifest);
        return fields_of(plan_import(folder / "web.manifest.json", request));
    };
    using Fields = std::vector<std::string>;
    auto const nothing = [](Manifest &) {};
    EXPECT_EQ(broken([](Manifest &m) { m.import.region.reset(); }), Fields{"RegionId"});
    EXPECT_EQ(broken([](Manifest &m) { m.import.disks[0].bucket.clear(); }), Fields{"DiskDeviceMapping.1.OSSBucket"});
    EXPECT_EQ(broken([](Manifest &m) { m.import.disks.clear(); }), Fields{"DiskDeviceMapping.1.OSSBucket"});
    EXPECT_EQ(broken(nothing, {.image_name = "1web"}), Fields{"ImageName"});
    EXPECT_EQ(broken(nothing, {.image_name = "aliyun-1"}), Fields{"ImageName"});
    EXPECT_EQ(broken(nothing, {.description = "http://x"}), Fields{"Description"});
    EXPECT_EQ(broken(nothing, {.license_type = "Free"}), Fields{"LicenseType"});
    EXPECT_EQ(broken(nothing, {.tags = {{"acs:x", "v"}}}), Fields{"Tag.1.Key"});
    EXPECT_EQ(broken([](Manifest &m) { m.import.platform = "Minix"; }), Fields{"Platform"});
    EXPECT_EQ(broken([](Manifest &m) { m.import.boot_mode = "Coreboot"; }), Fields{"BootMode"});
    EXPECT_EQ(broken([](Manifest &m) { m.import.disks[0].format = "ISO"; }), Fields{"DiskDeviceMapping.1.Format"});
    EXPECT_EQ(broken([](Manifest &m) { m.import.disks[0].size = 0; }), Fields{"DiskDeviceMapping.1.DiskImageSize"});
    EXPECT_EQ(broken([](Manifest &m) { m.import.disks[0].size = UINT64_MAX; }),
              Fields{"DiskDeviceMapping.1.DiskImageSize"});
    EXPECT_EQ(broken([](Manifest &m) {
                  for (int i = 1; i <= 17; ++i)
                      m.import.disks.push_back({"QCOW2", "imgs", fmt::format("a/web-data{}.qcow2", i), 6});
              }),
              Fields{"DiskDeviceMapping"});
}

// Of one that was sent while it was made nothing but the CRC-64 may be known.
TEST(ImportRequest, AnArtifactIsKnownByWhatIsKnownOfIt)
{
    Folder const folder;
    auto manifest = system_manifest();
    write_manifest(folder, "web", manifest);
    EXPECT_EQ(plan_import(folder / "web.manifest.json", {})->artifacts(),
              std::vector<std::string>{std::string(64, 'a')});
    manifest.artifact.sha256.reset();
    write_manifest(folder, "web", manifest);
    EXPECT_EQ(plan_import(folder / "web.manifest.json", {})->artifacts(), std::vector<std::string>{"42"});
}

TEST(ImportRequest, ADataDiskGoesAlongAndNotAlone)
{
    Folder const folder;
    auto manifest = system_manifest();
    manifest.role = Role::data;
    write_manifest(folder, "web-data1", manifest);
    auto const plan = plan_import(folder / "web-data1.manifest.json", {});
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().front().hint.find("system disk"), std::string::npos);
}

TEST(ImportRequest, ThatIsNotThereIsSaid)
{
    Folder const folder;
    auto const plan = plan_import(folder / "none.manifest.json", {});
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().front().code, ErrorCode::unreadable);
    write_manifest(folder, "web", system_manifest());
    folder.write("web.receipt.json", "{}");
    EXPECT_EQ(plan_import(folder / "web.manifest.json", {}).error().front().code, ErrorCode::malformed);
}

TEST(ClientToken, IsTheSameForTheSameCallOnly)
{
    NamedValues const parameters{{"RegionId", "r"}, {"ImageName", "n"}};
    auto const token = make_client_token(parameters, {"sha"}, "");
    EXPECT_EQ(token, make_client_token(parameters, {"sha"}, ""));
    EXPECT_LE(token.size(), 64U);
    EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos);
    EXPECT_NE(token, make_client_token(parameters, {"other"}, ""));
    EXPECT_NE(token, make_client_token(parameters, {"sha"}, token));
    EXPECT_NE(token, make_client_token({{"RegionId", "r"}, {"ImageName", "m"}}, {"sha"}, ""));
    // Texts that run together.
    EXPECT_NE(make_client_token({{"a", "bc"}}, {}, ""), make_client_token({{"ab", "c"}}, {}, ""));
    EXPECT_NE(make_client_token({}, {"x", ""}, ""), make_client_token({}, {"x"}, ""));
}
