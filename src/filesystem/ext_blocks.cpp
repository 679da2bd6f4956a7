#include "filesystem/ext_blocks.hpp"

#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace imgport {
namespace {

// What the kernel's ext4 writes at most (EXT4_MAX_EXTENT_DEPTH).
constexpr std::uint16_t deepest_tree = 5;
// Blocks of one look at a block map: enough for large reads, little enough that a small file costs little.
constexpr std::uint64_t longest_look = 2048;

// The rest of a file is a hole.
FileExtent hole_from(std::uint64_t offset)
{
    return {offset, std::numeric_limits<std::uint64_t>::max() - offset, {}};
}

ext2_inode library_inode(const ExtInode &inode)
{
    ext2_inode out;
    std::memcpy(&out, inode.raw.data(), sizeof out);
    return out;
}

class ExtentTree {
public:
    ExtentTree(std::shared_ptr<ExtFs> fs, const ExtInode &inode)
        : m_fs(std::move(fs)), m_number(inode.number), m_inode(library_inode(inode))
    {}
    ExtentTree(const ExtentTree &) = delete;
    ExtentTree &operator=(const ExtentTree &) = delete;
    ~ExtentTree() { ext2fs_extent_free(m_tree); }

    Result<void> open()
    {
        // The library takes as much memory as the depth asks for.
        Bytes const root(reinterpret_cast<const std::byte *>(m_inode.i_block), sizeof m_inode.i_block);
        if (auto const depth = load_le<std::uint16_t>(root, 6); depth > deepest_tree)
            return fail(ErrorCode::malformed,
                        fmt::format("the extent tree of inode {} is {} levels deep", m_number, depth));
        if (errcode_t const code = ext2fs_extent_open2(m_fs->handle(), m_number, &m_inode, &m_tree); code != 0)
            return fail(error_of(code));
        return {};
    }

    Result<FileExtent> run_at(std::uint64_t offset)
    {
        std::uint64_t const block = offset / m_fs->block_size();
        ext2fs_extent extent{};
        errcode_t code = ext2fs_extent_goto2(m_tree, 0, block);
        if (code == EXT2_ET_EXTENT_NOT_FOUND)
            return hole_at(block);
        if (code == 0)
            code = ext2fs_extent_get(m_tree, EXT2_EXTENT_CURRENT, &extent);
        if (code != 0)
            return fail(error_of(code));
        return stored(block, extent);
    }

private:
    Error error_of(errcode_t code)
    {
        return m_fs->error_of(code, fmt::format("the extent tree of inode {}", m_number));
    }

    Result<FileExtent> stored(std::uint64_t block, const ext2fs_extent &extent) const
    {
        if (extent.e_lblk > block || block - extent.e_lblk >= extent.e_len ||
            !m_fs->blocks_inside(extent.e_pblk, extent.e_len)) {
            return fail(ErrorCode::malformed,
                        fmt::format("an extent of inode {} is {} blocks at block {}, of {}", m_number,
                                    std::uint32_t{extent.e_len}, std::uint64_t{extent.e_pblk}, m_fs->blocks()));
        }
        std::uint64_t const unit = m_fs->block_size();
        FileExtent run{extent.e_lblk * unit, extent.e_len * unit, {}};
        if ((extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT) == 0)
            run.at = extent.e_pblk * unit;
        return run;
    }

    // After a search that found nothing, the tree stands at the extent before `block`, or at the very first.
    Result<FileExtent> hole_at(std::uint64_t block)
    {
        std::uint64_t const unit = m_fs->block_size();
        ext2fs_extent extent{};
        errcode_t code = ext2fs_extent_get(m_tree, EXT2_EXTENT_CURRENT, &extent);
        if (code == 0 && extent.e_lblk <= block)
            code = ext2fs_extent_get(m_tree, EXT2_EXTENT_NEXT_SIB, &extent);
        std::uint64_t end = extent.e_lblk;
        if (code == EXT2_ET_EXTENT_NO_NEXT) {
            // The last of its node: the hole reaches at least to the end of what the node is there for.
            code = ext2fs_extent_get(m_tree, EXT2_EXTENT_UP, &extent);
            end = std::uint64_t{extent.e_lblk} + extent.e_len;
        }
        if (code == EXT2_ET_EXTENT_NO_UP || code == EXT2_ET_NO_CURRENT_NODE)
            return hole_from(block * unit);
        if (code != 0)
            return fail(error_of(code));
        if (end <= block)
            return fail(ErrorCode::malformed, fmt::format("the extents of inode {} are out of order", m_number));
        return FileExtent{block * unit, (end - block) * unit, {}};
    }

