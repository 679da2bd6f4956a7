#include "guest/device_spec.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "support/text.hpp"

namespace imgport {
namespace {

template <class Predicate>
const VolumeFacts *first_volume(const std::vector<VolumeFacts> &volumes, Predicate predicate)
{
    auto const found = std::find_if(volumes.begin(), volumes.end(), predicate);
    return found == volumes.end() ? nullptr : &*found;
}

const VolumeFacts *by_uuid(std::string_view uuid, const std::vector<VolumeFacts> &volumes)
{
    // UUIDs of FAT and NTFS are written in upper case, the others in lower case; users write either.
    std::string const wanted = to_lower(uuid);
    return first_volume(volumes, [&](auto &v) { return !wanted.empty() && to_lower(v.filesystem.uuid) == wanted; });
}

const VolumeFacts *by_label(std::string_view label, const std::vector<VolumeFacts> &volumes)
{
    return first_volume(volumes, [&](auto &v) { return !label.empty() && v.filesystem.label == label; });
}

const VolumeFacts *by_partition_uuid(std::string_view uuid, const std::vector<VolumeFacts> &volumes)
{
    std::string const wanted = to_lower(uuid);
    return first_volume(volumes, [&](auto &v) { return !wanted.empty() && to_lower(v.partition_uuid) == wanted; });
}

const VolumeFacts *by_partition_label(std::string_view label, const std::vector<VolumeFacts> &volumes)
{
    return first_volume(volumes, [&](auto &v) { return !label.empty() && v.partition_label == label; });
}

// The character that two hex digits at `at` mean.
std::optional<char> hex_character(std::string_view text, std::size_t at)
{
    if (at + 2 > text.size())
        return std::nullopt;
    int value = 0;
    for (char const c : to_lower(text.substr(at, 2))) {
        auto const digit = std::string_view("0123456789abcdef").find(c);
        if (digit == std::string_view::npos)
            return std::nullopt;
        value = value * 16 + static_cast<int>(digit);
    }
    return static_cast<char>(value);
}

// What stands for a character is `mark` and two hex digits.
std::string decode(std::string_view text, std::string_view mark)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const code = text.substr(i).starts_with(mark) ? hex_character(text, i + mark.size()) : std::nullopt;
        out += code.value_or(text[i]);
        i += code ? mark.size() + 1 : 0;
    }
    return out;
}
constexpr std::string_view udev_mark = "\\x";  // systemd's encode_devnode_name
constexpr std::string_view geom_mark = "%";    // FreeBSD's g_label_mangle_name

// The label of a filesystem of one kind: geom_label keeps a folder for each.
const VolumeFacts *by_label_of(std::string_view type, std::string_view label, const std::vector<VolumeFacts> &volumes)
{
    return first_volume(
        volumes, [&](auto &v) { return !label.empty() && v.filesystem.type == type && v.filesystem.label == label; });
}
const VolumeFacts *by_ufs_label(std::string_view label, const std::vector<VolumeFacts> &volumes)
{
    return by_label_of("ufs", label, volumes);
}
const VolumeFacts *by_fat_label(std::string_view label, const std::vector<VolumeFacts> &volumes)
{
    return by_label_of("vfat", label, volumes);
}
const VolumeFacts *by_ufs_id(std::string_view id, const std::vector<VolumeFacts> &volumes)
{
    return first_volume(volumes,
                        [&](auto &v) { return !id.empty() && v.filesystem.type == "ufs" && v.filesystem.uuid == id; });
}

bool is_partition_number(std::string_view text)
{
    auto const number = parse_number(text);
    return number && *number > 0 && *number <= 1024;
}

// The partition's number out of a kernel name of the first disk of its kind; 0 for the disk as a whole.
std::optional<std::uint32_t> number_on_first_disk(std::string_view name)
{
    for (std::string_view prefix : {"sda", "vda", "xvda", "hda", "nvme0n1p", "mmcblk0p", "nvme0n1", "mmcblk0"}) {
        if (!name.starts_with(prefix))
            continue;
        std::string_view const rest = name.substr(prefix.size());
        if (rest.empty())
            return 0;
        if (is_partition_number(rest))
            return static_cast<std::uint32_t>(*parse_number(rest));
    }
    return std::nullopt;
}

