// Decoders that tell by themselves where a compressed segment ends: exactly the segment is taken from the reader, which
// must outlive the stream.
#pragma once

#include <memory>
#include <string>

#include "guest/byte_reader.hpp"

namespace imgport {

// One member (RFC 1952).
std::unique_ptr<FileStream> gzip_stream(ByteReader &in);

// One frame (RFC 8878). A window of more than 64 MiB is refused: it would be held in memory.
std::unique_ptr<FileStream> zstd_stream(ByteReader &in);

// "xz" or "lzma", with a dictionary of at most 96 MiB.
std::unique_ptr<FileStream> lzma_stream(ByteReader &in, const std::string &kind);

}  // namespace imgport
