// A UFS inode. FreeBSD: sys/ufs/ufs/dinode.h, struct ufs1_dinode and struct ufs2_dinode.
#pragma once

#include <cstdint>
#include <vector>

#include <imgport/file_tree.hpp>

#include "filesystem/ufs_volume.hpp"

namespace imgport {

struct UfsInode {
    std::uint64_t number = 0;
    FileKind kind = FileKind::regular;
    std::uint32_t mode = 0;  // the permission bits
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;  // bytes
    bool immutable = false;  // by the owner or the system
    bool append_only = false;
    bool snapshot = false;  // of the filesystem: some of its addresses are none
    // 12 addresses of blocks and 3 of indirect blocks, or the text of a short symbolic link.
    std::vector<std::byte> area;
};

// malformed: no such inode, or one that is not in use.
Result<UfsInode> read_ufs_inode(const UfsVolume &volume, std::uint64_t number);

}  // namespace imgport
