// Whether an XFS log has something to replay.
#pragma once

#include <cstdint>

#include "volume/volume_reader.hpp"

namespace imgport {

enum class XfsLogState {
    clean,    // empty, or the record at its head is the one that an unmount writes
    dirty,    // there is something to replay
    damaged,  // it leaves the volume, or no record could be found
};

// The log is the bytes [offset, offset + length) of the volume.
XfsLogState xfs_log_state(VolumeReader &volume, std::uint64_t offset, std::uint64_t length);

}  // namespace imgport
