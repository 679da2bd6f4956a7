// The disk in a VHD: Microsoft "Virtual Hard Disk Image Format Specification" 1.0.
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "format/image_cache.hpp"

namespace imgport {

// `size` is the virtual size that the probe decided for. A fixed disk is its bytes; of a dynamic one the blocks that
// are there are taken whole, as QEMU does: the bitmap of sectors that precedes each block is not consulted, so that
// what is inspected is what QEMU converts. `file` must outlive the disk. Unsupported: differencing disks.
Result<std::shared_ptr<Disk>> open_vhd_disk(const InputFile &file, std::shared_ptr<ImageCache> cache,
                                            std::uint64_t size);

}  // namespace imgport
