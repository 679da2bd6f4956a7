// A UFS volume as its superblock describes it: where its fragments and inodes lie. FreeBSD: sys/ufs/ffs/fs.h.
//
// Addresses are in fragments; a block is 1, 2, 4 or 8 of them, and only the end of a file takes less than a block. The
// volume is a row of cylinder groups of one size; each begins with copies of metadata and its share of the inodes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <imgport/disk.hpp>

#include "support/bytes.hpp"

namespace imgport {

// All of them checked against each other.
struct UfsGeometry {
    bool version_2 = false;
    std::uint32_t block_size = 0;       // bytes, 4096 to 65536
    std::uint32_t fragment_size = 0;    // bytes
    std::uint32_t block_fragments = 0;  // 1 to 8
    std::uint64_t fragments = 0;        // of the filesystem
    std::uint32_t groups = 0;
    std::uint32_t group_inodes = 0;
    std::uint32_t group_fragments = 0;
    std::uint32_t inodes_at = 0;         // fragments from the start of a group
    std::uint32_t group_skew = 0;        // UFS1: what each group's metadata is shifted by,
    std::uint32_t group_skew_mask = 0;   // times these bits of the group's number
    std::uint32_t longest_in_inode = 0;  // a symbolic link shorter than this lies in its inode

    std::uint32_t inode_size() const { return version_2 ? 256 : 128; }
    std::uint32_t pointer_size() const { return version_2 ? 8 : 4; }
    std::uint32_t pointers_per_block() const { return block_size / pointer_size(); }
};

class UfsVolume {
public:
    // malformed: no UFS superblock, or one that contradicts itself. unsupported: the byte order of other machines, and
    // the inodes of 4.2BSD.
    static Result<std::shared_ptr<const UfsVolume>> open(std::shared_ptr<Disk> disk);

    std::string name() const { return m_geometry.version_2 ? "UFS2" : "UFS1"; }
    const UfsGeometry &geometry() const { return m_geometry; }
    const std::shared_ptr<Disk> &disk() const { return m_disk; }

    // The byte at which `length` bytes from that fragment on begin; malformed where they leave the filesystem.
    Result<std::uint64_t> place(std::uint64_t fragment, std::uint64_t length) const;
    // The same of an inode; malformed where the number is that of none.
    Result<std::uint64_t> inode_place(std::uint64_t number) const;
    Result<std::vector<std::byte>> read(std::uint64_t at, std::size_t length) const;

private:
    UfsVolume(std::shared_ptr<Disk> disk, UfsGeometry geometry) : m_disk(std::move(disk)), m_geometry(geometry) {}

    std::shared_ptr<Disk> m_disk;
    UfsGeometry m_geometry;
};

inline constexpr std::uint64_t ufs_root_inode = 2;  // sys/ufs/ufs/dinode.h

}  // namespace imgport
