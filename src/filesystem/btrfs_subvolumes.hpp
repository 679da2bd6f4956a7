// Which subvolumes a btrfs has and where: "Btree items" in the btrfs developer documentation, ROOT_REF and
// ROOT_BACKREF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filesystem/btrfs_volume.hpp"

namespace imgport::btrfs {

// The id of the one that a mount without options shows; the top level where none was chosen.
Result<std::uint64_t> default_subvolume(Volume &volume);

// Whether that entry of a directory leads to the subvolume. In a snapshot, the entries of subvolumes that the original
// had are still there, but lead nowhere.
Result<bool> is_linked(Volume &volume, std::uint64_t parent, std::uint64_t directory, std::string_view name,
                       std::uint64_t subvolume);

// Their paths from the top level, sorted; without the top level and those that are being deleted. The 4096 oldest.
Result<std::vector<std::string>> list_subvolumes(Volume &volume);

}  // namespace imgport::btrfs
