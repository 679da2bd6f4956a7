// FAT12, FAT16 and FAT32: Microsoft's "FAT32 File System Specification", version 1.03.
#include <fmt/format.h>

#include "format/boot_sector.hpp"
#include "volume/fields.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

struct Layout {
    std::uint32_t sector = 0;   // bytes
    std::uint32_t cluster = 0;  // bytes
    std::uint64_t fat = 0;      // offset, bytes
    std::uint64_t root = 0;     // offset of the root directory of FAT12 and FAT16
    std::uint32_t root_entries = 0;
    std::uint64_t data = 0;  // offset of cluster 2
    std::uint64_t sectors = 0;
    std::uint32_t clusters = 0;
    int bits = 0;  // 12, 16, 32
};

std::optional<Layout> layout_of(Bytes boot)
{
    Layout l;
    l.sector = load_le<std::uint16_t>(boot, 11);
    l.cluster = l.sector * load_le<std::uint8_t>(boot, 13);
    std::uint64_t const reserved = load_le<std::uint16_t>(boot, 14);
    std::uint64_t const fats = load_le<std::uint8_t>(boot, 16);
    l.root_entries = load_le<std::uint16_t>(boot, 17);
    l.sectors = load_le<std::uint16_t>(boot, 19);
    if (l.sectors == 0)
        l.sectors = load_le<std::uint32_t>(boot, 32);
    std::uint64_t fat_sectors = load_le<std::uint16_t>(boot, 22);
    bool const is_32 = fat_sectors == 0;
    if (is_32)
        fat_sectors = load_le<std::uint32_t>(boot, 36);
    std::uint64_t const root_sectors = (l.root_entries * 32ULL + l.sector - 1) / l.sector;
    std::uint64_t const meta = reserved + fats * fat_sectors + root_sectors;
    if (fat_sectors == 0 || meta >= l.sectors)
        return std::nullopt;
    l.clusters = static_cast<std::uint32_t>((l.sectors - meta) / (l.cluster / l.sector));
    l.bits = is_32 ? 32 : l.clusters < 4085 ? 12 : 16;  // page 14
    l.fat = reserved * l.sector;
    l.root = (reserved + fats * fat_sectors) * l.sector;
    l.data = meta * l.sector;
    return l;
}

// The entry with the volume attribute; `end` where the directory ends.
struct LabelSearch {
    std::string label;
    bool end = false;
};
LabelSearch search_label(Bytes directory)
{
    for (std::size_t at = 0; at + 32 <= directory.size(); at += 32) {
        auto const first = load_le<std::uint8_t>(directory, at);
        auto const attributes = load_le<std::uint8_t>(directory, at + 11);
        if (first == 0)
            return {"", true};
        // 0x0f marks a piece of a long name.
        if (first != 0xe5 && (attributes & 0x3f) != 0x0f && (attributes & 0x18) == 0x08)
            return {label_text(directory.subspan(at, 11)), true};
    }
    return {};
}

std::string root_label(VolumeReader &volume, Bytes boot, const Layout &l)
{
    constexpr int most_clusters = 64;
    if (l.bits != 32) {
        auto const root = volume.read(l.root, l.root_entries * std::size_t{32});
        return root ? search_label(*root).label : "";
    }
    std::uint32_t cluster = load_le<std::uint32_t>(boot, 44);
    for (int i = 0; i < most_clusters && cluster >= 2 && cluster - 2 < l.clusters; ++i) {
        auto const directory = volume.read(l.data + (cluster - 2) * std::uint64_t{l.cluster}, l.cluster);
        if (!directory)
            return "";
        if (auto const found = search_label(*directory); found.end)
            return found.label;
        auto const next = volume.read(l.fat + cluster * 4ULL, 4);
        if (!next)
            return "";
        cluster = load_le<std::uint32_t>(*next, 0) & 0x0fffffff;
    }
    return "";
}

std::optional<std::uint64_t> free_clusters(VolumeReader &volume, Bytes boot, const Layout &l)
{
    if (l.bits == 32) {
        auto const info = volume.read(load_le<std::uint16_t>(boot, 48) * std::uint64_t{l.sector}, 512);
        if (!info || !begins_with(*info, "RRaA") || text_of(*info).substr(484, 4) != "rrAa")
            return std::nullopt;
        auto const count = load_le<std::uint32_t>(*info, 488);
        return count <= l.clusters ? std::optional<std::uint64_t>(count) : std::nullopt;
    }
    // At most 65524 entries of 16 bits.
    std::size_t const entries = std::size_t{l.clusters} + 2;
    auto const fat = volume.read(l.fat, l.bits == 16 ? entries * 2 : (entries * 3 + 1) / 2);
    if (!fat)
        return std::nullopt;
    std::uint64_t free = 0;
    for (std::size_t i = 2; i < entries; ++i) {
        std::uint32_t value = 0;
        if (l.bits == 16) {
            value = load_le<std::uint16_t>(*fat, i * 2);
        } else {
            auto const low = load_le<std::uint8_t>(*fat, i * 3 / 2);
            auto const high = load_le<std::uint8_t>(*fat, i * 3 / 2 + 1);
            value = i % 2 == 0 ? low | (high & 0xfU) << 8 : low >> 4 | static_cast<std::uint32_t>(high) << 4;
        }
        free += value == 0;
    }
    return free;
}

// Linux sets a bit in the boot sector while the volume is mounted, Windows clears one in FAT[1].
bool is_dirty(VolumeReader &volume, Bytes boot, const Layout &l)
{
    if ((load_le<std::uint8_t>(boot, l.bits == 32 ? 0x41 : 0x25) & 1) != 0)
        return true;
    if (l.bits == 16) {
        auto const entry = volume.read(l.fat + 2, 2);
        return entry && (load_le<std::uint16_t>(*entry, 0) & 0x8000) == 0;
    }
    if (l.bits == 32) {
        auto const entry = volume.read(l.fat + 4, 4);
        return entry && (load_le<std::uint32_t>(*entry, 0) & 0x08000000) == 0;
    }
    return false;
}

}  // namespace

std::optional<FilesystemFacts> read_fat_boot_sector(VolumeReader &volume)
{
    auto const boot = volume.read(0, 512);
    // It makes sure that the sizes of a sector and a cluster can be divided by.
    if (!boot || boot_sector_filesystem(*boot) != "vfat")
        return std::nullopt;
    auto const layout = layout_of(*boot);
    if (!layout)
        return std::nullopt;
    std::size_t const extended = layout->bits == 32 ? 66 : 38;  // the extended boot signature

    FilesystemFacts facts;
    facts.type = "vfat";
    auto const signature = load_le<std::uint8_t>(*boot, extended);
    if (signature == 0x28 || signature == 0x29) {
        auto const serial = load_le<std::uint32_t>(*boot, extended + 1);
        if (serial != 0)
            facts.uuid = fmt::format("{:04X}-{:04X}", serial >> 16, serial & 0xffff);
    }
    facts.label = root_label(volume, *boot, *layout);
    facts.block_size = layout->cluster;
    facts.size = product(layout->sectors, layout->sector);
    if (auto const free = free_clusters(volume, *boot, *layout))
        facts.free = product(*free, layout->cluster);
    facts.features.push_back(fmt::format("FAT{}", layout->bits));
    facts.clean = true;
    if (is_dirty(volume, *boot, *layout))
        mark_unclean(facts, "not cleanly unmounted");
    if (facts.size && *facts.size > volume.size())
        mark_unclean(facts, fmt::format("the filesystem has {} bytes, the volume {}", *facts.size, volume.size()));
    return facts;
}

}  // namespace imgport
