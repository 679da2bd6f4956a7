// What the guest mounts, and what it unlocks before.
#pragma once

#include <vector>

#include <imgport/facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// /etc/fstab, fstab(5), with each device looked up among the image's volumes.
Known<FstabFacts> read_fstab(FileTree &tree, const std::vector<VolumeFacts> &volumes);

// /etc/crypttab, crypttab(5): one line of evidence per mapping, the value being the line.
Known<std::vector<Evidence>> read_crypttab(FileTree &tree);

// The value of an option such as "subvol=@"; empty where the entry has none.
std::string mount_option(const FstabEntry &entry, std::string_view name);

}  // namespace imgport
