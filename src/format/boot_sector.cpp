#include "format/boot_sector.hpp"

#include <algorithm>

#include "format/reading.hpp"

namespace imgport {
namespace {

constexpr std::size_t table_offset = 446;

bool has_signature(Bytes sector)
{
    return sector.size() >= sector_size && sector[510] == std::byte{0x55} && sector[511] == std::byte{0xaa};
}

// The fields that every FAT boot sector has: Microsoft "FAT: General Overview of On-Disk Format" 1.03, "Boot Sector
// and BPB". The signature is not among them: floppies of old lack it.
bool is_fat(Bytes sector)
{
    auto const byte = [&](std::size_t at) { return static_cast<std::uint8_t>(sector[at]); };
    auto const bytes_per_sector = load_le<std::uint16_t>(sector, 11);
    auto const sectors_per_cluster = byte(13);
    auto const reserved = load_le<std::uint16_t>(sector, 14);
    auto const fats = byte(16);
    auto const media = byte(21);
    auto const root_entries = load_le<std::uint16_t>(sector, 17);
    std::uint32_t const fat_sectors_16 = load_le<std::uint16_t>(sector, 22);
    std::uint32_t const fat_sectors_32 = load_le<std::uint32_t>(sector, 36);
    std::uint32_t const sectors_16 = load_le<std::uint16_t>(sector, 19);
    std::uint32_t const sectors_32 = load_le<std::uint32_t>(sector, 32);
    bool const jump = byte(0) == 0xeb || byte(0) == 0xe9;
    bool const named = text_of(sector.subspan(54, 3)) == "FAT" || text_of(sector.subspan(82, 3)) == "FAT";
    return (jump || named) && is_power_of_two(bytes_per_sector) && bytes_per_sector >= 512 &&
           bytes_per_sector <= 4096 && is_power_of_two(sectors_per_cluster) && reserved != 0 &&
           (fats == 1 || fats == 2) && (media == 0xf0 || media >= 0xf8) && (fat_sectors_16 | fat_sectors_32) != 0 &&
           (fat_sectors_16 == 0 || root_entries != 0) && (sectors_16 | sectors_32) != 0;
}

bool looks_like_partition(const MbrEntry &entry)
{
    return entry.type != 0 && entry.sectors != 0;
}

}  // namespace

std::string boot_sector_filesystem(Bytes sector)
{
    if (sector.size() < sector_size)
        return "";
    std::string_view const name = text_of(sector.subspan(3, 8));
    if (name == "-FVE-FS-")
        return "BitLocker";
    if (name == "EXFAT   ")
        return "exfat";
    if (name == "NTFS    ")
        return "ntfs";
    return is_fat(sector) ? "vfat" : "";
}

std::optional<PartitionTable> partition_table_of(Bytes sector)
{
    if (!has_signature(sector) || !boot_sector_filesystem(sector).empty())
        return std::nullopt;
    PartitionTable table;
    for (std::size_t i = 0; i < table.entries.size(); ++i) {
        std::size_t const at = table_offset + i * 16;
        MbrEntry &entry = table.entries[i];
        entry.status = static_cast<std::uint8_t>(sector[at]);
        entry.type = static_cast<std::uint8_t>(sector[at + 4]);
        entry.first = load_le<std::uint32_t>(sector, at + 8);
        entry.sectors = load_le<std::uint32_t>(sector, at + 12);
        if (entry.status != 0 && entry.status != 0x80)
            return std::nullopt;
    }
    if (std::none_of(table.entries.begin(), table.entries.end(), looks_like_partition))
        return std::nullopt;
    return table;
}

bool is_empty_mbr(Bytes sector)
{
    return has_signature(sector) && all_zero(sector.subspan(table_offset, 64));
}

}  // namespace imgport
