#include "filesystem/xfs_extents.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::size_t record_size = 16;  // an extent; also a key and a pointer together
constexpr std::size_t key_size = 8;
constexpr std::size_t root_header = 4;  // of the tree's root in the inode: bb_level, bb_numrecs
constexpr std::uint32_t most_levels = 16;

struct BlockLayout {
    std::uint32_t magic;
    std::size_t header;
};
constexpr BlockLayout layout_4{0x424d4150, 24};  // "BMAP"
constexpr BlockLayout layout_5{0x424d4133, 72};  // "BMA3"
constexpr XfsSeal seal{.checksum = 64, .block = 24, .uuid = 40, .owner = 56};

// An extent is 128 bits: unwritten 1, offset 54, first block 52, count 21.
struct Record {
    bool unwritten;
    std::uint64_t offset;
    std::uint64_t block;
    std::uint64_t count;
};
Record record_at(Bytes records, std::size_t index)
{
    auto const high = load_be<std::uint64_t>(records, index * record_size);
    auto const low = load_be<std::uint64_t>(records, index * record_size + 8);
    return {high >> 63 != 0, high >> 9 & (XfsExtents::end_of_space - 1), (high & 0x1ff) << 43 | low >> 21,
            low & 0x1fffff};
}

// A node's keys (first offsets) and pointers: `count` of each in use, with room for more between them.
struct Node {
    Bytes keys;
    Bytes pointers;
    std::size_t count;
};
std::optional<Node> node_in(Bytes room, std::size_t count)
{
    std::size_t const most = room.size() / record_size;
    if (count == 0 || count > most)
        return std::nullopt;
    return Node{room.first(count * key_size), room.subspan(most * key_size, count * key_size), count};
}

}  // namespace

Error XfsExtents::broken(std::string_view problem) const
{
    return {ErrorCode::malformed, fmt::format("the extents of inode {}: {}", m_inode, problem)};
}

Result<XfsExtents> XfsExtents::of(std::shared_ptr<const XfsVolume> volume, const XfsInode &inode)
{
    XfsExtents extents(std::move(volume), inode);
    if (inode.format == XfsFork::btree) {
        extents.m_root = inode.fork;
        return extents;
    }
    if (inode.format != XfsFork::extents)
        return fail(extents.broken("there are none"));
    if (inode.extent_count > inode.fork.size() / record_size)
        return fail(extents.broken(fmt::format("the inode has no room for {} of them", inode.extent_count)));
    auto const taken = extents.take(Bytes(inode.fork).first(inode.extent_count * record_size), 0, end_of_space);
    if (!taken)
        return fail(taken.error());
    return extents;
}

Result<void> XfsExtents::take(Bytes records, std::uint64_t begin, std::uint64_t end)
{
    std::vector<XfsRun> runs;
    runs.reserve(records.size() / record_size);
    std::uint64_t free_from = begin;
    for (std::size_t i = 0; i < records.size() / record_size; ++i) {
        auto const record = record_at(records, i);
        if (record.count == 0 || record.offset < free_from || record.offset + record.count > end)
            return fail(
                broken(fmt::format("{} blocks at block {} of the file are out of order", record.count, record.offset)));
        free_from = record.offset + record.count;
        auto const at = m_volume->block_place(record.block, record.count);
        if (!at)
            return fail(broken(at.error().message));
        runs.push_back({record.offset, record.count, record.unwritten ? std::nullopt : std::optional(*at)});
    }
    m_runs = std::move(runs);
    m_begin = begin;
    m_end = end;
    return {};
}

