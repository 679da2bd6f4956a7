// The text of an XFS symbolic link: "XFS Algorithms & Data Structures", third edition, chapter "Symbolic Links".
#pragma once

#include <memory>
#include <string>

#include "filesystem/xfs_inode.hpp"

namespace imgport {

Result<std::string> read_xfs_symlink(const std::shared_ptr<const XfsVolume> &volume, const XfsInode &inode);

}  // namespace imgport
