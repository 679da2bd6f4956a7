#include "format/vhdx_structure.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/crc32c.hpp"
#include "format/reading.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

// Section 2.2: where things lie.
constexpr std::array<std::uint64_t, 2> header_places{64 * kib, 128 * kib};
constexpr std::array<std::uint64_t, 2> region_table_places{192 * kib, 256 * kib};
constexpr std::size_t header_length = 4 * kib;
constexpr std::size_t table_length = 64 * kib;
constexpr std::uint32_t most_entries = 2047;

// The text form's first three groups are little-endian numbers ([MS-DTYP] 2.3.4.2).
constexpr Guid guid(std::uint32_t a, std::uint16_t b, std::uint16_t c, std::uint64_t d)
{
    Guid out{};
    for (std::size_t i = 0; i < 4; ++i)
        out[i] = static_cast<std::byte>(a >> (8 * i) & 0xff);
    for (std::size_t i = 0; i < 2; ++i) {
        out[4 + i] = static_cast<std::byte>(b >> (8 * i) & 0xff);
        out[6 + i] = static_cast<std::byte>(c >> (8 * i) & 0xff);
    }
    for (std::size_t i = 0; i < 8; ++i)
        out[8 + i] = static_cast<std::byte>(d >> (8 * (7 - i)) & 0xff);
    return out;
}

// Section 2.2.3.2, known regions.
constexpr Guid bat_region = guid(0x2dc27766, 0xf623, 0x4200, 0x9d64115e9bfd4a08);
constexpr Guid metadata_region = guid(0x8b7ca206, 0x4790, 0x4b9a, 0xb8fe575f050f886e);

// Section 2.6.2, known metadata items.
constexpr Guid file_parameters = guid(0xcaa16737, 0xfa36, 0x4d43, 0xb3b633f0aa44e76b);
constexpr Guid virtual_disk_size = guid(0x2fa54224, 0xcd1b, 0x4876, 0xb2115dbed83bf4b8);
constexpr Guid virtual_disk_id = guid(0xbeca12ab, 0xb2e6, 0x4523, 0x93efc309e000c746);
constexpr Guid logical_sector_size = guid(0x8141bf1d, 0xa96f, 0x4709, 0xba47f233a8faab5f);
constexpr Guid physical_sector_size = guid(0xcda348c7, 0x445d, 0x4471, 0x9cc9e9885251c556);
constexpr Guid parent_locator = guid(0xa8d35f2d, 0xb30b, 0x454d, 0xabf7d3d84834ab0c);

Guid guid_at(Bytes bytes, std::size_t offset)
{
    Guid out{};
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return out;
}

// The checksum covers the structure with its own four bytes, at 4, taken as zero.
bool checksum_valid(Bytes bytes)
{
    std::array<std::byte, 4> const zeros{};
    std::uint32_t crc = crc32c(0, bytes.first(4));
    crc = crc32c(crc, zeros);
    crc = crc32c(crc, bytes.subspan(8));
    return crc == load_le<std::uint32_t>(bytes, 4);
}

VhdxHeader parse_header(Bytes bytes, std::uint64_t place)
{
    VhdxHeader header;
    header.place = place;
    header.sequence_number = load_le<std::uint64_t>(bytes, 8);
    header.has_log = !all_zero(bytes.subspan(48, 16));
    header.version = load_le<std::uint16_t>(bytes, 66);
    header.log_length = load_le<std::uint32_t>(bytes, 68);
    header.log_offset = load_le<std::uint64_t>(bytes, 72);
    return header;
}

Result<VhdxRegions> parse_region_table(const Container &container, Bytes bytes, std::uint64_t place)
{
    auto const count = load_le<std::uint32_t>(bytes, 8);
    if (count > most_entries)
        return fail(
            malformed(fmt::format("{} is more than {}", count, most_entries), place + 8, "region table EntryCount"));
    VhdxRegions regions;
    for (std::uint32_t i = 0; i < count; ++i) {
        std::size_t const at = 16 + std::size_t{i} * 32;
        Guid const id = guid_at(bytes, at);
        VhdxRegion const region{place + at, load_le<std::uint64_t>(bytes, at + 16),
                                load_le<std::uint32_t>(bytes, at + 24)};
        bool const required = (load_le<std::uint32_t>(bytes, at + 28) & 1) != 0;
        if (id != bat_region && id != metadata_region) {
            regions.unknown_required |= required;
            continue;
        }
        if (region.offset < mib || region.offset % mib != 0 || region.length == 0 || region.length % mib != 0)
            return fail(malformed(
                fmt::format("the region of {} bytes at {} is not made of whole MiB", region.length, region.offset),
                place + at + 16, "region table FileOffset"));
        auto &slot = id == bat_region ? regions.bat : regions.metadata;
        if (slot)
            return fail(malformed("the same region is named twice", place + at, "region table Guid"));
        if (auto done =
                check_inside(container, region.offset, region.length, place + at + 16, "region table FileOffset");
            !done)
            return fail(done.error());
        slot = region;
    }
    return regions;
}

