// FAT12, FAT16 and FAT32 with long names, as Linux' vfat driver shows them (fat_names.hpp).
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "filesystem/inode_tree.hpp"

namespace imgport {

// Read in small pieces: give it a CachedDisk. malformed where the boot sector is none of FAT.
Result<std::unique_ptr<InodeReader>> open_fat(std::shared_ptr<Disk> volume);

}  // namespace imgport
