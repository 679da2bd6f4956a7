// Questions that several rules ask of boot entries and of where they lie.
#pragma once

#include <optional>
#include <string>

#include "rules/rule.hpp"

namespace imgport {

// `value` as seen in the line of that entry.
Evidence on_command_line(const BootEntry &entry, std::string value);

// Why there is no command line to judge; nullopt where there is one.
std::optional<Outcome> no_boot_entries(const GuestFacts &guest);

// The line of fstab for /boot, where that filesystem is not in this image and neither is a kernel: the boot loader's
// files lie on another disk. nullptr where they do not, or where it cannot be said.
const FstabEntry *boot_on_another_disk(const Inspection &inspection, const GuestFacts &guest);

}  // namespace imgport
