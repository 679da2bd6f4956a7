// ext2, ext3 and ext4, read natively.
#pragma once

#include <memory>
#include <string>

#include <imgport/disk.hpp>

#include "filesystem/inode_tree.hpp"

namespace imgport {

struct ExtOpened {
    std::unique_ptr<InodeReader> reader;
    // What was done about a journal that needs recovery, in words; empty where there was nothing to do.
    std::string note = {};
};

// The filesystem on that volume, as its journal would leave it: it is replayed in memory. Where it cannot be, the
// filesystem is read as it lies, and the note says why. An error (malformed) where the superblock is no valid one,
// (unsupported) with the name of a feature that changes the layout and that is not known.
//
// Encrypted (fscrypt), fs-verity and case-insensitive (casefold) files and directories are unsupported one by one.
// Nothing is written. Wrap the volume in a CachedDisk before: metadata is read a block at a time.
Result<ExtOpened> open_ext(const std::shared_ptr<Disk> &volume);

}  // namespace imgport
