// The XFS superblock, read for the sake of the files.
#pragma once

#include "filesystem/xfs_volume.hpp"

namespace imgport {

// See XfsVolume::open for the errors.
Result<XfsGeometry> read_xfs_geometry(Disk &disk);

}  // namespace imgport
