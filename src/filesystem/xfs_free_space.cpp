// The free blocks of XFS: "XFS Algorithms & Data Structures", third edition, chapter "Allocation Groups", sections on
// the AGF, the AGFL and the free space B+trees. Each group has a tree of its free extents by block number; what is not
// in it is used, the blocks that the trees keep for their own growth (the AGFL) too. All numbers are big-endian.
#include <algorithm>

#include <fmt/format.h>

#include <imgport/progress.hpp>

#include "filesystem/free_ranges.hpp"
#include "filesystem/free_space.hpp"
#include "filesystem/xfs_volume.hpp"

namespace imgport {
namespace {

constexpr std::uint32_t agf_magic = 0x58414746;   // "XAGF"
constexpr std::uint32_t agfl_magic = 0x5841464c;  // "XAFL"
constexpr std::size_t agf_checksum = 216;
constexpr std::size_t agfl_header = 36;  // version 5 only
constexpr std::size_t agfl_checksum = 32;
constexpr std::uint32_t header_sectors = 4;  // superblock, AGF, AGI, AGFL
constexpr std::uint32_t most_levels = 9;     // XFS_BTREE_MAXLEVELS
constexpr std::size_t record_size = 8;       // a first block and a count; also a key
constexpr std::size_t pointer_size = 4;
constexpr std::size_t most_extents = std::size_t{1} << 21;  // of one group: 16 MiB of memory

struct BlockLayout {
    std::uint32_t magic;
    std::size_t header;
};
constexpr BlockLayout layout_4{0x41425442, 16};  // "ABTB"
constexpr BlockLayout layout_5{0x41423342, 56};  // "AB3B"
constexpr std::size_t block_checksum = 52;

// sb_features_ro_compat: finobt, rmapbt, reflink, inobtcount. None of them moves what is free out of the trees.
constexpr std::uint32_t known_ro_compat = 0xf;

struct Blocks {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

class GroupReader {
public:
    GroupReader(const XfsVolume &volume, std::uint32_t sector_size, std::uint32_t group)
        : m_volume(volume), m_geometry(volume.geometry()), m_sector_size(sector_size), m_group(group),
          m_layout(m_geometry.version_5 ? layout_5 : layout_4),
          m_start(std::uint64_t{group} * m_geometry.group_blocks * m_geometry.block_size)
    {
        std::uint64_t const before = std::uint64_t{group} * m_geometry.group_blocks;
        m_length =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(m_geometry.group_blocks, m_geometry.blocks - before));
        m_first_usable = (header_sectors * m_sector_size + m_geometry.block_size - 1) / m_geometry.block_size;
    }

    // In blocks of the group.
    Result<std::vector<Blocks>> read()
    {
        auto const agf = m_volume.read(m_start + m_sector_size, m_sector_size);
        if (!agf)
            return fail(agf.error());
        if (load_be<std::uint32_t>(*agf, 0) != agf_magic || load_be<std::uint32_t>(*agf, 4) != 1)
            return broken("it has no AGF");
        if (load_be<std::uint32_t>(*agf, 8) != m_group || load_be<std::uint32_t>(*agf, 12) != m_length)
            return broken("the AGF belongs to another group");
        if (m_geometry.version_5 && (!xfs_checksum_right(*agf, agf_checksum) || !is_ours(Bytes(*agf).subspan(64, 16))))
            return broken("the checksum or the UUID of the AGF is wrong");
        auto const levels = load_be<std::uint32_t>(*agf, 28);
        if (levels == 0 || levels > most_levels)
            return broken(fmt::format("agf_levels is {}", levels));
        if (auto const walked = walk(load_be<std::uint32_t>(*agf, 16), levels - 1, nullptr); !walked)
            return fail(walked.error());
        std::uint64_t count = 0;
        std::uint32_t longest = 0;
        for (auto const &blocks : m_free) {
            count += blocks.count;
            longest = std::max(longest, blocks.count);
        }
        if (count != load_be<std::uint32_t>(*agf, 52) || longest != load_be<std::uint32_t>(*agf, 56))
            return broken(fmt::format("{} blocks are free, {} in a row; the AGF says {} and {}", count, longest,
                                      load_be<std::uint32_t>(*agf, 52), load_be<std::uint32_t>(*agf, 56)));
        if (auto const good = check_free_list(*agf); !good)
            return fail(good.error());
        for (std::uint32_t const block : m_tree_blocks) {
            if (is_free(block))
                return broken(fmt::format("block {} is free and in the tree of free blocks", block));
        }
        return std::move(m_free);
    }

private:
    tl::unexpected<Error> broken(const std::string &what) const
    {
        return fail({ErrorCode::malformed, fmt::format("allocation group {}: {}", m_group, what), {}, m_start, {}, {}});
    }

