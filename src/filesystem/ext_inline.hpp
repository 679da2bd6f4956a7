// The inline_data feature: a small file or directory that lies inside its inode. The kernel's
// Documentation/filesystems/ext4/, "Inline Data" and "Extended Attributes".
#pragma once

#include "filesystem/ext_fs.hpp"

namespace imgport {

// The part behind the first 60 bytes: the value of the attribute "system.data", empty where there is none. It points
// into `inode`. An error (malformed) where the attributes leave the inode.
Result<Bytes> inline_rest(const ExtInode &inode);

// The whole of a file or link. An error (malformed) where there is less of it than its size says.
Result<std::string> inline_content(const ExtInode &inode);

}  // namespace imgport
