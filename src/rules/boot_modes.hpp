// How a disk can be booted, as far as rules and import parameters both need it.
#pragma once

#include <string>

#include <imgport/facts.hpp>

namespace imgport {

// The file that firmware starts where no variable of its own names another.
std::string fallback_loader_name(const GuestFacts &guest);
// Case does not matter on FAT.
bool has_fallback_loader(const GuestFacts &guest);

// A partition of GPT that is there for GRUB's core image.
bool has_bios_boot_partition(const DiskFacts &disk);
// GRUB is in the boot sector of a GPT disk without such a partition, and its core image is nowhere else either.
bool lacks_place_for_core(const DiskFacts &disk);

// The BootMode to import with where the user names none: "BIOS", "UEFI", "UEFI-Preferred" where both will do; empty
// where the disk cannot be booted. A disk that boots both ways but lacks the fallback loader goes by BIOS.
std::string best_boot_mode(const Inspection &inspection);

}  // namespace imgport
