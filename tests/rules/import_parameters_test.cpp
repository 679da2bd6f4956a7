#include <imgport/import_parameters.hpp>

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <imgport/profile.hpp>

#include "rules/clean_facts.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

Facts bios(const std::string &changes = "{}")
{
    return facts_from_json(with(clean_bios(), Json::parse(changes)));
}
Facts uefi(const std::string &changes = "{}")
{
    return facts_from_json(with(clean_uefi(), Json::parse(changes)));
}

std::vector<ImportDisk> one_disk()
{
    return {{Format::qcow2, 40 * gib, "debian.qcow2"}};
}

ImportOutcome make(const ImportRequest &request, const Facts &facts = bios())
{
    return make_import_parameters(request, &*facts.inspection, one_disk());
}

std::string errors_of(const ImportOutcome &outcome)
{
    std::string all;
    for (auto const &error : outcome.errors) {
        EXPECT_EQ(error.code, ErrorCode::usage);
        all += describe(error) + "\n";
    }
    return all;
}

}  // namespace

TEST(ImportParameters, AreFilledInFromTheImage)
{
    auto const outcome = make({});
    EXPECT_EQ(errors_of(outcome), "");
    auto const &parameters = outcome.parameters;
    EXPECT_EQ(parameters.os_type, "linux");
    EXPECT_EQ(parameters.platform, "Debian");
    EXPECT_EQ(parameters.architecture, "x86_64");
    EXPECT_EQ(parameters.boot_mode, "BIOS");
    EXPECT_EQ(parameters.features.nvme_support, "supported");
    ASSERT_EQ(parameters.disks.size(), 1U);
    EXPECT_EQ(parameters.disks[0].format, "QCOW2");
    EXPECT_EQ(parameters.disks[0].size, 40U);
    EXPECT_EQ(parameters.disks[0].object, "debian.qcow2");
    EXPECT_FALSE(parameters.image_name);
    EXPECT_FALSE(parameters.license_type);
}

TEST(ImportParameters, TakeTheBootModeThatTheDiskHas)
{
    EXPECT_EQ(make({}, uefi()).parameters.boot_mode, "UEFI");
    std::string const both = R"({"/inspection/disk/boot_code": true, "/inspection/disk/boot_sector_loaders": ["grub2"],
                                 "/inspection/disk/grub_core_found": true)";
    EXPECT_EQ(make({}, uefi(both + "}")).parameters.boot_mode, "UEFI-Preferred");
    // Firmware would not find the vendor's loader.
    EXPECT_EQ(make({}, uefi(both + R"(, "/inspection/guest/boot_loader/efi_files": ["/EFI/rocky/shimx64.efi"]})"))
                  .parameters.boot_mode,
              "BIOS");
    auto const neither = make({}, bios(R"({"/inspection/disk/boot_code": false})"));
    EXPECT_FALSE(neither.parameters.boot_mode);
    EXPECT_FALSE(neither.notes.empty());
}

