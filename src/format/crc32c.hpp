// CRC-32C (Castagnoli), as VHDX and others use it: RFC 3720, appendix B.4. zlib's crc32 has another polynomial.
#pragma once

#include <cstdint>

#include "support/bytes.hpp"

namespace imgport {

// The checksum of `bytes`; start with 0 and feed the result back in.
std::uint32_t crc32c(std::uint32_t crc, Bytes bytes);

}  // namespace imgport
