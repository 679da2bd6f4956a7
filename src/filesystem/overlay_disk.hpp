// A disk on which some blocks are read from elsewhere: what a replayed journal leaves, without writing it and without
// holding the blocks in memory, since they lie in the journal on the same disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

// Block numbers count the overlay's blocks.
struct ReplacedBlock {
    std::uint64_t block = 0;        // whose bytes are replaced
    std::uint64_t source : 63 = 0;  // the block whose bytes it shows
    std::uint64_t escaped : 1 = 0;  // its first bytes were other ones: the overlay's `head`
};

class OverlayDisk final : public Disk {
public:
    // `blocks` is sorted by block, each there once, and both of its numbers lie on `below`. `head` is at most a block
    // long, and a literal.
    OverlayDisk(std::shared_ptr<Disk> below, std::uint32_t block_size, std::string_view head,
                std::vector<ReplacedBlock> blocks);

    std::uint64_t size() const override { return m_below->size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override;

private:
    // A part of one replaced block.
    Result<void> read_replaced(const ReplacedBlock &block, std::size_t into, std::span<std::byte> out);

    std::shared_ptr<Disk> m_below;
    std::uint32_t m_block_size;  // bytes
    std::string_view m_head;
    std::vector<ReplacedBlock> m_blocks;
};

}  // namespace imgport
