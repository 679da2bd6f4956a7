#include "volume/lvm2_label.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <zlib.h>

#include "support/bytes.hpp"
#include "support/text.hpp"
#include "volume/volume_reader.hpp"

namespace imgport {
namespace {

constexpr std::size_t sector = 512;
constexpr std::uint64_t label_sectors = 4;
constexpr std::size_t area_header_size = 512;
constexpr std::string_view area_magic{" LVM2 x[5A%r0N*>"};
constexpr std::uint32_t ignored = 1;                        // raw_locn.flags
constexpr std::uint64_t longest_text = 8ULL * 1024 * 1024;  // some 20 000 logical volumes

struct Area {
    std::uint64_t offset = 0;  // bytes
    std::uint64_t size = 0;    // bytes
};

// A list of struct disk_locn that ends with an offset of zero; moves `at` past it. nullopt: it does not end.
std::optional<std::vector<Area>> areas_at(Bytes label, std::size_t &at)
{
    std::vector<Area> areas;
    for (;; at += 16) {
        auto const offset = read_le<std::uint64_t>(label, at);
        auto const size = read_le<std::uint64_t>(label, at + 8);
        if (!offset || !size)
            return std::nullopt;
        if (*offset == 0) {
            at += 16;
            return areas;
        }
        areas.push_back({*offset, *size});
    }
}

tl::unexpected<Error> broken(const Area &area, std::string message)
{
    return fail({ErrorCode::malformed, "the LVM2 metadata area: " + std::move(message), {}, area.offset, {}, {}});
}

// The text of one metadata area; nullopt where it has none, or is not in use.
Result<std::optional<std::string>> text_of_area(VolumeReader &reader, const Area &area)
{
    auto const header = reader.read(area.offset, area_header_size);
    if (!header)
        return broken(area, "lies outside the physical volume");
    if (text_of(*header).substr(4, area_magic.size()) != area_magic)
        return broken(area, "mda_header.magic is missing");
    if (load_le<std::uint32_t>(*header, 0) != lvm2_crc(text_of(*header).substr(4)))
        return broken(area, "mda_header.checksum_xl is wrong");
    auto const version = load_le<std::uint32_t>(*header, 20);
    auto const start = load_le<std::uint64_t>(*header, 24);
    auto const size = load_le<std::uint64_t>(*header, 32);
    if (version != 1)
        return fail(ErrorCode::unsupported, fmt::format("version {} of LVM2 metadata areas is not read", version));
    if (start != area.offset || size < area_header_size || !range_inside(start, size, reader.size()))
        return broken(area, fmt::format("it claims {} bytes at {}", size, start));

    // The first raw_locn is the committed one.
    auto const at = load_le<std::uint64_t>(*header, 40);
    auto const length = load_le<std::uint64_t>(*header, 48);
    auto const checksum = load_le<std::uint32_t>(*header, 56);
    if (at == 0 || (load_le<std::uint32_t>(*header, 60) & ignored) != 0)
        return std::nullopt;
    if (length > longest_text)
        return fail(ErrorCode::unsupported, fmt::format("LVM2 metadata of {} is not read", human_size(length)));
    if (at < area_header_size || at >= size || length > size - area_header_size)
        return broken(area, fmt::format("its text of {} bytes at {} leaves it", length, at));
    // The area is a ring behind its header.
    std::uint64_t const straight = std::min(length, size - at);
    std::string text;
    for (auto const &[from, count] : {Area{start + at, straight}, Area{start + area_header_size, length - straight}}) {
        if (count == 0)
            continue;
        auto const part = reader.read(from, static_cast<std::size_t>(count));
        if (!part)
            return broken(area, "its text cannot be read");
        text += text_of(*part);
    }
    if (lvm2_crc(text) != checksum)
        return broken(area, "the sum of its text is wrong");
    return text;
}

bool is_uuid(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '!' || c == '#';
    });
}

Result<Lvm2PhysicalVolume> read_header(VolumeReader &reader, Bytes label, std::size_t at)
{
    Lvm2PhysicalVolume volume;
    volume.uuid = text_of(label).substr(at, 32);
    if (!is_uuid(volume.uuid))
        return fail(ErrorCode::malformed, "the LVM2 label: pv_header.pv_uuid is none");
    volume.length = load_le<std::uint64_t>(label, at + 32);
    at += 40;
    auto const data_areas = areas_at(label, at);
    auto const metadata_areas = data_areas ? areas_at(label, at) : std::nullopt;
    if (!metadata_areas)
        return fail(ErrorCode::malformed, "the LVM2 label: pv_header.disk_areas_xl does not end");
    for (auto const &area : *metadata_areas) {
        auto text = text_of_area(reader, area);
        if (!text)
            volume.problems.push_back(std::move(text.error()));
        else if (*text)
            volume.texts.push_back(std::move(**text));
    }
    return volume;
}

}  // namespace

Result<Lvm2PhysicalVolume> read_lvm2_label(Disk &disk)
{
    VolumeReader reader(disk);
    Result<Lvm2PhysicalVolume> found = fail(ErrorCode::malformed, "there is no LVM2 label with a right sum");
    for (std::uint64_t number = 0; number < label_sectors; ++number) {
        auto const label = reader.read(number * sector, sector);
        if (!label || !begins_with(*label, "LABELONE") || text_of(*label).substr(24, 8) != "LVM2 001")
            continue;
        auto const at = load_le<std::uint32_t>(*label, 20);
        if (load_le<std::uint64_t>(*label, 8) != number || !range_inside(at, 40, sector) ||
            load_le<std::uint32_t>(*label, 16) != lvm2_crc(text_of(*label).substr(20)))
            continue;
        found = read_header(reader, *label, at);
        break;
    }
    if (reader.error())
        return fail(*reader.error());
    return found;
}

std::uint32_t lvm2_crc(std::string_view bytes)
{
    constexpr std::uint32_t initial = 0xf597a6cf;
    // zlib inverts before and after.
    return ~static_cast<std::uint32_t>(
        ::crc32(~initial, reinterpret_cast<const Bytef *>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::string lvm2_uuid_text(std::string_view uuid)
{
    std::string out;
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (i == 6 || i == 10 || i == 14 || i == 18 || i == 22 || i == 26)
            out += '-';
        out += uuid[i];
    }
    return out;
}

}  // namespace imgport
