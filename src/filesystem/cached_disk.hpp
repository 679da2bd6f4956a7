// A disk whose small reads are served from blocks that are kept for a while: filesystem metadata is read in small
// pieces that lie close together. Large reads go past it.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

class CachedDisk final : public Disk {
public:
    explicit CachedDisk(std::shared_ptr<Disk> disk) : m_disk(std::move(disk)) {}

    std::uint64_t size() const override { return m_disk->size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override;
    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        return m_disk->extents(offset, length);
    }

private:
    static constexpr std::size_t block_size = 16 * 1024;
    static constexpr std::size_t most_blocks = 512;  // 8 MiB

    struct Block {
        std::uint64_t number;
        std::vector<std::byte> bytes;
    };
    Result<const Block *> block(std::uint64_t number);

    std::shared_ptr<Disk> m_disk;
    std::list<Block> m_blocks;  // the latest first
    std::unordered_map<std::uint64_t, std::list<Block>::iterator> m_by_number;
};

}  // namespace imgport
