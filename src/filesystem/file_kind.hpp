// What kind of file an inode's mode, or a directory entry's type byte, says it is.
#pragma once

#include <cstdint>
#include <optional>

#include <imgport/file_tree.hpp>

namespace imgport {

// Of st_mode (POSIX.1-2017, <sys/stat.h>; the values that Linux' filesystems store). nullopt: none of them.
std::optional<FileKind> kind_of_mode(std::uint32_t mode);

// Of the type byte that ext, XFS and btrfs share: 1 regular, 2 directory, 3 character, 4 block, 5 fifo, 6 socket,
// 7 symbolic link. nullopt: not told.
std::optional<FileKind> kind_of_type(std::uint8_t type);

}  // namespace imgport
