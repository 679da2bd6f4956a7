// The parameters of ImportImage: what the image tells is filled in, what the user says is held against the
// documented limits and against the image.
#include <imgport/import_parameters.hpp>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <imgport/profile.hpp>

#include "rules/boot_modes.hpp"
#include "rules/guest_facts.hpp"
#include "rules/import_checks.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
constexpr std::size_t max_disks = 17;  // one system disk and 16 data disks
constexpr std::size_t max_tags = 20;
constexpr std::string_view others = "Others Linux";
constexpr std::string_view customized = "Customized Linux";

class Maker {
public:
    Maker(const ImportRequest &request, const Inspection *inspection, const std::vector<ImportDisk> &disks,
          const Profile *profile)
        : m_request(request), m_inspection(inspection), m_disks(disks), m_profile(profile)
    {
        if (inspection != nullptr && inspection->guest)
            m_guest = &*inspection->guest;
    }

    ImportOutcome make()
    {
        texts();
        os_type();
        platform();
        architecture();
        boot_mode();
        license();
        tags();
        nvme();
        mappings();
        return std::move(m_outcome);
    }

private:
    void texts()
    {
        take("ImageName", m_request.image_name, image_name_problem, m_outcome.parameters.image_name);
        take("Description", m_request.description, description_problem, m_outcome.parameters.description);
        take("ResourceGroupId", m_request.resource_group, identifier_problem, m_outcome.parameters.resource_group);
        take("RoleName", m_request.role_name, identifier_problem, m_outcome.parameters.role_name);
    }

    void take(std::string_view name, const std::optional<std::string> &given,
              std::optional<std::string> (*problem_of)(std::string_view), std::optional<std::string> &out)
    {
        if (!given)
            return;
        if (auto const problem = problem_of(*given))
            complain(name, fmt::format("'{}' {}", printable(*given, 200), *problem));
        else
            out = *given;
    }

    // One of a few words, exactly spelt.
    bool is_one_of(std::string_view name, const std::string &given, const std::vector<std::string> &valid)
    {
        if (contains(valid, given))
            return true;
        auto const same = std::find_if(valid.begin(), valid.end(),
                                       [&](auto const &word) { return to_lower(word) == to_lower(given); });
        std::string const near = same != valid.end() ? *same : nearest(given, valid);
        complain(name, fmt::format("'{}' is not one of {}", printable(given, 100), join(valid, ", ")),
                 near.empty() ? std::string() : fmt::format("did you mean '{}'?", near));
        return false;
    }

    void os_type()
    {
        std::string const found = m_guest == nullptr ? "" : m_guest->os.id == "windows" ? "windows" : "linux";
        if (!found.empty())
            m_outcome.parameters.os_type = found;
        if (!m_request.os_type || !is_one_of("OSType", *m_request.os_type, {"linux", "windows"}))
            return;
        if (!found.empty() && *m_request.os_type != found)
            return complain("OSType", fmt::format("'{}' is asked for, but the system in the image is {}",
                                                  *m_request.os_type, m_guest->os.id.empty() ? found : m_guest->os.id));
        m_outcome.parameters.os_type = *m_request.os_type;
    }

    const std::vector<std::string> &platforms() const
    {
        return m_profile != nullptr && !m_profile->platforms.empty() ? m_profile->platforms : all_platforms();
    }

    void platform()
    {
        std::string const detected = m_guest != nullptr ? platform_of(*m_guest) : "";
        if (m_request.platform)
            return asked_platform(*m_request.platform, detected);
        if (m_guest == nullptr)
            return;
        if (!detected.empty() && contains(platforms(), detected)) {
            m_outcome.parameters.platform = detected;
        } else if (m_guest->os.id == "windows") {
            note("Platform: the import has no platform for this edition of Windows, so nothing is filled in");
        } else {
            m_outcome.parameters.platform = std::string(others);
            note(fmt::format("Platform: the import has no word for {}, so '{}' is filled in",
                             m_guest->os.id.empty() ? "this system" : m_guest->os.id, others));
        }
    }

    void asked_platform(const std::string &asked, const std::string &detected)
    {
        if (!is_one_of("Platform", asked, platforms()))
            return;
        bool const is_windows = asked.starts_with("Windows");
        bool const generic = asked == others || asked == customized;
        bool const guest_is_windows = m_guest != nullptr && m_guest->os.id == "windows";
        if (m_guest != nullptr && asked != detected && (!generic || guest_is_windows) && !m_guest->os.id.empty())
            complain("Platform", fmt::format("'{}' is asked for, but the system in the image is {}", asked,
                                             detected.empty() ? m_guest->os.id : detected));
        else if (m_request.os_type && (*m_request.os_type == "windows") != is_windows)
            complain("Platform",
                     fmt::format("'{}' does not go with OSType '{}'", asked, printable(*m_request.os_type, 100)));
        else
            m_outcome.parameters.platform = asked;
    }

