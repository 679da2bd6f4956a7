// VHD, dynamic and fixed: Microsoft "Virtual Hard Disk Image Format Specification" 1.0.
#pragma once

#include "format/image_writer.hpp"

namespace imgport {

struct VhdMaking {
    std::uint64_t size = 0;  // of the disk, bytes: a multiple of 512, at most vhd_most_bytes
    bool fixed = false;
    std::uint32_t created = 0;  // seconds since 2000-01-01 00:00:00 UTC
};

// The block allocation table counts 512-byte sectors in 32 bits, and Hyper-V and Azure stop at 2040 GiB.
inline constexpr std::uint64_t vhd_most_bytes = std::uint64_t{2040} << 30;

// Dynamic disks have blocks of 2 MiB, whose bitmaps say that all of it is there, as QEMU's do. The size stands in
// current_size to the byte, with a creator for which QEMU believes it, and in a geometry that the specification's own
// calculation gives.
std::unique_ptr<ImageWriter> make_vhd_writer(const VhdMaking &making);

}  // namespace imgport