// device-mapper writes "-" inside a volume group's or volume's name as "--", and one "-" between the two.
std::optional<std::pair<std::string, std::string>> split_mapper_name(std::string_view name)
{
    std::string parts[2];
    std::size_t part = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '-') {
            parts[part] += name[i];
        } else if (i + 1 < name.size() && name[i + 1] == '-') {
            parts[part] += '-';
            ++i;
        } else if (++part == 2) {
            return std::nullopt;
        }
    }
    if (part != 1 || parts[0].empty() || parts[1].empty())
        return std::nullopt;
    return std::pair(parts[0], parts[1]);
}

// FreeBSD's name of something on the first disk of its kind: "ada0", "ada0p2" of a GPT, "ada0s1" of an MBR, and
// "ada0s1a" of the BSD disklabel in that slice, which is the partition's name then (volume/bsd_label.hpp).
const VolumeFacts *by_freebsd_name(std::string_view name, const std::vector<VolumeFacts> &volumes)
{
    for (std::string_view const disk : {"vtbd0", "ada0", "da0", "nda0", "nvd0", "ad0", "xbd0", "mmcsd0"}) {
        if (!name.starts_with(disk))
            continue;
        std::string_view const part = name.substr(disk.size());
        if (part.empty())
            return volume_of_partition(0, volumes);
        if (part.front() != 'p' && part.front() != 's')
            continue;
        std::string_view number = part.substr(1);
        bool const lettered = part.front() == 's' && !number.empty() && number.back() >= 'a' && number.back() <= 't';
        if (lettered) {
            if (auto const *found = by_partition_label(part, volumes))
                return found;
            number.remove_suffix(1);  // a filesystem that fills the slice is known as the slice
        }
        if (is_partition_number(number))
            return volume_of_partition(static_cast<std::uint32_t>(*parse_number(number)), volumes);
    }
    return nullptr;
}

}  // namespace

const VolumeFacts *volume_of_partition(std::uint32_t number, const std::vector<VolumeFacts> &volumes)
{
    if (number == 0)
        return first_volume(volumes, [](auto &v) { return v.kind == "disk"; });
    return first_volume(volumes, [&](auto &v) { return v.kind == "partition" && v.partition == number; });
}

const VolumeFacts *resolve_device(std::string_view spec, const std::vector<VolumeFacts> &volumes)
{
    using Finder = const VolumeFacts *(*)(std::string_view, const std::vector<VolumeFacts> &);
    struct Tag {
        std::string_view name;
        std::string_view folder;
        Finder find;
    };
    struct Folder {
        std::string_view path;
        Finder find;
    };
    constexpr Tag tags[] = {
        {"UUID=", "/dev/disk/by-uuid/", by_uuid},
        {"LABEL=", "/dev/disk/by-label/", by_label},
        {"PARTUUID=", "/dev/disk/by-partuuid/", by_partition_uuid},
        {"PARTLABEL=", "/dev/disk/by-partlabel/", by_partition_label},
    };
    // FreeBSD's geom_label(4).
    constexpr Folder folders[] = {
        {"/dev/ufs/", by_ufs_label},       {"/dev/ufsid/", by_ufs_id},         {"/dev/msdosfs/", by_fat_label},
        {"/dev/gpt/", by_partition_label}, {"/dev/gptid/", by_partition_uuid},
    };
    for (auto const &tag : tags) {
        if (spec.starts_with(tag.name)) {
            std::string_view value = spec.substr(tag.name.size());
            if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
                value = value.substr(1, value.size() - 2);
            return tag.find(value, volumes);
        }
        if (spec.starts_with(tag.folder))
            return tag.find(decode(spec.substr(tag.folder.size()), udev_mark), volumes);
    }
    for (auto const &folder : folders) {
        if (spec.starts_with(folder.path))
            return folder.find(decode(spec.substr(folder.path.size()), geom_mark), volumes);
    }
    if (!spec.starts_with("/dev/"))
        return nullptr;
    if (auto const *exact = first_volume(volumes, [&](auto &v) { return v.kind == "lvm" && v.device == spec; }))
        return exact;
    std::string_view const name = spec.substr(5);
    if (name.starts_with("mapper/")) {
        auto const parts = split_mapper_name(name.substr(7));
        if (!parts)
            return nullptr;
        return first_volume(volumes, [&](auto &v) {
            return v.kind == "lvm" && v.device == "/dev/" + parts->first + "/" + parts->second;
        });
    }
    auto const number = number_on_first_disk(name);
    return number ? volume_of_partition(*number, volumes) : by_freebsd_name(name, volumes);
}

}  // namespace imgport
