// The parameters of the cloud's ImportImage call (ECS API 2014-05-26), as the user gives them and as the image
// tells them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <imgport/facts.hpp>

namespace imgport {

struct Profile;

enum class Role { system, data };
const char *to_string(Role role);

// What the user said on the command line; nullopt where nothing was said. Strings are as typed.
struct ImportRequest {
    std::optional<std::string> region = {};
    std::optional<std::string> bucket = {};
    std::optional<std::string> object = {};  // a key, or a URL as the console gives it
    std::optional<std::string> image_name = {};
    std::optional<std::string> description = {};
    std::optional<std::string> os_type = {};  // linux, windows
    std::optional<std::string> platform = {};
    std::optional<std::string> architecture = {};        // i386, x86_64, arm64
    std::optional<std::string> boot_mode = {};           // BIOS, UEFI, UEFI-Preferred
    std::optional<std::uint64_t> system_disk_size = {};  // GiB
    std::optional<std::string> license_type = {};        // Auto, Aliyun, BYOL
    std::optional<std::string> resource_group = {};
    std::optional<std::string> role_name = {};
    std::vector<std::pair<std::string, std::string>> tags = {};
};

// An object address taken apart. Queries and fragments of a URL are dropped: they can hold a signature.
struct ObjectAddress {
    std::string bucket = {};
    std::string key = {};
    std::string region = {};  // empty: the address does not tell
};

// Takes "https://BUCKET.oss-REGION[-internal].aliyuncs.com/KEY?...", "oss://BUCKET/KEY" or a bare KEY.
Result<ObjectAddress> parse_object_address(std::string_view text);

// One DiskDeviceMapping. Sizes in whole GiB, rounded up from the virtual size.
struct DiskMapping {
    std::string format = {};  // RAW, VHD, QCOW2
    std::string bucket = {};
    std::string object = {};
    std::uint64_t size = 0;  // DiskImageSize, GiB

    static void fields(auto &self, auto &&visit)
    {
        visit("Format", self.format);
        visit("OSSBucket", self.bucket);
        visit("OSSObject", self.object);
        visit("DiskImageSize", self.size);
    }
};

struct ImportTag {
    std::string key;
    std::string value;

    static void fields(auto &self, auto &&visit)
    {
        visit("Key", self.key);
        visit("Value", self.value);
    }
};

struct ImportFeatures {
    std::optional<std::string> nvme_support = {};  // supported, unsupported

    static void fields(auto &self, auto &&visit) { visit("NvmeSupport", self.nvme_support); }
};

// The call's parameters, spelt as the API spells them.
struct ImportParameters {
    std::optional<std::string> region = {};
    std::optional<std::string> image_name = {};
    std::optional<std::string> description = {};
    std::optional<std::string> os_type = {};
    std::optional<std::string> platform = {};
    std::optional<std::string> architecture = {};
    std::optional<std::string> boot_mode = {};
    std::optional<std::string> license_type = {};
    std::optional<std::string> resource_group = {};
    std::optional<std::string> role_name = {};
    ImportFeatures features = {};
    std::vector<ImportTag> tags = {};
    std::vector<DiskMapping> disks = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("RegionId", self.region);
        visit("ImageName", self.image_name);
        visit("Description", self.description);
        visit("OSType", self.os_type);
        visit("Platform", self.platform);
        visit("Architecture", self.architecture);
        visit("BootMode", self.boot_mode);
        visit("LicenseType", self.license_type);
        visit("ResourceGroupId", self.resource_group);
        visit("RoleName", self.role_name);
        visit("Features", self.features);
        visit("Tag", self.tags);
        visit("DiskDeviceMapping", self.disks);
    }
};

// One disk that will be handed over.
struct ImportDisk {
    Format format = Format::qcow2;
    std::uint64_t virtual_size = 0;  // bytes
    std::string file_name;           // the artifact's file name, the default object key's last part
};

// Fills in what the image tells, checks what the user gave against the documented limits (requirements of the
// ImportImage page) and against the image. Every contradiction and every broken limit is one error in the list;
// an empty list means the parameters are good. `inspection` may be null (nothing was looked at). Sizes and platforms
// are held against `profile`; where it is null, against the widest that the API has known.
struct ImportOutcome {
    ImportParameters parameters;
    std::vector<Error> errors;  // code usage, `field` the API's name of the parameter
    std::vector<std::string> notes;
};
ImportOutcome make_import_parameters(const ImportRequest &request, const Inspection *inspection,
                                     const std::vector<ImportDisk> &disks, const Profile *profile = nullptr);

// What the guest is in the API's words; empty where the API has no word for it ("Others Linux" is then meant).
std::string platform_of(const OsFacts &os);
// Of a Windows Server whose name has no year by its build.
std::string platform_of(const GuestFacts &guest);
std::string architecture_of(const std::string &guest_architecture);  // "aarch64" -> "arm64"; empty: unknown

// How the disk can be booted.
struct BootModes {
    bool bios = false;
    bool uefi = false;
    std::vector<Evidence> evidence = {};  // what led to that
};
BootModes boot_modes_of(const Inspection &inspection);

}  // namespace imgport
