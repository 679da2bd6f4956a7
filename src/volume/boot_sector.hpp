// The boot loaders that BIOS firmware can start: what sector 0 holds, and whether GRUB's second part is where its
// first part will look for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "volume/volume_reader.hpp"

namespace imgport {

// The names of what is recognised in that sector, of 512 bytes: "grub2", "grub-legacy", "syslinux", "extlinux",
// "isolinux", "lilo", "windows", or "generic" for code that starts the active partition and no more.
std::vector<std::string> boot_sector_loaders(Bytes sector);

// Whether a GRUB 2 core image lies where the boot sector of that disk says. Only asked where "grub2" was recognised.
bool grub_core_found(VolumeReader &disk, Bytes sector);

}  // namespace imgport
