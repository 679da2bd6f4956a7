#include "filesystem/overlay_disk.hpp"

#include <algorithm>

#include "support/bytes.hpp"

namespace imgport {

OverlayDisk::OverlayDisk(std::shared_ptr<Disk> below, std::uint32_t block_size, std::string_view head,
                         std::vector<ReplacedBlock> blocks)
    : m_below(std::move(below)), m_block_size(block_size), m_head(head), m_blocks(std::move(blocks))
{}

Result<void> OverlayDisk::read_replaced(const ReplacedBlock &block, std::size_t into, std::span<std::byte> out)
{
    if (auto const read = m_below->read(block.source * m_block_size + into, out); !read)
        return read;
    if (block.escaped != 0 && into < m_head.size()) {
        auto const part = bytes_of(m_head).subspan(into, std::min(out.size(), m_head.size() - into));
        std::copy(part.begin(), part.end(), out.begin());
    }
    return {};
}

Result<void> OverlayDisk::read(std::uint64_t offset, std::span<std::byte> out)
{
    if (!range_inside(offset, out.size(), size()))
        return m_below->read(offset, out);  // it knows best what to say
    auto next = std::lower_bound(m_blocks.begin(), m_blocks.end(), offset / m_block_size,
                                 [](const ReplacedBlock &a, std::uint64_t block) { return a.block < block; });
    while (!out.empty()) {
        std::uint64_t const block = offset / m_block_size;
        bool const replaced = next != m_blocks.end() && next->block == block;
        // Up to the end of this block, or up to the next that is replaced.
        std::uint64_t length = out.size();
        if (replaced)
            length = m_block_size - offset % m_block_size;
        else if (next != m_blocks.end())
            length = next->block * m_block_size - offset;
        auto const part = out.first(std::min<std::uint64_t>(length, out.size()));
        auto const read = replaced ? read_replaced(*next, offset % m_block_size, part) : m_below->read(offset, part);
        if (!read)
            return read;
        if (replaced)
            ++next;
        out = out.subspan(part.size());
        offset += part.size();
    }
    return {};
}

}  // namespace imgport
