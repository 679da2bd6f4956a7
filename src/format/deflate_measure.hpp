// A deflate stream (RFC 1951) looked at from outside: how long it is, and how far back it reaches.
#pragma once

#include <cstddef>
#include <optional>

#include "support/bytes.hpp"

namespace imgport {

struct DeflateMeasure {
    std::size_t packed = 0;    // bytes that the stream takes; what follows them is not part of it
    std::size_t unpacked = 0;  // bytes that it inflates to
};

// Nothing where the stream is damaged, inflates to more than `most` bytes, or repeats bytes from more than `window`
// bytes back.
//
// QEMU's readers give zlib a window of 4 KiB (block/qcow2-threads.c, "-12"), and zlib does not look at it as long as
// the output fits in one call; other readers are not as kind. No library says how far a stream reaches: ISA-L's
// stateless inflater ignores its hist_bits, its stateful one does not see them in blocks with fixed codes, and zlib
// must be drained in steps smaller than the window, at a third of this speed. Nothing is written here but lengths are
// added up.
std::optional<DeflateMeasure> measure_deflate(Bytes packed, std::size_t most, std::size_t window);

}  // namespace imgport
