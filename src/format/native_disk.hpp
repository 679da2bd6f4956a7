// Our own readers of disks: RAW, ISO, QCOW2, VHD, VMDK, VHDX and VDI.
#pragma once

#include <memory>

#include <imgport/disk.hpp>
#include <imgport/image.hpp>

#include "format/image_cache.hpp"
#include "support/file.hpp"

namespace imgport {

// The disk in one image file, of the format that `facts` (a probe of it) says. `file` must outlive the disk. `backing`
// is the disk below a QCOW2, where it has one. Images that lead to one another share a cache. Unsupported, by name:
// what we have no reader for; QEMU may have one.
Result<std::shared_ptr<Disk>> open_native_disk(const InputFile &file, const ImageFacts &facts,
                                               std::shared_ptr<ImageCache> cache, std::shared_ptr<Disk> backing = {});

}  // namespace imgport
