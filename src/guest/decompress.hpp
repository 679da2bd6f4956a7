// The compressed segments of an initramfs as plain streams.
#pragma once

#include <memory>
#include <string>

#include "guest/byte_reader.hpp"

namespace imgport {

// "gzip", "xz", "zstd", "lz4", "bzip2", "lzma", or "lzo" (which cannot be read); empty where the bytes begin none.
std::string compression_of(Bytes head);

// Decompresses the segment that begins at `in`; at the end of the stream exactly the segment has been taken from
// `in`, which must outlive it.
Result<std::unique_ptr<FileStream>> decompress(ByteReader &in, const std::string &compression);

}  // namespace imgport
