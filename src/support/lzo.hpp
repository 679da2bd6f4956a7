// LZO1X blocks, as the Linux kernel and lzop write them. Written from the description of the format in the kernel's
// Documentation/staging/lzo.rst. Bitstream version 1 (LZO-RLE, which only zram makes) is not read.
#pragma once

#include <cstddef>
#include <span>

#include <imgport/error.hpp>

#include "support/bytes.hpp"

namespace imgport {

// Decodes one block to `out` and answers how many bytes that were. The block must fill `in` exactly and fit into
// `out`; otherwise, and wherever it breaks its format, malformed.
Result<std::size_t> decode_lzo1x(Bytes in, std::span<std::byte> out);

}  // namespace imgport
