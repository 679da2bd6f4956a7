// ISO 9660 with Rock Ridge or Joliet through libarchive, which prefers them in this order, as Linux does.
#pragma once

#include <memory>
#include <string>

#include <imgport/disk.hpp>

#include "filesystem/raw_tree.hpp"

namespace imgport {

// All entries are read at once. `device` is the name that errors call it by. Without Rock Ridge, files have the mode
// 0444 and directories 0555, and case does not matter where a name is looked up; without Joliet either, names are
// shown in lower case. All of that is Linux' too. malformed where there is no such filesystem, or where it has more
// than 200,000 files.
Result<std::shared_ptr<RawTree>> open_iso9660(std::shared_ptr<Disk> volume, const std::string &device);

}  // namespace imgport
