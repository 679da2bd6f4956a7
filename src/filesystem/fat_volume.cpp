#include "filesystem/fat_volume.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "support/bytes.hpp"

namespace imgport {
namespace {

constexpr std::size_t entry_size = 32;

// The largest number of clusters of each kind, page 15; FAT12 is what has fewer than 4085.
constexpr std::uint32_t most_clusters_12 = 4084;
constexpr std::uint32_t most_clusters_16 = 0xfff4;
constexpr std::uint32_t most_clusters_32 = 0x0ffffff6;

tl::unexpected<Error> wrong(std::uint64_t offset, std::string field, std::uint64_t value)
{
    Error error{ErrorCode::malformed, fmt::format("the boot sector's {} is {}", field, value)};
    error.offset = offset;
    error.field = std::move(field);
    return fail(std::move(error));
}

Result<FatLayout> layout_of(Bytes boot)
{
    std::uint32_t const sector = load_le<std::uint16_t>(boot, 11);
    std::uint32_t const per_cluster = load_le<std::uint8_t>(boot, 13);
    std::uint64_t const reserved = load_le<std::uint16_t>(boot, 14);
    std::uint64_t const tables = load_le<std::uint8_t>(boot, 16);
    std::uint32_t const root_entries = load_le<std::uint16_t>(boot, 17);
    std::uint32_t const sectors_16 = load_le<std::uint16_t>(boot, 19);
    auto const media = load_le<std::uint8_t>(boot, 21);
    std::uint32_t const table_sectors_16 = load_le<std::uint16_t>(boot, 22);
    std::uint32_t const sectors = sectors_16 != 0 ? sectors_16 : load_le<std::uint32_t>(boot, 32);
    bool const is_32 = table_sectors_16 == 0;
    std::uint64_t const table_sectors = is_32 ? load_le<std::uint32_t>(boot, 36) : table_sectors_16;

    if (!is_power_of_two(sector) || sector < 512 || sector > 4096)
        return wrong(11, "BPB_BytsPerSec", sector);
    if (!is_power_of_two(per_cluster))
        return wrong(13, "BPB_SecPerClus", per_cluster);
    if (reserved == 0)
        return wrong(14, "BPB_RsvdSecCnt", reserved);
    if (tables == 0)
        return wrong(16, "BPB_NumFATs", tables);
    if (root_entries % (sector / entry_size) != 0)
        return wrong(17, "BPB_RootEntCnt", root_entries);
    if (media != 0xf0 && media < 0xf8)
        return wrong(21, "BPB_Media", media);
    if (table_sectors == 0)
        return wrong(36, "BPB_FATSz32", table_sectors);
    std::uint64_t const root_size = std::uint64_t{root_entries} * entry_size;
    std::uint64_t const data_sector = reserved + tables * table_sectors + root_size / sector;
    if (data_sector >= sectors)
        return wrong(32, "BPB_TotSec", sectors);

    FatLayout l;
    l.cluster_size = sector * per_cluster;
    l.table = reserved * sector;
    l.root = (reserved + tables * table_sectors) * sector;
    l.root_size = is_32 ? 0 : static_cast<std::uint32_t>(root_size);
    l.root_cluster = is_32 ? load_le<std::uint32_t>(boot, 44) : 0;
    l.data = data_sector * sector;
    std::uint64_t clusters = (sectors - data_sector) / per_cluster;
    l.bits = is_32 ? 32 : clusters > most_clusters_12 ? 16 : 12;
    // A table that is too short leaves the rest of the clusters out.
    std::uint64_t const entries = table_sectors * sector * 8 / static_cast<unsigned>(l.bits);
    clusters = std::min(clusters, entries - 2);
    if (clusters > (l.bits == 32 ? most_clusters_32 : most_clusters_16))
        return wrong(32, "BPB_TotSec", sectors);
    l.clusters = static_cast<std::uint32_t>(clusters);
    return l;
}

}  // namespace

Result<std::shared_ptr<FatVolume>> FatVolume::open(std::shared_ptr<Disk> disk)
{
    std::array<std::byte, 512> boot{};
    if (disk->size() < boot.size())
        return fail(ErrorCode::malformed, "the volume is shorter than a boot sector");
    if (auto const read = disk->read(0, boot); !read)
        return fail(read.error());
    auto const layout = layout_of(boot);
    if (!layout)
        return fail(layout.error());
    std::shared_ptr<FatVolume> volume(new FatVolume(std::move(disk), *layout));
    if (layout->bits == 32 && !volume->holds(layout->root_cluster))
        return wrong(44, "BPB_RootClus", layout->root_cluster);
    return volume;
}

Result<std::optional<std::uint32_t>> FatVolume::after(std::uint32_t cluster) const
{
    std::uint64_t const at = m_layout.table + (m_layout.bits == 12   ? std::uint64_t{cluster} * 3 / 2
                                               : m_layout.bits == 16 ? std::uint64_t{cluster} * 2
                                                                     : std::uint64_t{cluster} * 4);
    std::array<std::byte, 4> raw{};
    auto const read = m_disk->read(at, std::span(raw).first(m_layout.bits == 32 ? 4 : 2));
    if (!read)
        return fail(read.error());
    std::uint32_t next = load_le<std::uint32_t>(raw, 0);
    // The bad mark (0x...7) ends a chain too, as it does on Linux.
    std::uint32_t end = 0xfff7;
    if (m_layout.bits == 12) {
        next = cluster % 2 == 0 ? next & 0xfff : next >> 4;
        end = 0xff7;
    } else if (m_layout.bits == 32) {
        next &= 0x0fffffff;
        end = 0x0ffffff7;
    }
    if (next >= end)
        return std::nullopt;
    if (!holds(next))
        return fail(ErrorCode::malformed,
                    fmt::format("the FAT's entry for cluster {} at byte {} is {}: no cluster", cluster, at, next));
    return next;
}

Result<std::optional<std::uint32_t>> FatChain::next()
{
    if (!m_next)
        return std::nullopt;
    std::uint32_t const cluster = *m_next;
    if (!m_volume->holds(cluster))
        return fail(ErrorCode::malformed,
                    fmt::format("its first cluster is {}, which the volume does not have", cluster));
    auto const following = m_volume->after(cluster);
    if (!following)
        return fail(following.error());
    m_next = *following;
    if (m_next == m_mark)
        return fail(ErrorCode::malformed, fmt::format("its chain of clusters comes back to cluster {}", m_mark));
    if (m_next && ++m_steps == m_limit) {
        m_mark = *m_next;
        m_steps = 0;
        m_limit *= 2;
    }
    return cluster;
}

}  // namespace imgport
