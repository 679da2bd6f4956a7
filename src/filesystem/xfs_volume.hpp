// An XFS volume as its superblock describes it: where its blocks and inodes lie, and how version 5 seals its metadata.
// Facts: "XFS Algorithms & Data Structures", third edition, chapters "Allocation Groups" (superblocks, inode numbers)
// and "Metadata Integrity". All numbers are big-endian but for the checksums.
//
// The log is not replayed: whether there is something in it is told by volume/xfs_log.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <imgport/disk.hpp>

#include "support/bytes.hpp"

namespace imgport {

// What the superblock says; sizes in bytes unless named otherwise, all of them checked against each other.
struct XfsGeometry {
    bool version_5 = false;            // metadata with checksums
    bool file_types = false;           // directory entries say what they lead to
    bool large_extent_counts = false;  // inodes may have 64-bit extent counters (nrext64)
    std::uint32_t block_size = 0;
    std::uint32_t directory_block_size = 0;  // a multiple of block_size, 64 KiB at most
    std::uint32_t inode_size = 0;            // 256 to 2048
    std::uint32_t inodes_per_block_log = 0;
    std::uint32_t group_blocks = 0;     // blocks of an allocation group
    std::uint32_t group_block_log = 0;  // bits of a block's number in its group
    std::uint32_t groups = 0;
    std::uint64_t blocks = 0;
    std::uint64_t root_inode = 0;
    std::array<std::byte, 16> uuid{};  // that metadata is stamped with
};

// Where a version 5 structure keeps what it is sealed with. Bytes from its start.
struct XfsSeal {
    std::size_t checksum;
    std::size_t block;  // its place on the volume, in 512-byte sectors
    std::size_t uuid;
    std::size_t owner;  // the inode it belongs to
};

class XfsVolume {
public:
    // malformed: no XFS superblock, or one that contradicts itself. unsupported: a feature that changes how files are
    // found, by name or bit.
    static Result<std::shared_ptr<const XfsVolume>> open(std::shared_ptr<Disk> disk);

    const XfsGeometry &geometry() const { return m_geometry; }
    const std::shared_ptr<Disk> &disk() const { return m_disk; }

    // The byte at which `count` blocks from filesystem block `block` begin; malformed where they leave their
    // allocation group or the filesystem.
    Result<std::uint64_t> block_place(std::uint64_t block, std::uint64_t count) const;
    // The same of an inode.
    Result<std::uint64_t> inode_place(std::uint64_t inode) const;

    Result<std::vector<std::byte>> read(std::uint64_t at, std::size_t length) const;

    // Version 5: checksum, place, filesystem and owner of the structure that was read from byte `at`. Good on version
    // 4, which has none of them. `what` names it in the error.
    Result<void> check_seal(Bytes structure, const XfsSeal &seal, std::uint64_t at, std::uint64_t owner,
                            std::string_view what) const;

private:
    XfsVolume(std::shared_ptr<Disk> disk, XfsGeometry geometry) : m_disk(std::move(disk)), m_geometry(geometry) {}

    std::shared_ptr<Disk> m_disk;
    XfsGeometry m_geometry;
};

// Whether the CRC-32C at byte `checksum` (little-endian) is that of the structure with a checksum of 0.
bool xfs_checksum_right(Bytes structure, std::size_t checksum);

}  // namespace imgport
