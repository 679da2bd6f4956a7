// The files of a UFS1 or UFS2 filesystem (FreeBSD's FFS), read without mounting it.
//
// Not read, and unsupported by name: the byte order of other machines, the inodes of 4.2BSD, and snapshots. A journal
// of soft updates is not replayed: it orders writes so that what lies there can be read. Check hashes are not looked
// at.
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "filesystem/inode_tree.hpp"

namespace imgport {

// malformed where the superblock or the root directory's inode breaks the format; unsupported, see above. Reads are
// small and repeat: the volume should be a CachedDisk.
Result<std::unique_ptr<InodeReader>> open_ufs(std::shared_ptr<Disk> volume);

}  // namespace imgport
