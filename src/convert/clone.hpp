// A raw disk that becomes a raw disk: on filesystems that share extents (btrfs, XFS) nothing is copied at all.
#pragma once

#include "format/source.hpp"

namespace imgport {

// True where `output`, an empty file, now holds the source's bytes by sharing them. False where the filesystem cannot,
// or where one of the two is not simply the disk's bytes; nothing was written then.
bool clone_file(const Source &source, int output, Format target);

}  // namespace imgport