    void architecture()
    {
        const KernelFacts *kernel = m_guest != nullptr ? default_kernel(*m_guest) : nullptr;
        std::string const of_kernel = kernel != nullptr ? architecture_of(kernel->architecture.value_or("")) : "";
        std::string const of_files = m_guest != nullptr ? architecture_of(m_guest->architecture) : "";
        std::string const found = of_files.empty() ? of_kernel : of_files;
        if (!found.empty())
            m_outcome.parameters.architecture = found;
        if (!m_request.architecture)
            return;
        std::string const &asked = *m_request.architecture;
        std::vector<std::string> const valid{"i386", "x86_64", "arm64"};
        if (!contains(valid, asked) && !architecture_of(asked).empty())
            return complain("Architecture", fmt::format("'{}' is not one of {}", asked, join(valid, ", ")),
                            fmt::format("did you mean '{}'?", architecture_of(asked)));
        if (!is_one_of("Architecture", asked, valid))
            return;
        if (!found.empty() && asked != found && asked != of_kernel)
            return complain("Architecture",
                            fmt::format("'{}' is asked for, but the system in the image is {}", asked, found));
        m_outcome.parameters.architecture = asked;
    }

    void boot_mode()
    {
        std::string const best = m_inspection != nullptr ? best_boot_mode(*m_inspection) : "";
        bool const arm = m_outcome.parameters.architecture == "arm64";
        if (!m_request.boot_mode) {
            if (!best.empty())
                m_outcome.parameters.boot_mode = best;
            else if (arm)
                m_outcome.parameters.boot_mode = "UEFI";
            else
                note("BootMode: it is not known how the disk boots, so nothing is filled in");
            return;
        }
        std::string const &asked = *m_request.boot_mode;
        if (!is_one_of("BootMode", asked, {"BIOS", "UEFI", "UEFI-Preferred"}))
            return;
        if (arm && asked == "BIOS")
            return complain("BootMode", "'BIOS' is asked for, but the architecture arm64 boots with UEFI only");
        if (m_inspection != nullptr && !boots_with(asked))
            return;
        m_outcome.parameters.boot_mode = asked;
    }

    // Complains where the disk is known to lack the mode.
    bool boots_with(const std::string &asked)
    {
        BootModes const modes = boot_modes_of(*m_inspection);
        bool const loader_known = m_guest != nullptr ? static_cast<bool>(m_guest->boot_loader) : !m_inspection->gap;
        bool const lacks_bios = asked != "UEFI" && !modes.bios && m_inspection->disk.has_value();
        bool const lacks_uefi = asked != "BIOS" && !modes.uefi && loader_known;
        if (!lacks_bios && !lacks_uefi)
            return true;
        complain("BootMode", fmt::format("'{}' is asked for, but the disk can boot with {}", asked,
                                         modes.bios   ? "BIOS only"
                                         : modes.uefi ? "UEFI only"
                                                      : "neither BIOS nor UEFI"));
        return false;
    }

    void license()
    {
        if (m_request.license_type && is_one_of("LicenseType", *m_request.license_type, {"Auto", "Aliyun", "BYOL"}))
            m_outcome.parameters.license_type = *m_request.license_type;
    }

    void tags()
    {
        if (m_request.tags.size() > max_tags)
            complain("Tag", fmt::format("{} tags are given; {} are allowed", m_request.tags.size(), max_tags));
        std::set<std::string> keys;
        std::size_t number = 0;
        for (auto const &[key, value] : m_request.tags) {
            ++number;
            if (auto const problem = tag_key_problem(key))
                complain(fmt::format("Tag.{}.Key", number), fmt::format("'{}' {}", printable(key, 100), *problem));
            if (!keys.insert(key).second)
                complain(fmt::format("Tag.{}.Key", number), fmt::format("'{}' is given twice", printable(key, 100)));
            if (auto const problem = tag_value_problem(value))
                complain(fmt::format("Tag.{}.Value", number), fmt::format("'{}' {}", printable(value, 100), *problem));
            m_outcome.parameters.tags.push_back({key, value});
        }
    }

    // The image may be chosen for instance types with NVMe disks where its kernel reaches one at the start.
    void nvme()
    {
        const KernelFacts *kernel = m_guest != nullptr ? default_kernel(*m_guest) : nullptr;
        if (kernel == nullptr)
            return;
        Driver const driver = driver_in(*kernel, "nvme", "CONFIG_BLK_DEV_NVME");
        bool const needs_initramfs = driver == Driver::module && !kernel->initramfs.empty();
        if (driver == Driver::unknown || (needs_initramfs && !kernel->modules))
            return;
        bool const supported = driver == Driver::builtin || (needs_initramfs && contains(*kernel->modules, "nvme"));
        m_outcome.parameters.features.nvme_support = supported ? "supported" : "unsupported";
    }

    // ------------------------------------------------------------------------------------------------ disks

    void mappings()
    {
        ObjectAddress const address = object_address();
        if (m_disks.empty())
            complain("DiskDeviceMapping", "there is no disk to import");
        if (m_disks.size() > max_disks)
            complain("DiskDeviceMapping",
                     fmt::format("{} data disks are given; {} are allowed", m_disks.size() - 1, max_disks - 1));
        std::set<std::string> objects;
        for (std::size_t i = 0; i < m_disks.size(); ++i) {
            DiskMapping mapping = map_disk(m_disks[i], i, address);
            if (!objects.insert(mapping.object).second)
                complain(parameter(i, "OSSObject"),
                         fmt::format("'{}' is the object of another disk as well", printable(mapping.object, 200)));
            m_outcome.parameters.disks.push_back(std::move(mapping));
        }
    }

