// The data of extents, verified by the checksum tree.
#pragma once

#include <cstdint>
#include <span>

#include "filesystem/btrfs_volume.hpp"

namespace imgport::btrfs {

enum class Verify { no, yes };

// Fills `out` from a logical address; both are multiples of the sector size. Sectors that have a checksum must match
// it, in one of the copies; malformed otherwise.
Result<void> read_data(Volume &volume, std::uint64_t logical, std::span<std::byte> out, Verify verify);

}  // namespace imgport::btrfs