Result<void> XfsExtents::descend(std::uint64_t offset)
{
    auto const &geometry = m_volume->geometry();
    auto const &layout = geometry.version_5 ? layout_5 : layout_4;
    std::uint64_t begin = 0;
    std::uint64_t end = end_of_space;
    if (m_root.size() < root_header)
        return fail(broken("there is no room for a root"));
    std::uint32_t level = load_be<std::uint16_t>(m_root, 0);
    if (level == 0 || level > most_levels)
        return fail(broken(fmt::format("bb_level of the root is {}", level)));
    std::size_t count = load_be<std::uint16_t>(m_root, 2);
    std::vector<std::byte> block;
    Bytes room = Bytes(m_root).subspan(root_header);
    while (level > 0) {
        auto const node = node_in(room, count);
        if (!node)
            return fail(broken(fmt::format("bb_numrecs of a node of level {} is {}", level, count)));
        // The last child that begins at or before `offset`, else the first.
        std::size_t child = 0;
        while (child + 1 < node->count && load_be<std::uint64_t>(node->keys, (child + 1) * key_size) <= offset)
            ++child;
        if (child > 0)
            begin = std::max(begin, load_be<std::uint64_t>(node->keys, child * key_size));
        if (child + 1 < node->count)
            end = std::min(end, load_be<std::uint64_t>(node->keys, (child + 1) * key_size));
        auto const pointer = load_be<std::uint64_t>(node->pointers, child * key_size);

        auto const at = m_volume->block_place(pointer, 1);
        if (!at)
            return fail(broken(at.error().message));
        auto fresh = m_volume->read(*at, geometry.block_size);
        if (!fresh)
            return fail(fresh.error());
        block = std::move(*fresh);
        --level;
        if (load_be<std::uint32_t>(block, 0) != layout.magic || load_be<std::uint16_t>(block, 4) != level)
            return fail(broken(fmt::format("no block of level {} of the tree at byte {}", level, *at)));
        auto const sealed = m_volume->check_seal(block, seal, *at, m_inode, "an extent tree block");
        if (!sealed)
            return fail(sealed.error());
        count = load_be<std::uint16_t>(block, 6);
        room = Bytes(block).subspan(layout.header);
    }
    // An empty leaf is never left behind; with none, the walks over a file are bounded by the blocks there are.
    if (count == 0 || count > room.size() / record_size)
        return fail(broken(fmt::format("bb_numrecs of a leaf is {}", count)));
    return take(room.first(count * record_size), begin, end);
}

Result<XfsRun> XfsExtents::find(std::uint64_t offset)
{
    if (offset < m_begin || offset >= m_end) {
        if (auto const found = descend(offset); !found)
            return fail(found.error());
    }
    auto const after = std::upper_bound(m_runs.begin(), m_runs.end(), offset,
                                        [](std::uint64_t wanted, const XfsRun &run) { return wanted < run.offset; });
    if (after != m_runs.begin()) {
        XfsRun const &run = *std::prev(after);
        if (offset - run.offset < run.count)
            return run;
    }
    std::uint64_t const end = after == m_runs.end() ? m_end : after->offset;
    return XfsRun{offset, end - offset, std::nullopt};
}

Result<std::unique_ptr<FileStream>> open_xfs_file(const std::shared_ptr<const XfsVolume> &volume, const XfsInode &inode)
{
    if (inode.realtime)
        return fail(ErrorCode::unsupported, fmt::format("inode {}: a file on the realtime device", inode.number));
    auto found = XfsExtents::of(volume, inode);
    if (!found)
        return fail(found.error());
    auto const extents = std::make_shared<XfsExtents>(std::move(*found));
    std::uint64_t const block_size = volume->geometry().block_size;
    std::uint64_t const blocks = (inode.size + block_size - 1) / block_size;
    auto map = [extents, block_size, blocks](std::uint64_t offset) -> Result<FileExtent> {
        auto const run = extents->find(offset / block_size);
        if (!run)
            return fail(run.error());
        // Runs may reach far past the end of the file.
        std::uint64_t const count = std::min(run->count, blocks - run->offset);
        return FileExtent{run->offset * block_size, count * block_size, run->at};
    };
    return make_extent_stream(volume->disk(), inode.size, std::move(map));
}

}  // namespace imgport