    std::shared_ptr<ExtFs> m_fs;
    std::uint32_t m_number;
    ext2_inode m_inode;  // the library keeps its address
    ext2_extent_handle_t m_tree = nullptr;
};

class BlockMap {
public:
    BlockMap(std::shared_ptr<ExtFs> fs, const ExtInode &inode)
        : m_fs(std::move(fs)), m_number(inode.number), m_inode(library_inode(inode)),
          m_buffer(std::size_t{2} * m_fs->block_size())
    {}

    Result<FileExtent> run_at(std::uint64_t offset)
    {
        std::uint64_t const unit = m_fs->block_size();
        std::uint64_t const block = offset / unit;
        auto const first = place_of(block);
        if (!first)
            return fail(first.error());
        std::uint64_t count = 1;
        for (; count < longest_look; ++count) {
            auto const next = place_of(block + count);
            // A map that is broken further on does no harm to this run.
            if (!next || *next != (*first == 0 ? 0 : *first + count))
                break;
        }
        FileExtent run{block * unit, count * unit, {}};
        if (*first != 0)
            run.at = *first * unit;
        return run;
    }

private:
    // 0: a hole.
    Result<std::uint64_t> place_of(std::uint64_t block)
    {
        blk64_t place = 0;
        errcode_t const code = ext2fs_bmap2(m_fs->handle(), m_number, &m_inode,
                                            reinterpret_cast<char *>(m_buffer.data()), 0, block, nullptr, &place);
        if (code != 0)
            return fail(m_fs->error_of(code, fmt::format("the block map of inode {}", m_number)));
        if (place != 0 && !m_fs->blocks_inside(place, 1))
            return fail(ErrorCode::malformed, fmt::format("block {} of inode {} is at block {}, of {}", block, m_number,
                                                          place, m_fs->blocks()));
        return place;
    }

    std::shared_ptr<ExtFs> m_fs;
    std::uint32_t m_number;
    ext2_inode m_inode;
    std::vector<std::byte> m_buffer;  // the library's, two blocks
};

}  // namespace

Result<ExtentMap> map_ext_blocks(const std::shared_ptr<ExtFs> &fs, const ExtInode &inode)
{
    if (!inode.has(EXT4_EXTENTS_FL))
        return [map = std::make_shared<BlockMap>(fs, inode)](std::uint64_t offset) { return map->run_at(offset); };
    auto const tree = std::make_shared<ExtentTree>(fs, inode);
    if (auto const opened = tree->open(); !opened)
        return fail(opened.error());
    return [tree](std::uint64_t offset) { return tree->run_at(offset); };
}

Result<ExtBlocks> ExtBlocks::open(std::shared_ptr<ExtFs> fs, const ExtInode &inode)
{
    auto map = map_ext_blocks(fs, inode);
    if (!map)
        return fail(map.error());
    return ExtBlocks(std::move(fs), inode.number, std::move(*map));
}

Result<FileExtent> ExtBlocks::run_at(std::uint64_t offset)
{
    if (offset < m_run.offset || offset - m_run.offset >= m_run.length) {
        auto const run = m_map(offset);
        if (!run)
            return run;
        if (!run->at)
            return fail(ErrorCode::malformed, fmt::format("inode {} has a hole at its byte {}", m_number, offset));
        m_run = *run;
    }
    std::uint64_t const into = offset - m_run.offset;
    return FileExtent{offset, m_run.length - into, *m_run.at + into};
}

Result<void> ExtBlocks::read(std::uint64_t offset, std::span<std::byte> out)
{
    auto const run = run_at(offset);
    if (!run)
        return fail(run.error());
    return m_fs->disk()->read(*run->at, out);
}

}  // namespace imgport
