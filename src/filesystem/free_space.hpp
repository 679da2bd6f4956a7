// What a filesystem says nobody uses: ranges of a volume that may as well be holes. What is used must never be called
// free, so whatever is doubtful about a filesystem is an error, and the whole of it counts as used.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <imgport/disk.hpp>

#include "format/changed_disk.hpp"

namespace imgport {

// The free ranges of the volume, in bytes from its start, sorted and apart from one another. Of ext2, ext3, ext4, XFS
// and btrfs that were unmounted cleanly; of a filesystem that is fragmented without end the largest ranges only.
// Errors: unsupported with the reason, in the user's words; malformed where the filesystem
// contradicts itself; the disk's own.
Result<std::vector<ByteRange>> free_space(const std::shared_ptr<Disk> &volume);

// One per family, of a volume that bears that superblock and is clean.
Result<std::vector<ByteRange>> ext_free_space(const std::shared_ptr<Disk> &volume);
Result<std::vector<ByteRange>> xfs_free_space(const std::shared_ptr<Disk> &volume);
Result<std::vector<ByteRange>> btrfs_free_space(const std::shared_ptr<Disk> &volume);

}  // namespace imgport
