// The compression of file extents: "Compression" in the btrfs documentation; the container of LZO segments is described
// with lzo_compress_folios() in the kernel's fs/btrfs/lzo.c.
#pragma once

#include <cstdint>
#include <span>

#include <imgport/error.hpp>

#include "support/bytes.hpp"

namespace imgport::btrfs {

// As an extent item has it. Others are unsupported.
enum class Compression : std::uint8_t { none = 0, zlib = 1, lzo = 2, zstd = 3 };

// Fills `out`. Where there is less, zeroes follow; where there is more, it is left out: both are regular.
Result<void> decompress_extent(Compression compression, Bytes in, std::span<std::byte> out, std::size_t sector_size);

}  // namespace imgport::btrfs
