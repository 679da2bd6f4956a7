// A disk whose bytes lie in a file as they are.
#pragma once

#include <memory>

#include <imgport/disk.hpp>

#include "support/file.hpp"

namespace imgport {

// The first `size` bytes of `file`, which must outlive the disk and must not be smaller. Holes by SEEK_HOLE. Several
// threads may use it at once.
std::shared_ptr<Disk> open_raw_disk(const InputFile &file, std::uint64_t size);

}  // namespace imgport
