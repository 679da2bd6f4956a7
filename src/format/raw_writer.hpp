// A disk as it is: what is zero becomes a hole.
#pragma once

#include "format/image_writer.hpp"

namespace imgport {

// `size`: of the disk, a multiple of 512.
std::unique_ptr<ImageWriter> make_raw_writer(std::uint64_t size);

}  // namespace imgport
