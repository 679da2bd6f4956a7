// gzip (RFC 1952) by zlib: unlike libarchive's reader it checks the CRC-32 and the length behind each member.
#pragma once

#include <memory>

#include "format/byte_stream.hpp"

namespace imgport {

// The unpacked bytes; several members follow one another, zeroes behind the last one are padding. The base must
// outlive it.
Result<std::unique_ptr<ByteStream>> open_gzip(ByteStream &base);

}  // namespace imgport
