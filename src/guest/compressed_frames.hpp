// Where a compressed segment of an initramfs ends, for the formats whose decoders do not say.
#pragma once

#include <memory>

#include "guest/byte_reader.hpp"

namespace imgport {

// Streams that give the bytes of one compressed segment as they are and end with it. What follows stays in `in`.

// One Zstandard frame, RFC 8878, section 3.1. A window of more than 64 MiB is refused: it would be held in memory.
std::unique_ptr<FileStream> zstd_frame(ByteReader &in);

// LZ4: the legacy frame that the kernel's unlz4 reads (magic 184C2102, blocks until the end or a size that cannot be
// one), or one frame of the LZ4 frame format 1.6.
std::unique_ptr<FileStream> lz4_frame(ByteReader &in);

}  // namespace imgport
