// An XFS inode: "XFS Algorithms & Data Structures", third edition, chapter "On-disk Inode".
#pragma once

#include <cstdint>
#include <vector>

#include <imgport/file_tree.hpp>

#include "filesystem/xfs_volume.hpp"

namespace imgport {

// How the data fork holds the file (di_format).
enum class XfsFork : std::uint8_t { device = 0, local = 1, extents = 2, btree = 3 };

struct XfsInode {
    std::uint64_t number = 0;
    std::uint64_t at = 0;  // bytes, in the volume
    FileKind kind = FileKind::regular;
    std::uint32_t mode = 0;  // the permission bits
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;  // bytes
    bool realtime = false;   // its data lies on the realtime device
    bool immutable = false;
    bool append_only = false;
    XfsFork format = XfsFork::device;
    std::uint64_t extent_count = 0;  // of the data fork; not checked against it
    std::vector<std::byte> fork;     // the data fork: what the inode holds of it
};

// malformed: no such inode, one that is not in use, or one that breaks the format.
//
// Whether the inode is in use is told by the inode alone: a freed one has mode 0. The trees of allocated inodes are not
// asked; they would differ from it for inodes only that a sound directory does not lead to.
Result<XfsInode> read_xfs_inode(const XfsVolume &volume, std::uint64_t number);

}  // namespace imgport
