// Single clusters packed in memory: the counterpart of decompress.hpp.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <imgport/convert.hpp>

#include "support/bytes.hpp"

namespace imgport {

// QEMU's readers give zlib a window of 4 KiB: block/qcow2-threads.c.
inline constexpr unsigned qcow2_window_bits = 12;

// Packs one cluster after the other; the same bytes become the same bytes, whatever came before. For one thread.
class Compressor {
public:
    Compressor() = default;
    Compressor(const Compressor &) = delete;
    Compressor &operator=(const Compressor &) = delete;
    virtual ~Compressor() = default;

    // How many bytes of `out` the packed `in` takes; 0 where it does not fit.
    virtual std::size_t compress(Bytes in, std::span<std::byte> out) = 0;
};

// fast: deflate by ISA-L at its level 1; small: deflate by zlib at its level 9; both with a window of 4 KiB. zstd:
// level 3, as QEMU does it. An error (environment) where there is no memory. nullptr for Compression::none.
Result<std::unique_ptr<Compressor>> make_compressor(Compression compression);

// "isa-l 2.30.0", "zlib 1.2.13", "zstd 1.5.4": what packs. Where ISA-L has no code of its own for this processor, its
// output may be another than elsewhere; then it ends with " (base)".
std::string compressor_name(Compression compression);

}  // namespace imgport
