// The names by which guests mean block devices: in fstab, on the kernel's command line, in boot loaders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <imgport/facts.hpp>

namespace imgport {

// The volume that a device specification of fstab(5) means on this disk: UUID=, LABEL=, PARTUUID=, PARTLABEL=,
// /dev/disk/by-*/..., /dev/sda1 and its like (the first disk's only), /dev/mapper/VG-LV, /dev/VG/LV; and FreeBSD's
// /dev/ada0p2 and /dev/da0s1a (the first disk's only), /dev/ufs/LABEL, /dev/ufsid/ID, /dev/gpt/LABEL, /dev/gptid/UUID.
// nullptr where none does.
const VolumeFacts *resolve_device(std::string_view spec, const std::vector<VolumeFacts> &volumes);

// The partition with that number; nullptr where there is none.
const VolumeFacts *volume_of_partition(std::uint32_t number, const std::vector<VolumeFacts> &volumes);

}  // namespace imgport
