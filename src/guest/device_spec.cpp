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

// udev writes what is special in a name as \xHH (systemd's encode_devnode_name).
std::string decode_udev(std::string_view text)
{
    auto const digit = [](char c) {
        auto const at = std::string_view("0123456789abcdef").find(c);
        return at == std::string_view::npos ? -1 : static_cast<int>(at);
    };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("\\x") && i + 3 < text.size() && digit(text[i + 2]) >= 0 &&
            digit(text[i + 3]) >= 0) {
            out += static_cast<char>(digit(text[i + 2]) * 16 + digit(text[i + 3]));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

// The partition's number out of a kernel name of the first disk of its kind; 0 for the disk as a whole.
std::optional<std::uint32_t> number_on_first_disk(std::string_view name)
{
    for (std::string_view prefix : {"sda", "vda", "xvda", "hda", "nvme0n1p", "mmcblk0p", "nvme0n1", "mmcblk0",
                                    // FreeBSD names (GPT "p", MBR slice "s")
                                    "vtbd0p", "da0p", "ada0p", "vtbd0s", "da0s", "ada0s"}) {
        if (!name.starts_with(prefix))
            continue;
        std::string_view rest = name.substr(prefix.size());
        if (rest.empty())
            return 0;
        // "ada0s1a": the BSD label's letter inside the slice.
        if (prefix.ends_with('s') && rest.back() >= 'a' && rest.back() <= 'h')
            rest.remove_suffix(1);
        auto const number = parse_number(rest);
        if (number && *number > 0 && *number <= 1024)
            return static_cast<std::uint32_t>(*number);
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
    constexpr Tag tags[] = {
        {"UUID=", "/dev/disk/by-uuid/", by_uuid},
        {"LABEL=", "/dev/disk/by-label/", by_label},
        {"PARTUUID=", "/dev/disk/by-partuuid/", by_partition_uuid},
        {"PARTLABEL=", "/dev/disk/by-partlabel/", by_partition_label},
        // FreeBSD's glabel names.
        {"UFSLABEL=", "/dev/ufs/", by_label},
        {"GPTLABEL=", "/dev/gpt/", by_partition_label},
    };
    for (auto const &tag : tags) {
        if (spec.starts_with(tag.name)) {
            std::string_view value = spec.substr(tag.name.size());
            if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
                value = value.substr(1, value.size() - 2);
            return tag.find(value, volumes);
        }
        if (spec.starts_with(tag.folder))
            return tag.find(decode_udev(spec.substr(tag.folder.size())), volumes);
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
    return number ? volume_of_partition(*number, volumes) : nullptr;
}

}  // namespace imgport
