// Where a compressed segment of an initramfs ends, for LZ4, whose decoder does not say.
#pragma once

#include <memory>

#include "guest/byte_reader.hpp"

namespace imgport {

// A stream that gives the bytes of one compressed segment as they are and ends with it. What follows stays in `in`.
//
// LZ4: the legacy frame that the kernel's unlz4 reads (magic 184C2102, blocks until the end or a size that cannot be
// one), or one frame of the LZ4 frame format 1.6.
std::unique_ptr<FileStream> lz4_frame(ByteReader &in);

}  // namespace imgport
