// Directory entries: "Btree items" in the btrfs developer documentation, DIR_ITEM and DIR_INDEX.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/file_tree.hpp>

#include "filesystem/btrfs_cursor.hpp"

namespace imgport::btrfs {

// Where an entry leads: to an inode of the same tree (inode_item_key), or to a subvolume (root_item_key).
// nullopt: no such name.
Result<std::optional<Key>> find_entry(Cursor cursor, std::uint64_t directory, std::string_view name);

// In the order of creation.
Result<std::vector<DirectoryEntry>> list_entries(Cursor cursor, std::uint64_t directory);

}  // namespace imgport::btrfs
