// The digest of a disk's guest-visible bytes, independent of the format: docs/content-digest.md.
#pragma once

#include <string>
#include <string_view>

#include <imgport/disk.hpp>
#include <imgport/progress.hpp>

namespace imgport {

// 64 hex digits. Reads only what the disk's extents call data.
Result<std::string> digest_of(Disk &disk, ProgressSink &progress);

}  // namespace imgport
