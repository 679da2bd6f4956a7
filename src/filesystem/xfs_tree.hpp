// The files of an XFS filesystem, read without mounting it. Versions 4 and 5, see xfs_superblock.cpp for the features.
//
// Not read, and unsupported by name: version 1 directories, names that ignore case, files on a realtime device, and
// every incompatible feature that is not known. The log is not replayed.
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "filesystem/inode_tree.hpp"

namespace imgport {

// malformed where the superblock or the root directory's inode breaks the format; unsupported, see above. Reads are
// small and repeat: the volume should be a CachedDisk.
Result<std::unique_ptr<InodeReader>> open_xfs(std::shared_ptr<Disk> volume);

}  // namespace imgport