TEST(ImportParameters, SayWhetherNvmeWorksAtTheStart)
{
    std::string const kernel = R"({"/inspection/guest/kernels/0/)";
    EXPECT_EQ(make({}, bios(kernel + R"(modules": ["virtio_blk"]})")).parameters.features.nvme_support, "unsupported");
    EXPECT_EQ(make({}, bios(kernel + R"(installed": ["virtio_blk"]})")).parameters.features.nvme_support,
              "unsupported");
    EXPECT_EQ(make({}, bios(kernel + R"(builtin": ["nvme"], "/inspection/guest/kernels/0/modules": []})"))
                  .parameters.features.nvme_support,
              "supported");
    EXPECT_FALSE(make({}, bios(kernel + R"(modules": {"unknown": "cut"}})")).parameters.features.nvme_support);
}

TEST(ImportParameters, RoundSizesUp)
{
    auto const size = [](std::uint64_t bytes) {
        return make_import_parameters({}, nullptr, {{Format::raw, bytes, "d.raw"}}).parameters.disks.at(0).size;
    };
    EXPECT_EQ(size(40 * gib), 40U);
    EXPECT_EQ(size(40 * gib + 1), 41U);
    EXPECT_EQ(size(1), 1U);
    EXPECT_EQ(size(UINT64_MAX), (UINT64_MAX >> 30) + 1) << "no overflow";
}

TEST(ImportParameters, PutDataDisksBesideTheSystemDisk)
{
    std::vector<ImportDisk> const disks{{Format::qcow2, 40 * gib, "a.qcow2"}, {Format::vhd, 7 * gib, "b.vhd"}};
    ImportRequest request;
    request.object = "https://my-bucket.oss-cn-hangzhou.aliyuncs.com/in/system.qcow2?Expires=1&Signature=secret";
    auto const outcome = make_import_parameters(request, nullptr, disks);
    EXPECT_EQ(errors_of(outcome), "");
    auto const &mapped = outcome.parameters.disks;
    ASSERT_EQ(mapped.size(), 2U);
    EXPECT_EQ(outcome.parameters.region, "cn-hangzhou");
    EXPECT_EQ(mapped[0].bucket, "my-bucket");
    EXPECT_EQ(mapped[0].object, "in/system.qcow2");
    EXPECT_EQ(mapped[1].bucket, "my-bucket");
    EXPECT_EQ(mapped[1].object, "in/b.vhd");
    EXPECT_EQ(mapped[1].format, "VHD");
    EXPECT_EQ(mapped[1].size, 7U);
}

TEST(ImportParameters, MustNotContradictTheImageOrTheLimits)
{
    struct Case {
        const char *says;
        std::function<void(ImportRequest &)> ask;
    };
    std::vector<Case> const cases{
        {"Architecture: 'arm64' is asked for, but the system in the image is x86_64",
         [](auto &r) { r.architecture = "arm64"; }},
        {"Architecture: 'aarch64' is not one of i386, x86_64, arm64 (did you mean 'arm64'?)",
         [](auto &r) { r.architecture = "aarch64"; }},
        {"Architecture: 'amd64' is not one of i386, x86_64, arm64 (did you mean 'x86_64'?)",
         [](auto &r) { r.architecture = "amd64"; }},
        {"OSType: 'windows' is asked for, but the system in the image is debian",
         [](auto &r) { r.os_type = "windows"; }},
        {"OSType: 'Linux' is not one of linux, windows (did you mean 'linux'?)", [](auto &r) { r.os_type = "Linux"; }},
        {"Platform: 'Ubuntu' is asked for, but the system in the image is Debian",
         [](auto &r) { r.platform = "Ubuntu"; }},
        {"did you mean 'Debian'?", [](auto &r) { r.platform = "debian"; }},
        {"did you mean 'Rocky Linux'?", [](auto &r) { r.platform = "RockyLinux"; }},
        {"BootMode: 'UEFI' is asked for, but the disk can boot with BIOS only", [](auto &r) { r.boot_mode = "UEFI"; }},
        {"BootMode: 'UEFI-Preferred' is asked for", [](auto &r) { r.boot_mode = "UEFI-Preferred"; }},
        {"BootMode: 'bios' is not one of BIOS, UEFI, UEFI-Preferred (did you mean 'BIOS'?)",
         [](auto &r) { r.boot_mode = "bios"; }},
        {"DiskDeviceMapping.1.DiskImageSize: 39 GiB is asked for, but the disk in the image needs 40 GiB",
         [](auto &r) { r.system_disk_size = 39; }},
        {"DiskDeviceMapping.1.DiskImageSize: 2049 GiB is asked for; 1 to 2048 GiB are allowed",
         [](auto &r) { r.system_disk_size = 2049; }},
        {"LicenseType: 'byol' is not one of Auto, Aliyun, BYOL (did you mean 'BYOL'?)",
         [](auto &r) { r.license_type = "byol"; }},
        {"ImageName: 'x' has 1 character; an image's name has 2 to 128", [](auto &r) { r.image_name = "x"; }},
        {"Description: 'http://x' must not begin with http:// or https://",
         [](auto &r) { r.description = "http://x"; }},
        {"ResourceGroupId: 'a b' may hold", [](auto &r) { r.resource_group = "a b"; }},
        {"RoleName: '' has 0 characters", [](auto &r) { r.role_name = ""; }},
        {"DiskDeviceMapping.1.OSSBucket: 'My' has 2 characters", [](auto &r) { r.bucket = "My"; }},
        {"DiskDeviceMapping.1.OSSBucket: 'other' is asked for, but the object's address names 'mine'",
         [](auto &r) {
             r.bucket = "other";
             r.object = "oss://mine/key";
         }},
        {"RegionId: 'cn-beijing' is asked for, but the object's address is in 'cn-hangzhou'",
         [](auto &r) {
             r.region = "cn-beijing";
             r.object = "https://mine.oss-cn-hangzhou-internal.aliyuncs.com/key";
         }},
        {"RegionId: 'oss-cn-beijing' is not a region, such as cn-hangzhou (did you mean 'cn-beijing'?)",
         [](auto &r) { r.region = "oss-cn-beijing"; }},
        {"RegionId: 'Hangzhou' is not a region", [](auto &r) { r.region = "Hangzhou"; }},
        {"Tag.1.Key: 'acs:x' must not begin with acs:",
         [](auto &r) {
             r.tags = {{"acs:x", "y"}};
         }},
        {"Tag.2.Key: 'a' is given twice",
         [](auto &r) {
             r.tags = {{"a", "1"}, {"a", "2"}};
         }},
        {"Tag.1.Value: ",
         [](auto &r) {
             r.tags = {{"a", std::string(129, 'v')}};
         }},
        {"Tag: 21 tags are given; 20 are allowed",
         [](auto &r) {
             for (int i = 0; i < 21; ++i)
                 r.tags.emplace_back("key" + std::to_string(i), "v");
         }},
    };
    for (auto const &tested : cases) {
        ImportRequest request;
        tested.ask(request);
        auto const outcome = make(request);
        EXPECT_EQ(outcome.errors.size(), 1U) << tested.says << "\n" << errors_of(outcome);
        EXPECT_THAT(errors_of(outcome), HasSubstr(tested.says));
    }
}

TEST(ImportParameters, CollectEveryContradiction)
{
    ImportRequest request;
    request.image_name = "1";
    request.architecture = "arm64";
    request.boot_mode = "UEFI";
    request.system_disk_size = 3;
    request.object = "/key";
    EXPECT_EQ(make(request).errors.size(), 5U) << errors_of(make(request));
}

TEST(ImportParameters, AreWhatTheUserSaysWhereTheImageAgrees)
{
    ImportRequest request;
    request.region = "us-east-1";
    request.bucket = "my-bucket";
    request.object = "images/debian.qcow2";
    request.image_name = "debian-12";
    request.description = "made by CI";
    request.os_type = "linux";
    request.platform = "Debian";
    request.architecture = "x86_64";
    request.boot_mode = "BIOS";
    request.system_disk_size = 60;
    request.license_type = "BYOL";
    request.resource_group = "rg-acfmx";
    request.role_name = "AliyunECSImageImportDefaultRole";
    request.tags = {{"team", "infra"}};
    auto const outcome = make(request);
    EXPECT_EQ(errors_of(outcome), "");
    EXPECT_EQ(to_json(outcome.parameters), Json::parse(R"({
        "RegionId": "us-east-1", "ImageName": "debian-12", "Description": "made by CI", "OSType": "linux",
        "Platform": "Debian", "Architecture": "x86_64", "BootMode": "BIOS", "LicenseType": "BYOL",
        "ResourceGroupId": "rg-acfmx", "RoleName": "AliyunECSImageImportDefaultRole",
        "Features": {"NvmeSupport": "supported"}, "Tag": [{"Key": "team", "Value": "infra"}],
        "DiskDeviceMapping": [{"Format": "QCOW2", "OSSBucket": "my-bucket", "OSSObject": "images/debian.qcow2",
                               "DiskImageSize": 60}]})"));
}

TEST(ImportParameters, OfArm64NeedUefi)
{
    auto const arm = uefi(R"({"/inspection/guest/architecture": "aarch64",
                              "/inspection/guest/kernels/0/architecture": "aarch64"})");
    EXPECT_EQ(make({}, arm).parameters.architecture, "arm64");
    EXPECT_EQ(make({}, arm).parameters.boot_mode, "UEFI");
    ImportRequest request;
    request.boot_mode = "BIOS";
    EXPECT_THAT(errors_of(make(request, arm)), HasSubstr("the architecture arm64 boots with UEFI only"));
}

