// Free space of NTFS: the clusters that $Bitmap, the sixth file, does not mark.
#pragma once

#include <cstdint>
#include <optional>

#include "volume/volume_reader.hpp"

namespace imgport {

// `record` is $Bitmap's in the MFT, its fixups applied. nullopt where it is scattered over several records, larger
// than 256 MiB (a volume of 8 TiB), or damaged.
std::optional<std::uint64_t> ntfs_free_clusters(VolumeReader &volume, Bytes record, std::uint64_t cluster_size,
                                                std::uint64_t clusters);

}  // namespace imgport
