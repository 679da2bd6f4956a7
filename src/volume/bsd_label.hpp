// The disklabel with which a FreeBSD slice (an MBR partition of type A5) is divided. FreeBSD: sys/sys/disk/bsd.h,
// struct disklabel; Linux: block/partitions/msdos.c, which numbers the partitions in it after all others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <imgport/disk_facts.hpp>

#include "volume/volume_reader.hpp"

namespace imgport {

// Appends what lies in the slices among the primary partitions, under the numbers that Linux gives them: "sda5". Their
// type is "bsd-" and p_fstype in hex ("bsd-07" is UFS), their name FreeBSD's without the disk: "s1a".
void add_bsd_partitions(VolumeReader &disk, std::vector<PartitionFacts> &partitions,
                        std::vector<std::string> &problems);

// Whether it is a slice that add_bsd_partitions() found partitions in: a container, not a volume.
bool holds_bsd_partitions(const PartitionFacts &partition, const std::vector<PartitionFacts> &partitions);

}  // namespace imgport
