// What the extents of a VMDK descriptor lead to. An image may not make us open anything: see CVE-2022-47951, where a
// flat extent named any file of the host.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sys/stat.h>

#include "format/reading.hpp"
#include "format/vmdk_descriptor.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Names by the hazard that they amount to; each hazard is reported once.
struct ExtentNames {
    std::vector<std::string> devices = {};
    std::vector<std::string> paths = {};
    std::vector<std::string> missing = {};
    std::vector<std::string> not_allowed = {};
    std::vector<std::string> allowed = {};
    std::vector<std::string> unsupported = {};  // types, not names
};

// The rest of a long list helps nobody.
constexpr std::size_t names_shown = 16;

std::string list(const std::vector<std::string> &names, std::string_view prefix, bool quote)
{
    std::vector<std::string> shown;
    for (auto const &name : names) {
        if (shown.size() == names_shown)
            break;
        shown.push_back(std::string(prefix) + (quote ? quoted(name) : printable(name, 256)));
    }
    std::string text = join(shown, quote ? ", " : " ");
    if (names.size() > shown.size())
        text += fmt::format(" and {} more", names.size() - shown.size());
    return text;
}

bool is_device(const VmdkExtent &extent)
{
    std::string const name = to_lower(extent.file);
    return extent.type == "VMFSRDM" || extent.type == "VMFSRAW" || name.starts_with("/dev/") ||
           name.starts_with("\\\\.\\");
}

// Types that QEMU opens as a plain part of the disk. It passes over the others, and over those that are not RW, and
// the disk would be short.
bool is_supported(const VmdkExtent &extent)
{
    static constexpr std::array<std::string_view, 3> types{"FLAT", "SPARSE", "VMFS"};
    return extent.access == "RW" && std::find(types.begin(), types.end(), extent.type) != types.end();
}

struct Beside {
    bool exists = false;     // as a regular file, no symbolic link
    std::uint64_t size = 0;  // bytes
};

Beside look_beside(const std::string &image, const std::string &name)
{
    struct stat st {};
    std::string const path = dir_name(image) + "/" + name;
    if (::lstat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode))
        return {};
    return {true, static_cast<std::uint64_t>(st.st_size)};
}

Result<void> check_length(const VmdkExtent &extent, std::uint64_t size, std::uint64_t offset)
{
    if (extent.type == "SPARSE")
        return {};
    auto const sectors = checked_add(extent.offset, extent.sectors);
    auto const end = sectors ? checked_mul(*sectors, sector_size) : std::nullopt;
    if (end && *end <= size)
        return {};
    return fail(malformed(
        fmt::format("{} has {} bytes, fewer than the descriptor says: it is cut short", quoted(extent.file), size),
        offset, "extent description"));
}

void add_hazards(const ExtentNames &names, bool wrapped, ImageFacts &facts)
{
    auto const add = [&](const char *id, HazardSeverity severity, const std::vector<std::string> &found,
                         std::string message) {
        if (!found.empty())
            add_hazard(facts, id, severity, std::move(message));
    };
    add("extent-device", HazardSeverity::refuse, names.devices,
        fmt::format("its data is on a device: {}", list(names.devices, "", true)));
    add("extent-path", HazardSeverity::refuse, names.paths,
        fmt::format("its data is outside its own folder: {}", list(names.paths, "", true)));
    add("missing-extent", HazardSeverity::refuse, names.missing,
        fmt::format("its data is missing: there is no regular file {} beside it", list(names.missing, "", true)));
    add("unsupported", HazardSeverity::refuse, names.unsupported,
        fmt::format("has extents that cannot be read: {}; clone the disk with vmkfstools or ovftool first",
                    list(names.unsupported, "", true)));
    add("extent-file", HazardSeverity::note, names.allowed,
        fmt::format("its data is in {}, as allowed", list(names.allowed, "", true)));
    if (wrapped)
        add("extent-file", HazardSeverity::refuse, names.not_allowed,
            fmt::format("its data is in {}, which is not followed inside of an archive; unpack the archive first",
                        list(names.not_allowed, "", true)));
    else
        add("extent-file", HazardSeverity::refuse, names.not_allowed,
            fmt::format("its data is in {}; if it is yours: {}", list(names.not_allowed, "", true),
                        list(names.not_allowed, "--allow-extent ", false)));
}

}  // namespace

bool has_path(std::string_view name)
{
    return name.find_first_of("/\\") != std::string_view::npos || name == "..";
}

Result<void> check_vmdk_extents(const Container &container, const AllowedFiles &allowed,
                                const VmdkDescriptor &descriptor, ImageFacts &facts)
{
    ExtentNames names;
    bool const wrapped = container.path().empty();
    Result<void> result;
    for (std::size_t i = 0; i < descriptor.extents.size(); ++i) {
        VmdkExtent const &extent = descriptor.extents[i];
        if (is_device(extent)) {
            names.devices.push_back(extent.file);
        } else if (!is_supported(extent)) {
            names.unsupported.push_back(extent.access + " " + extent.type);
        } else if (!is_plain_name(extent.file)) {
            names.paths.push_back(extent.file);
        } else if (wrapped) {
            names.not_allowed.push_back(extent.file);
        } else {
            Beside const file = look_beside(container.path(), extent.file);
            bool const named =
                std::find(allowed.extents.begin(), allowed.extents.end(), extent.file) != allowed.extents.end();
            (!file.exists ? names.missing : named ? names.allowed : names.not_allowed).push_back(extent.file);
            if (file.exists && result)
                result = check_length(extent, file.size, descriptor.extent_offsets[i]);
        }
    }
    add_hazards(names, wrapped, facts);
    return result;
}

}  // namespace imgport
