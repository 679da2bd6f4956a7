#pragma once

#include <cstdint>

namespace imgport {

// The crc64_ecma() of two runs of bytes one after the other, out of that of each and the second one's length in bytes.
std::uint64_t crc64_combine(std::uint64_t first, std::uint64_t second, std::uint64_t second_length);

}  // namespace imgport