TEST(ImportParameters, AreHeldAgainstTheProfile)
{
    Profile const profile = load_profile("alibaba").value();
    auto const facts = uefi();
    ImportRequest request;
    request.system_disk_size = 501;
    auto const outcome = make_import_parameters(request, &*facts.inspection, one_disk(), &profile);
    EXPECT_THAT(errors_of(outcome), HasSubstr("501 GiB is asked for; 5 to 500 GiB are allowed"));
    EXPECT_EQ(outcome.parameters.platform, "Others Linux") << "this profile has no Rocky Linux";
    EXPECT_EQ(make({}, facts).parameters.platform, "Rocky Linux");
}

TEST(ImportParameters, LetAnyLinuxBeOthersLinux)
{
    ImportRequest request;
    request.platform = "Others Linux";
    EXPECT_EQ(errors_of(make(request)), "");
    request.platform = "Windows Server 2019";
    request.os_type = "linux";
    EXPECT_THAT(errors_of(make_import_parameters(request, nullptr, one_disk())),
                HasSubstr("Platform: 'Windows Server 2019' does not go with OSType 'linux'"));
}

TEST(ImportParameters, TakeSixteenDataDisksAndNoMore)
{
    std::vector<ImportDisk> disks;
    for (int i = 0; i < 17; ++i)
        disks.push_back({Format::raw, 5 * gib, "disk" + std::to_string(i) + ".raw"});
    EXPECT_EQ(errors_of(make_import_parameters({}, nullptr, disks)), "");
    disks.push_back({Format::raw, 5 * gib, "more.raw"});
    EXPECT_THAT(errors_of(make_import_parameters({}, nullptr, disks)),
                HasSubstr("DiskDeviceMapping: 17 data disks are given; 16 are allowed"));
    EXPECT_THAT(errors_of(make_import_parameters({}, nullptr, {})), HasSubstr("there is no disk to import"));
    EXPECT_THAT(errors_of(make_import_parameters({}, nullptr, {{Format::vdi, gib, "d.vdi"}})),
                HasSubstr("DiskDeviceMapping.1.Format: VDI cannot be imported"));
    EXPECT_THAT(errors_of(make_import_parameters({}, nullptr, {{Format::raw, gib, "d"}, {Format::raw, gib, "d"}})),
                HasSubstr("DiskDeviceMapping.2.OSSObject: 'd' is the object of another disk as well"));
}