// Section 2.6.2.6: key-value pairs in UTF-16.
std::string parse_parent_locator(Bytes item)
{
    auto const count = read_le<std::uint16_t>(item, 18).value_or(0);
    std::string path;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t const at = 20 + i * 12;
        if (!range_inside(at, 12, item.size()))
            break;
        auto const text_at = [&](std::uint32_t offset, std::uint16_t length) {
            return range_inside(offset, length, item.size()) ? utf8_from_utf16le(item.subspan(offset, length))
                                                             : std::string();
        };
        std::string const key = text_at(load_le<std::uint32_t>(item, at), load_le<std::uint16_t>(item, at + 8));
        std::string value = text_at(load_le<std::uint32_t>(item, at + 4), load_le<std::uint16_t>(item, at + 10));
        if (key == "relative_path" || (key == "absolute_win32_path" && path.empty()))
            path = std::move(value);
    }
    return path;
}

// Takes one known item in; `item` holds all its bytes.
Result<void> take_item(const Guid &id, Bytes item, std::uint64_t place, VhdxMetadata &metadata)
{
    auto const too_short = [&](std::string_view field) {
        return fail(malformed(fmt::format("an item of {} bytes is too short", item.size()), place, std::string(field)));
    };
    if (id == file_parameters) {
        if (item.size() < 8)
            return too_short("File Parameters");
        auto const flags = load_le<std::uint32_t>(item, 4);
        metadata.block_size = load_le<std::uint32_t>(item, 0);
        metadata.leave_blocks_allocated = (flags & 1) != 0;
        metadata.has_parent = (flags & 2) != 0;
    } else if (id == virtual_disk_size) {
        if (item.size() < 8)
            return too_short("Virtual Disk Size");
        metadata.virtual_disk_size = load_le<std::uint64_t>(item, 0);
    } else if (id == logical_sector_size) {
        if (item.size() < 4)
            return too_short("Logical Sector Size");
        metadata.logical_sector_size = load_le<std::uint32_t>(item, 0);
    } else if (id == parent_locator) {
        metadata.parent = parse_parent_locator(item);
    }
    return {};
}

bool is_known_item(const Guid &id)
{
    static constexpr std::array<Guid, 6> known{file_parameters,     virtual_disk_size,    virtual_disk_id,
                                               logical_sector_size, physical_sector_size, parent_locator};
    return std::find(known.begin(), known.end(), id) != known.end();
}

}  // namespace

Result<std::optional<VhdxHeader>> read_vhdx_header(Container &container)
{
    std::optional<VhdxHeader> newest;
    bool complete = true;
    for (std::uint64_t const place : header_places) {
        auto const bytes = read_kept(container, place, header_length, "header");
        if (!bytes)
            return fail(bytes.error());
        complete = complete && *bytes;
        if (!*bytes || !begins_with(**bytes, "head") || !checksum_valid(**bytes))
            continue;
        VhdxHeader const header = parse_header(**bytes, place);
        if (!newest || header.sequence_number > newest->sequence_number)
            newest = header;
    }
    if (!complete)
        return std::optional<VhdxHeader>{};
    if (!newest)
        return fail(malformed("neither of the two headers has its signature and checksum", header_places[0], "header"));
    if (newest->version != 1)
        return fail(malformed(fmt::format("{} is not 1", newest->version), newest->place + 66, "header Version"));
    if (newest->has_log && newest->log_length != 0) {
        if (newest->log_offset < mib || newest->log_offset % mib != 0 || newest->log_length % mib != 0)
            return fail(malformed(fmt::format("the log of {} bytes at {} is not made of whole MiB", newest->log_length,
                                              newest->log_offset),
                                  newest->place + 72, "header LogOffset"));
        if (auto done =
                check_inside(container, newest->log_offset, newest->log_length, newest->place + 72, "header LogOffset");
            !done)
            return fail(done.error());
    }
    return newest;
}

