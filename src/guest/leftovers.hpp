// What has piled up in folders that a running system fills by itself.
#pragma once

#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// The sizes of logs, caches and temporary files, as far as `max_counted_files` go in each folder.
inline constexpr std::uint64_t max_counted_files = 3000;
Known<std::vector<FolderSize>> read_leftovers(FileTree &tree);

}  // namespace imgport
