#include "rules/device_names.hpp"

#include <algorithm>
#include <array>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::array<std::string_view, 4> tags{"UUID", "LABEL", "PARTUUID", "PARTLABEL"};

std::string_view without_quotes(std::string_view text)
{
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
        return text.substr(1, text.size() - 2);
    return text;
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

// The kernel's names for disks, without "/dev/" (Linux Documentation/admin-guide/devices.txt; FreeBSD's disk drivers).
bool is_machine_name(std::string_view name)
{
    for (std::string_view const prefix : {"sd", "hd", "xvd", "vd", "ubd", "dasd"}) {
        if (!name.starts_with(prefix) || name.size() == prefix.size())
            continue;
        auto const rest = name.substr(prefix.size());
        auto const digits = std::find_if_not(rest.begin(), rest.end(), is_letter);
        if (digits != rest.begin() && std::all_of(digits, rest.end(), is_digit))
            return true;
    }
    for (std::string_view const prefix : {"nvme", "mmcblk", "ada", "da", "ad", "vtbd", "nvd", "nda"}) {
        if (name.starts_with(prefix) && name.size() > prefix.size() && is_digit(name[prefix.size()]))
            return true;
    }
    return name.starts_with("cciss/") || name.starts_with("ida/") || name.starts_with("disk/by-path/") ||
           name.starts_with("disk/by-id/");
}

bool is_removable_name(std::string_view name)
{
    return name.starts_with("sr") || name.starts_with("scd") || name.starts_with("cdrom") || name.starts_with("dvd") ||
           name.starts_with("fd") || name.starts_with("floppy") || name.starts_with("cd0") || name.starts_with("acd");
}

// What udev writes into /dev/disk/by-label for characters it does not allow: \x20 for a blank (udev's
// encode_devnode_name); fstab has \040 for the same (fstab(5)).
std::string unescape(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const digits = [&](std::size_t from, std::size_t count, int base) -> int {
            if (from + count > text.size())
                return -1;
            int value = 0;
            for (char const c : text.substr(from, count)) {
                int const digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
                if (digit >= base)
                    return -1;
                value = value * base + digit;
            }
            return value < 256 ? value : -1;
        };
        int value = -1;
        if (text[i] == '\\' && i + 1 < text.size())
            value = text[i + 1] == 'x' ? digits(i + 2, 2, 16) : digits(i + 1, 3, 8);
        out += value < 0 ? text[i] : static_cast<char>(value);
        if (value >= 0)
            i += 3;  // both are four characters long
    }
    return out;
}

// "vg--a-root" of /dev/mapper is logical volume "root" of group "vg-a" (lvm(8): hyphens are doubled).
std::string mapper_name(std::string_view device)
{
    device.remove_prefix(std::min<std::size_t>(device.size(), std::string_view("/dev/").size()));
    std::string out;
    for (char const c : device) {
        if (c == '-')
            out += "--";
        else
            out += c == '/' ? '-' : c;
    }
    return out;
}

}  // namespace

DeviceName parse_device_name(std::string_view text)
{
    text = without_quotes(text);
    if (auto const equals = text.find('='); equals != std::string_view::npos) {
        std::string const kind = to_upper(text.substr(0, equals));
        if (std::find(tags.begin(), tags.end(), kind) != tags.end())
            return {DeviceNaming::tag, kind, unescape(without_quotes(text.substr(equals + 1)))};
    }
    std::string const whole(text);
    if (!text.starts_with("/dev/"))
        return {DeviceNaming::other, {}, whole};
    std::string_view const name = text.substr(std::string_view("/dev/").size());
    for (std::string_view const tag : tags) {
        std::string const folder = "disk/by-" + to_lower(tag) + "/";
        if (name.starts_with(folder))
            return {DeviceNaming::tag, std::string(tag), unescape(name.substr(folder.size()))};
    }
    if (is_machine_name(name))
        return {DeviceNaming::unstable, {}, whole};
    if (is_removable_name(name))
        return {DeviceNaming::removable, {}, whole};
    if (name.starts_with("mapper/"))
        return {DeviceNaming::mapper, {}, whole};
    // /dev/VG/LV has two components; FreeBSD's labels and a few virtual devices look the same and are not LVM.
    for (std::string_view const folder : {"disk/", "gpt/", "gptid/", "ufs/", "ufsid/", "label/", "zvol/", "md/"}) {
        if (name.starts_with(folder))
            return {DeviceNaming::other, {}, whole};
    }
    auto const slash = name.find('/');
    bool const two_parts = slash != std::string_view::npos && slash + 1 < name.size() &&
                           name.find('/', slash + 1) == std::string_view::npos;
    return {two_parts ? DeviceNaming::mapper : DeviceNaming::other, {}, whole};
}

const VolumeFacts *find_volume(const Inspection &inspection, const DeviceName &name)
{
    // "PARTUUID=.../PARTNROFF=1" counts from the named partition (Linux, block/early-lookup.c).
    std::string_view const wanted = std::string_view(name.value).substr(0, name.value.find("/PARTNROFF="));
    auto const means = [&](const VolumeFacts &volume) {
        if (name.naming == DeviceNaming::mapper) {
            constexpr std::string_view folder = "/dev/mapper/";
            return volume.device == name.value ||
                   (volume.kind == "lvm" && name.value.starts_with(folder) &&
                    mapper_name(volume.device) == std::string_view(name.value).substr(folder.size()));
        }
        if (name.naming != DeviceNaming::tag || wanted.empty())
            return false;
        if (name.kind == "UUID")
            return to_lower(volume.filesystem.uuid) == to_lower(wanted);
        if (name.kind == "LABEL")
            return volume.filesystem.label == wanted;
        if (name.kind == "PARTUUID")
            return to_lower(volume.partition_uuid) == to_lower(wanted);
        return volume.partition_label == wanted;
    };
    auto const found = std::find_if(inspection.volumes.begin(), inspection.volumes.end(), means);
    return found == inspection.volumes.end() ? nullptr : &*found;
}

}  // namespace imgport
