#include "filesystem/ufs_blocks.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::uint64_t direct_blocks = 12;
constexpr std::size_t levels = 3;

}  // namespace

std::uint64_t UfsBlocks::pointer(Bytes pointers, std::uint64_t index) const
{
    std::size_t const at = static_cast<std::size_t>(index) * m_volume->geometry().pointer_size();
    return m_volume->geometry().version_2 ? load_le<std::uint64_t>(pointers, at) : load_le<std::uint32_t>(pointers, at);
}

Result<Bytes> UfsBlocks::indirect(std::size_t level, std::uint64_t fragment)
{
    Kept &kept = m_kept[level];
    if (kept.bytes.empty() || kept.fragment != fragment) {
        std::uint32_t const size = m_volume->geometry().block_size;
        auto const at = m_volume->place(fragment, size);
        if (!at)
            return fail(ErrorCode::malformed,
                        fmt::format("an indirect block of inode {}: {}", m_number, at.error().message));
        auto bytes = m_volume->read(*at, size);
        if (!bytes)
            return fail(bytes.error());
        kept = {fragment, std::move(*bytes)};
    }
    return Bytes(kept.bytes);
}

Result<FileExtent> UfsBlocks::run(std::uint64_t block, Bytes pointers, std::uint64_t index) const
{
    UfsGeometry const &g = m_volume->geometry();
    std::uint64_t const begin = block * g.block_size;
    std::uint64_t const wanted = (m_size - begin - 1) / g.block_size + 1;  // blocks up to the end of the file
    std::uint64_t const first = pointer(pointers, index);
    std::uint64_t const step = first == 0 ? 0 : g.block_fragments;
    std::uint64_t const most = std::min<std::uint64_t>(pointers.size() / g.pointer_size() - index, wanted);
    std::uint64_t count = 1;
    while (count < most && pointer(pointers, index + count) == first + count * step)
        ++count;
    // The last block of a small file is only as many fragments as it needs.
    FileExtent extent{begin, std::min(count * g.block_size, m_size - begin)};
    if (first != 0) {
        auto const at = m_volume->place(first, extent.length);
        if (!at)
            return fail(ErrorCode::malformed,
                        fmt::format("block {} of inode {}: {}", block, m_number, at.error().message));
        extent.at = *at;
    }
    return extent;
}

Result<FileExtent> UfsBlocks::find(std::uint64_t offset)
{
    UfsGeometry const &g = m_volume->geometry();
    std::uint64_t const block = offset / g.block_size;
    Bytes const area(m_area);
    if (block < direct_blocks)
        return run(block, area.first(direct_blocks * g.pointer_size()), block);
    std::uint64_t within = block - direct_blocks;
    std::uint64_t below = 1;  // blocks that one address of the tree's top leads to: at most 2^42 of 2^16 bytes
    for (std::size_t level = 0; level < levels; ++level) {
        below *= g.pointers_per_block();
        if (within >= below) {
            within -= below;
            continue;
        }
        std::uint64_t fragment = pointer(area, direct_blocks + level);
        for (std::size_t left = level + 1; left > 0; --left) {
            if (fragment == 0)
                return FileExtent{block * g.block_size, (below - within) * g.block_size, std::nullopt};
            auto const pointers = indirect(left - 1, fragment);
            if (!pointers)
                return fail(pointers.error());
            below /= g.pointers_per_block();
            std::uint64_t const index = within / below;
            within %= below;
            if (left == 1)
                return run(block, *pointers, index);
            fragment = pointer(*pointers, index);
        }
    }
    return fail(ErrorCode::malformed,
                fmt::format("inode {} has {} bytes, more than its addresses reach", m_number, m_size));
}

Result<std::unique_ptr<FileStream>> open_ufs_file(const std::shared_ptr<const UfsVolume> &volume, const UfsInode &inode)
{
    if (inode.snapshot)
        return fail(ErrorCode::unsupported, fmt::format("inode {} is a snapshot of the filesystem", inode.number));
    auto const blocks = std::make_shared<UfsBlocks>(volume, inode);
    return make_extent_stream(volume->disk(), inode.size,
                              [blocks](std::uint64_t offset) { return blocks->find(offset); });
}

}  // namespace imgport
