// What a FAT boot sector says of the volume, and the file allocation table itself. Facts: Microsoft's "FAT: General
// Overview of On-Disk Format", version 1.03; where Linux (fs/fat) is stricter or laxer, we do as Linux does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

// Sizes and offsets in bytes.
struct FatLayout {
    std::uint32_t cluster_size = 0;
    std::uint64_t table = 0;         // offset of the first FAT
    std::uint64_t root = 0;          // FAT12, FAT16: offset of the root directory
    std::uint32_t root_size = 0;     // FAT12, FAT16
    std::uint32_t root_cluster = 0;  // FAT32
    std::uint64_t data = 0;          // offset of cluster 2
    std::uint32_t clusters = 0;      // the last one is clusters + 1
    int bits = 0;                    // 12, 16, 32
};

class FatVolume {
public:
    // malformed where the boot sector is none of FAT.
    static Result<std::shared_ptr<FatVolume>> open(std::shared_ptr<Disk> disk);

    const FatLayout &layout() const { return m_layout; }
    const std::shared_ptr<Disk> &disk() const { return m_disk; }

    bool holds(std::uint32_t cluster) const { return cluster >= 2 && cluster - 2 < m_layout.clusters; }
    // `cluster` is one that the volume holds.
    std::uint64_t offset_of(std::uint32_t cluster) const
    {
        return m_layout.data + std::uint64_t{cluster - 2} * m_layout.cluster_size;
    }
    // The cluster that follows in its chain; nullopt at the end of the chain.
    Result<std::optional<std::uint32_t>> after(std::uint32_t cluster) const;

private:
    FatVolume(std::shared_ptr<Disk> disk, FatLayout layout) : m_disk(std::move(disk)), m_layout(layout) {}

    std::shared_ptr<Disk> m_disk;
    FatLayout m_layout;
};

// One walk along a chain. A chain that comes back to itself is malformed, before it was followed three times.
class FatChain {
public:
    // `first` as the directory entry has it, not yet verified.
    FatChain(std::shared_ptr<const FatVolume> volume, std::uint32_t first)
        : m_volume(std::move(volume)), m_next(first), m_mark(first)
    {}

    // nullopt at the end.
    Result<std::optional<std::uint32_t>> next();

private:
    std::shared_ptr<const FatVolume> m_volume;
    std::optional<std::uint32_t> m_next;
    // Brent's cycle detection: a cluster of the chain, moved up when 1, 2, 4, 8, ... have passed.
    std::uint32_t m_mark;
    std::uint64_t m_steps = 0;
    std::uint64_t m_limit = 1;
};

}  // namespace imgport
