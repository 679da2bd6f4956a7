// The disk in a QCOW2 image: docs/interop/qcow2.txt of QEMU.
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "format/image_cache.hpp"

namespace imgport {

// The active disk: internal snapshots are passed over. `backing` is the disk below, which may be shorter or longer; it
// must be there where the header names one. `file` must outlive the disk. Unsupported: encryption, external data files,
// features that are not known.
Result<std::shared_ptr<Disk>> open_qcow2_disk(const InputFile &file, std::shared_ptr<ImageCache> cache,
                                              std::shared_ptr<Disk> backing);

}  // namespace imgport
