// What images are packed in, told by the first bytes, and the layers that compress one stream.
#pragma once

#include <memory>
#include <optional>

#include "format/byte_stream.hpp"
#include "support/bytes.hpp"

namespace imgport {

enum class Wrapper { gzip, bzip2, xz, zstd, zip, tar, seven_zip, rar, lz4, lzip };

// The word used in `wrapped_in`.
const char *to_string(Wrapper wrapper);

// By magic, never by name; `head` is the first 1024 bytes, or less where there is less. nullopt: no wrapper.
std::optional<Wrapper> wrapper_of(Bytes head);

// Holds members with names, rather than one stream.
bool is_archive(Wrapper wrapper);
// A DMG whose first chunk is compressed that way begins with the same magic (bzip2: UDBZ, xz: ULMO).
bool may_begin_a_dmg(Wrapper wrapper);
// Recognised so that it can be named, and no more.
bool is_supported(Wrapper wrapper);

// The unpacked bytes of gzip, bzip2, xz or zstd. The base must outlive it.
Result<std::unique_ptr<ByteStream>> open_compressed(Wrapper wrapper, ByteStream &base);

}  // namespace imgport
