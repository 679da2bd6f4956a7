// The disk in a VDI of VirtualBox.
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "format/image_cache.hpp"

namespace imgport {

// Dynamic or fixed. `file` must outlive the disk. Unsupported: images with a parent, blocks with data of their own.
Result<std::shared_ptr<Disk>> open_vdi_disk(const InputFile &file, std::shared_ptr<ImageCache> cache);

}  // namespace imgport
