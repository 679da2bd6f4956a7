// The disk in a VHDX: [MS-VHDX].
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "format/image_cache.hpp"

namespace imgport {

// Dynamic or fixed. `file` must outlive the disk. Unsupported: a pending log, a parent, unknown required structures.
Result<std::shared_ptr<Disk>> open_vhdx_disk(const InputFile &file, std::shared_ptr<ImageCache> cache);

}  // namespace imgport