    static std::string parameter(std::size_t disk, std::string_view name)
    {
        return fmt::format("DiskDeviceMapping.{}.{}", disk + 1, name);
    }

    // Bucket, key and region, out of --object, --bucket and --region, which must agree.
    ObjectAddress object_address()
    {
        ObjectAddress address;
        if (m_request.object) {
            auto parsed = parse_object_address(*m_request.object);
            if (parsed)
                address = std::move(*parsed);
            else
                complain(parameter(0, parsed.error().field), parsed.error().message, parsed.error().hint);
        }
        if (m_request.bucket) {
            std::string const &asked = *m_request.bucket;
            if (auto const problem = bucket_problem(asked))
                complain(parameter(0, "OSSBucket"), fmt::format("'{}' {}", printable(asked, 100), *problem));
            else if (!address.bucket.empty() && address.bucket != asked)
                complain(parameter(0, "OSSBucket"),
                         fmt::format("'{}' is asked for, but the object's address names '{}'", asked, address.bucket));
            else
                address.bucket = asked;
        }
        if (m_request.region) {
            std::string const &asked = *m_request.region;
            if (!is_region(asked) || asked.starts_with("oss-"))
                complain("RegionId", fmt::format("'{}' is not a region, such as cn-hangzhou", printable(asked, 100)),
                         asked.starts_with("oss-") ? fmt::format("did you mean '{}'?", printable(asked.substr(4), 100))
                                                   : std::string());
            else if (!address.region.empty() && address.region != asked)
                complain("RegionId", fmt::format("'{}' is asked for, but the object's address is in '{}'; the image is "
                                                 "imported where its object is",
                                                 asked, address.region));
            else
                address.region = asked;
        }
        if (!address.region.empty())
            m_outcome.parameters.region = address.region;
        return address;
    }

    DiskMapping map_disk(const ImportDisk &disk, std::size_t i, const ObjectAddress &address)
    {
        DiskMapping mapping;
        mapping.bucket = address.bucket;
        mapping.format = to_upper(to_string(disk.format));
        if (disk.format != Format::raw && disk.format != Format::qcow2 && disk.format != Format::vhd &&
            disk.format != Format::vmdk)
            complain(parameter(i, "Format"), fmt::format("{} cannot be imported", mapping.format));
        // The data disks lie beside the system disk.
        auto const folder = address.key.rfind('/');
        if (i == 0 && !address.key.empty())
            mapping.object = address.key;
        else if (folder != std::string::npos)
            mapping.object = address.key.substr(0, folder + 1) + disk.file_name;
        else
            mapping.object = disk.file_name;
        if (auto const problem = key_problem(mapping.object); problem && !(i == 0 && m_request.object))
            complain(parameter(i, "OSSObject"), fmt::format("'{}' {}", printable(mapping.object, 100), *problem));
        mapping.size = disk.virtual_size / gib + (disk.virtual_size % gib != 0 ? 1 : 0);
        if (i == 0 && m_request.system_disk_size)
            mapping.size = asked_size(*m_request.system_disk_size, mapping.size);
        return mapping;
    }

    std::uint64_t asked_size(std::uint64_t asked, std::uint64_t needed)
    {
        std::string const name = parameter(0, "DiskImageSize");
        std::uint64_t least = 1;
        std::uint64_t most = 2048;
        if (m_profile != nullptr) {
            least = m_profile->limits.system_disk_min.value_or(gib) / gib;
            most = m_profile->limits.system_disk_max.value_or(UINT64_MAX) / gib;
        }
        if (asked < least || asked > most)
            complain(name, fmt::format("{} GiB is asked for; {} to {} GiB are allowed", asked, least, most));
        else if (asked < needed)
            complain(name, fmt::format("{} GiB is asked for, but the disk in the image needs {} GiB", asked, needed));
        else
            return asked;
        return needed;
    }

    void complain(std::string_view name, std::string message, std::string hint = {})
    {
        m_outcome.errors.push_back({.code = ErrorCode::usage,
                                    .message = std::move(message),
                                    .field = std::string(name),
                                    .hint = std::move(hint)});
    }

    void note(std::string text) { m_outcome.notes.push_back(std::move(text)); }

    const ImportRequest &m_request;
    const Inspection *m_inspection;
    const GuestFacts *m_guest = nullptr;
    const std::vector<ImportDisk> &m_disks;
    const Profile *m_profile;
    ImportOutcome m_outcome = {};
};

}  // namespace

const char *to_string(Role role)
{
    switch (role) {
    case Role::system: return "system";
    case Role::data: return "data";
    }
    return "";
}

ImportOutcome make_import_parameters(const ImportRequest &request, const Inspection *inspection,
                                     const std::vector<ImportDisk> &disks, const Profile *profile)
{
    return Maker(request, inspection, disks, profile).make();
}

}  // namespace imgport