    bool is_ours(Bytes uuid) const { return std::ranges::equal(uuid, m_geometry.uuid); }

    bool inside(std::uint32_t first, std::uint32_t count) const
    {
        return first >= m_first_usable && range_inside(first, count, m_length);
    }

    bool is_free(std::uint32_t block) const
    {
        auto const after = std::upper_bound(m_free.begin(), m_free.end(), block,
                                            [](std::uint32_t at, const Blocks &blocks) { return at < blocks.first; });
        return after != m_free.begin() && block - std::prev(after)->first < std::prev(after)->count;
    }

    // Records ascend over the whole tree, so that no block of it can be met twice: the walk ends.
    Result<void> walk(std::uint32_t block, std::uint32_t level, const std::uint32_t *first_key)
    {
        if (!inside(block, 1))
            return broken(fmt::format("a block of the tree of free blocks is at {}", block));
        std::uint64_t const at = m_start + std::uint64_t{block} * m_geometry.block_size;
        auto const bytes = m_volume.read(at, m_geometry.block_size);
        if (!bytes)
            return fail(bytes.error());
        auto const bad = [&](std::string_view what) {
            return broken(fmt::format("block {} of the tree of free blocks: {}", block, what));
        };
        if (load_be<std::uint32_t>(*bytes, 0) != m_layout.magic || load_be<std::uint16_t>(*bytes, 4) != level)
            return bad("its magic number or its level is wrong");
        if (m_geometry.version_5 &&
            (!xfs_checksum_right(*bytes, block_checksum) || load_be<std::uint64_t>(*bytes, 16) != at / 512 ||
             !is_ours(Bytes(*bytes).subspan(32, 16)) || load_be<std::uint32_t>(*bytes, 48) != m_group))
            return bad("its checksum, place, UUID or group is wrong");
        m_tree_blocks.push_back(block);
        std::size_t const count = load_be<std::uint16_t>(*bytes, 6);
        Bytes const room = Bytes(*bytes).subspan(m_layout.header);
        std::size_t const most = room.size() / (level == 0 ? record_size : record_size + pointer_size);
        if (count > most || (count == 0 && (level > 0 || first_key != nullptr)))
            return bad(fmt::format("it has {} records", count));
        if (first_key != nullptr && load_be<std::uint32_t>(room, 0) != *first_key)
            return bad("it does not begin where the one above it says");
        for (std::size_t i = 0; i < count; ++i) {
            auto const first = load_be<std::uint32_t>(room, i * record_size);
            if (level > 0) {
                auto const below = load_be<std::uint32_t>(room, most * record_size + i * pointer_size);
                if (auto const walked = walk(below, level - 1, &first); !walked)
                    return walked;
                continue;
            }
            auto const length = load_be<std::uint32_t>(room, i * record_size + 4);
            if (length == 0 || !inside(first, length) ||
                (!m_free.empty() && first < m_free.back().first + m_free.back().count))
                return bad(fmt::format("{} free blocks at {} do not fit", length, first));
            if (m_free.size() >= most_extents)
                return fail(ErrorCode::unsupported,
                            fmt::format("allocation group {} has more than {} free extents", m_group, most_extents));
            m_free.push_back({first, length});
        }
        return {};
    }