TEST(ImageName, FollowsThePage)
{
    auto const is_good = [](const std::string &name) {
        ImportRequest request;
        request.image_name = name;
        return make(request).errors.empty();
    };
    for (const char *name : {"ab", "Debian-12.5_x:1", "镜像", "镜1", "a镜", "镜像-2026"})
        EXPECT_TRUE(is_good(name)) << name;
    EXPECT_TRUE(is_good(std::string(128, 'a')));
    std::string hanzi;
    for (int i = 0; i < 128; ++i)
        hanzi += "镜";
    EXPECT_TRUE(is_good(hanzi)) << "128 characters of three bytes each";
    EXPECT_FALSE(is_good(hanzi + "镜"));
    EXPECT_FALSE(is_good(std::string(129, 'a')));
    for (const char *name :
         {"",   "a",         "镜",       "1ab",     "-ab",       "_ab",        ":ab",        "a b",  "a/b",   "é1",
          "aé", "acs:image", "aliyun-1", "Aliyun1", "http://ab", "xhttp://ab", "https://ab", "ab\n", "a\xff", "ab!"})
        EXPECT_FALSE(is_good(name)) << name;
    EXPECT_TRUE(is_good("my-aliyun")) << "only as a prefix";
}

TEST(Description, FollowsThePage)
{
    auto const is_good = [](const std::string &text) {
        ImportRequest request;
        request.description = text;
        return make(request).errors.empty();
    };
    EXPECT_TRUE(is_good("a b"));
    EXPECT_TRUE(is_good("see http://x"));
    EXPECT_TRUE(is_good(std::string(256, 'a')));
    EXPECT_FALSE(is_good(std::string(257, 'a')));
    EXPECT_FALSE(is_good("a"));
    EXPECT_FALSE(is_good("HTTPS://x"));
    EXPECT_FALSE(is_good("\xc3"));
}

