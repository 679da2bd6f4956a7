// Makes a disk larger: what has to change on it, so that its partition table fits the new size.
#pragma once

#include <cstdint>

#include "format/changed_disk.hpp"

namespace imgport {

// What has to change so that the disk has `size` bytes. On a disk with a GPT the backup table moves to the new end,
// as section 5.3.2 of the UEFI specification 2.10 wants it: the primary header names the new place, the old backup
// is cleared, and the protective entry of the MBR covers the whole disk. A disk with an MBR, or with no partitions,
// gets nothing but the size. Partitions and filesystems keep theirs: growing them is the guest's part.
//
// With the size that the disk has already, a backup table that is missing or lies elsewhere is put right.
//
// Refused: a size that is smaller or no whole number of sectors (usage), and a disk that is not sound (malformed): a
// GPT whose primary table is damaged, or partitions that end past the end of the disk, which a larger disk would hide.
Result<DiskChanges> plan_growth(Disk &disk, std::uint64_t size);

}  // namespace imgport
