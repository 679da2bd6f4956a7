// NTFS through libfsntfs: files sparse, compressed (LZNT1, and CompactOS as far as the library knows it), links and
// junctions. Alternate streams are not shown, nor the files of the system ($MFT, ...) in listings, as with ntfs-3g,
// whose modes these are too: 0777 for all.
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "filesystem/inode_tree.hpp"

namespace imgport {

// A name is looked up exactly first, then without regard to the case of ASCII letters. Read in small pieces: give it
// a CachedDisk.
Result<std::unique_ptr<InodeReader>> open_ntfs(std::shared_ptr<Disk> volume);

}  // namespace imgport
