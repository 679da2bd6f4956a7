// The LZO decoder: the bytes are one block.
#include <cstdint>
#include <vector>

#include "support/lzo.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    // Exactly as much room as there is: a byte more is one too many.
    for (std::size_t const room : {std::size_t{0}, std::size_t{100}, std::size_t{4096}}) {
        std::vector<std::byte> out(room);
        auto const in = std::as_bytes(std::span(data, size));
        if (auto const done = imgport::decode_lzo1x(in, out); done && *done > room)
            __builtin_trap();
    }
    return 0;
}
