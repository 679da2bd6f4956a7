// What is on a disk: its partition table, and the volumes with what their superblocks say.
#pragma once

#include <memory>
#include <vector>

#include <imgport/disk.hpp>
#include <imgport/disk_facts.hpp>

namespace imgport {

// Fails only where the disk cannot be read; what is wrong with the table is told in the facts.
Result<DiskFacts> describe_disk(Disk &disk);

// One per partition, extended containers and slices with a BSD disklabel left out, under the names that a first SCSI
// disk gets: "/dev/sda1"; or the whole disk as "/dev/sda" where it has no table. A partition that ends past the end of
// the disk is read as far as it goes.
Result<std::vector<VolumeFacts>> list_volumes(const std::shared_ptr<Disk> &disk, const DiskFacts &facts);

}  // namespace imgport
