// btrfs on one device, read without mounting it. What a crash left in the log tree is not replayed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <imgport/disk.hpp>

#include "filesystem/inode_tree.hpp"

namespace imgport {

// The files of the subvolume with that path from the top level ("@", "@/var"), "" for the default one, "/" for the top
// level. A subvolume below it is a directory, whose inodes have another InodeId::tree. Unreadable where there is no
// such subvolume; unsupported by name for several devices, RAID profiles, blake2b, seed and zoned devices, metadata
// dumps, extent-tree-v2, raid-stripe-tree and unknown incompatible features. Small reads of the volume are best cached.
Result<std::unique_ptr<InodeReader>> open_btrfs(std::shared_ptr<Disk> volume, const std::string &subvolume);

// The paths from the top level, as `btrfs subvolume list` prints them where that is mounted; sorted.
Result<std::vector<std::string>> btrfs_subvolumes(const std::shared_ptr<Disk> &volume);

}  // namespace imgport