Result<std::optional<VhdxRegions>> read_vhdx_regions(Container &container)
{
    for (std::uint64_t const place : region_table_places) {
        auto const bytes = read_kept(container, place, table_length, "region table");
        if (!bytes)
            return fail(bytes.error());
        if (!*bytes)
            return std::optional<VhdxRegions>{};
        if (!begins_with(**bytes, "regi") || !checksum_valid(**bytes))
            continue;
        auto regions = parse_region_table(container, **bytes, place);
        if (!regions)
            return fail(regions.error());
        return std::optional(std::move(*regions));
    }
    return fail(malformed("neither of the two region tables has its signature and checksum", region_table_places[0],
                          "region table"));
}

Result<std::optional<VhdxMetadata>> read_vhdx_metadata(Container &container, const VhdxRegion &region)
{
    auto const bytes = read_kept(container, region.offset, table_length, "metadata table");
    if (!bytes)
        return fail(bytes.error());
    if (!*bytes)
        return std::optional<VhdxMetadata>{};
    Bytes const table = **bytes;
    if (!begins_with(table, "metadata"))
        return fail(malformed("it is not 'metadata'", region.offset, "metadata table Signature"));
    auto const count = load_le<std::uint16_t>(table, 10);
    if (count > most_entries)
        return fail(malformed(fmt::format("{} is more than {}", count, most_entries), region.offset + 10,
                              "metadata table EntryCount"));
    VhdxMetadata metadata;
    for (std::uint32_t i = 0; i < count; ++i) {
        std::size_t const at = 32 + std::size_t{i} * 32;
        Guid const id = guid_at(table, at);
        std::uint64_t const offset = load_le<std::uint32_t>(table, at + 16);
        std::uint64_t const length = load_le<std::uint32_t>(table, at + 20);
        auto const flags = load_le<std::uint32_t>(table, at + 24);
        bool const is_user = (flags & 1) != 0;
        if (is_user || !is_known_item(id)) {
            metadata.unknown_required |= (flags & 4) != 0;
            continue;
        }
        // Section 2.6.1.2: an item is at most 1 MiB, and lies behind the table, in the region.
        if (length > mib || offset < table_length || !range_inside(offset, length, region.length))
            return fail(malformed(fmt::format("an item of {} bytes at {} leaves the region", length, offset),
                                  region.offset + at + 16, "metadata table Offset"));
        auto const item = read_kept(container, region.offset + offset, length, "metadata item");
        if (!item)
            return fail(item.error());
        if (!*item)
            return std::optional<VhdxMetadata>{};
        if (auto done = take_item(id, **item, region.offset + offset, metadata); !done)
            return fail(done.error());
    }
    return std::optional(std::move(metadata));
}

Result<void> check_vhdx_metadata(const VhdxMetadata &metadata, std::uint64_t place)
{
    auto const broken = [&](const char *field, std::string message) {
        return fail(malformed(std::move(message), place, field));
    };
    if (!metadata.block_size)
        return broken("File Parameters", "the item is missing");
    if (!metadata.virtual_disk_size)
        return broken("Virtual Disk Size", "the item is missing");
    if (!metadata.logical_sector_size)
        return broken("Logical Sector Size", "the item is missing");
    if (!is_power_of_two(*metadata.block_size) || *metadata.block_size < mib || *metadata.block_size > 256 * mib)
        return broken("BlockSize", fmt::format("{} is no power of two from 1 MiB to 256 MiB", *metadata.block_size));
    if (*metadata.logical_sector_size != 512 && *metadata.logical_sector_size != 4096)
        return broken("Logical Sector Size", fmt::format("{} is neither 512 nor 4096", *metadata.logical_sector_size));
    if (*metadata.virtual_disk_size == 0 || *metadata.virtual_disk_size % *metadata.logical_sector_size != 0)
        return broken("Virtual Disk Size", fmt::format("{} is not made of whole sectors", *metadata.virtual_disk_size));
    return {};
}

VhdxBatLayout vhdx_bat_layout(const VhdxMetadata &metadata)
{
    std::uint64_t const block = *metadata.block_size;
    std::uint64_t const size = *metadata.virtual_disk_size;
    VhdxBatLayout layout;
    layout.blocks = size / block + (size % block != 0 ? 1 : 0);
    layout.chunk_ratio = (std::uint64_t{1} << 23) * *metadata.logical_sector_size / block;
    std::uint64_t const chunks = (layout.blocks + layout.chunk_ratio - 1) / layout.chunk_ratio;
    layout.entries = metadata.has_parent ? chunks * (layout.chunk_ratio + 1)
                                         : layout.blocks + (layout.blocks - 1) / layout.chunk_ratio;
    return layout;
}

}  // namespace imgport