TEST(Platform, OfEachSystemThatTheApiKnows)
{
    struct {
        OsFacts os;
        const char *platform;
    } const cases[] = {
        {{.id = "debian"}, "Debian"},
        {{.id = "ubuntu"}, "Ubuntu"},
        {{.id = "centos", .version = "7", .name = "CentOS Linux 7 (Core)"}, "CentOS"},
        {{.id = "centos", .version = "9", .name = "CentOS Stream 9"}, "CentOS Stream"},
        {{.id = "rhel"}, "RedHat"},
        {{.id = "sles"}, "SUSE"},
        {{.id = "opensuse-leap"}, "OpenSUSE"},
        {{.id = "fedora", .name = "Fedora Linux 40"}, "Fedora"},
        {{.id = "fedora", .name = "Fedora CoreOS 40.1"}, "Fedora CoreOS"},
        {{.id = "coreos"}, "CoreOS"},
        {{.id = "rocky"}, "Rocky Linux"},
        {{.id = "almalinux"}, "AlmaLinux"},
        {{.id = "alinux"}, "Aliyun"},
        {{.id = "anolis"}, "Anolis"},
        {{.id = "kylin"}, "Kylin"},
        {{.id = "uos"}, "UOS"},
        {{.id = "gentoo"}, "Gentoo"},
        {{.id = "freebsd"}, "FreeBSD"},
        {{.id = "windows", .version = "6.1"}, "Windows Server 2008"},
        {{.id = "windows", .version = "6.1", .name = "Windows Server 2008 R2 Standard"}, "Windows Server 2008"},
        {{.id = "windows", .version = "6.1", .name = "Windows 7 Professional"}, ""},
        {{.id = "windows", .version = "6.3", .name = "Windows Server 2012 R2"}, "Windows Server 2012"},
        {{.id = "windows", .version = "10.0", .name = "Windows Server 2022 Datacenter"}, "Windows Server 2022"},
        {{.id = "windows", .version = "10.0"}, ""},
        {{.id = "arch"}, ""},
        {{.id = ""}, ""},
    };
    for (auto const &tested : cases)
        EXPECT_EQ(platform_of(tested.os), tested.platform) << tested.os.id << " " << tested.os.name;
}

TEST(Architecture, IsSpeltAsTheApiSpellsIt)
{
    EXPECT_EQ(architecture_of("x86_64"), "x86_64");
    EXPECT_EQ(architecture_of("aarch64"), "arm64");
    EXPECT_EQ(architecture_of("i686"), "i386");
    EXPECT_EQ(architecture_of("riscv64"), "");
    EXPECT_EQ(architecture_of(""), "");
}