    // The AGFL is a ring of blocks that are taken out of the tree already.
    Result<void> check_free_list(Bytes agf) const
    {
        auto const list = m_volume.read(m_start + std::uint64_t{3} * m_sector_size, m_sector_size);
        if (!list)
            return fail(list.error());
        if (m_geometry.version_5 &&
            (load_be<std::uint32_t>(*list, 0) != agfl_magic || load_be<std::uint32_t>(*list, 4) != m_group ||
             !xfs_checksum_right(*list, agfl_checksum)))
            return broken("the AGFL or its checksum is wrong");
        Bytes const ring = Bytes(*list).subspan(m_geometry.version_5 ? agfl_header : 0);
        std::size_t const size = ring.size() / pointer_size;
        auto const first = load_be<std::uint32_t>(agf, 40);
        auto const count = load_be<std::uint32_t>(agf, 48);
        if (first >= size || count > size)
            return broken(fmt::format("agf_flfirst is {}, agf_flcount {}", first, count));
        for (std::size_t i = 0; i < count; ++i) {
            auto const block = load_be<std::uint32_t>(ring, (first + i) % size * pointer_size);
            if (!inside(block, 1) || is_free(block))
                return broken(fmt::format("block {} of the AGFL is free or lies elsewhere", block));
        }
        return {};
    }

    const XfsVolume &m_volume;
    const XfsGeometry &m_geometry;
    std::uint32_t m_sector_size;
    std::uint32_t m_group;
    BlockLayout m_layout;
    std::uint64_t m_start;  // bytes
    std::uint32_t m_length = 0;
    std::uint32_t m_first_usable = 0;
    std::vector<Blocks> m_free;
    std::vector<std::uint32_t> m_tree_blocks;
};

// The bytes of the log, which no tree may call free.
Result<ByteRange> log_range(const XfsVolume &volume, Bytes sb)
{
    auto const count = load_be<std::uint32_t>(sb, 96);
    auto const at = volume.block_place(load_be<std::uint64_t>(sb, 48), count);
    if (!at)
        return fail(at.error());
    return ByteRange{*at, std::uint64_t{count} * volume.geometry().block_size};
}

}  // namespace

Result<std::vector<ByteRange>> xfs_free_space(const std::shared_ptr<Disk> &disk)
{
    auto const volume = XfsVolume::open(disk);
    if (!volume)
        return fail(volume.error());
    auto const &geometry = (*volume)->geometry();
    if (geometry.blocks > disk->size() / geometry.block_size)
        return fail(ErrorCode::malformed, "the filesystem is larger than the volume");
    auto const sb = (*volume)->read(0, 512);
    if (!sb)
        return fail(sb.error());
    if (load_be<std::uint64_t>(*sb, 16) != 0)
        return fail(ErrorCode::unsupported, "it has a realtime device");
    if (load_be<std::uint64_t>(*sb, 48) == 0)
        return fail(ErrorCode::unsupported, "its log is on another device");
    if (auto const unknown = load_be<std::uint32_t>(*sb, 212) & ~known_ro_compat; geometry.version_5 && unknown != 0)
        return fail(ErrorCode::unsupported, fmt::format("the feature ro_compat {:#x} of XFS is not known", unknown));
    auto const log = log_range(**volume, *sb);
    if (!log)
        return fail(log.error());

    FreeRanges free;
    auto const sector_size = load_be<std::uint16_t>(*sb, 102);
    for (std::uint32_t group = 0; group < geometry.groups; ++group) {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        auto const blocks = GroupReader(**volume, sector_size, group).read();
        if (!blocks)
            return fail(blocks.error());
        std::uint64_t const start = std::uint64_t{group} * geometry.group_blocks;
        for (auto const &range : *blocks) {
            ByteRange const bytes{(start + range.first) * geometry.block_size,
                                  std::uint64_t{range.count} * geometry.block_size};
            if (bytes.offset < log->offset + log->length && log->offset < bytes.offset + bytes.length)
                return fail(ErrorCode::malformed, fmt::format("allocation group {}: its log is free", group));
            free.add(bytes.offset, bytes.length);
        }
    }
    return free.take();
}

}  // namespace imgport
