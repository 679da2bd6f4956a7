// The pages of a Linux swap area, and how a suspended one becomes an ordinary one again.
#pragma once

#include <optional>

#include <imgport/disk.hpp>

#include "format/changed_disk.hpp"

namespace imgport {

struct SwapSpace {
    ByteRange pages;                          // all but the header, in bytes from the start of the area
    std::optional<BytePatch> signature = {};  // set where a system was suspended to it
};

// Errors: unsupported with the reason, in the user's words.
Result<SwapSpace> read_swap_space(Disk &volume);

}  // namespace imgport
