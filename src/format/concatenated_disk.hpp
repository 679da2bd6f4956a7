// Several disks that are one.
#pragma once

#include <memory>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

// One after another. An error (malformed) where their sizes together are past 64 bits.
Result<std::shared_ptr<Disk>> concatenate(std::vector<std::shared_ptr<Disk>> parts);

}  // namespace imgport
