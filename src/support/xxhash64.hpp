// XXH64 (xxHash fast digest algorithm, specification 0.1.1, "XXH64 algorithm description"), as btrfs uses it.
#pragma once

#include <cstdint>

#include "support/bytes.hpp"

namespace imgport {

// With the seed 0.
std::uint64_t xxhash64(Bytes bytes);

}  // namespace imgport
