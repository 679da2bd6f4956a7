// Ranges collected in memory that is bounded, whatever a disk makes of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/changed_disk.hpp"

namespace imgport {

class FreeRanges {
public:
    // `most` is at least 2; as many ranges as are the default take 4 MiB.
    explicit FreeRanges(std::size_t most = std::size_t{1} << 18) : m_most(most) {}

    // In any order. Where there are too many, the small ones are forgotten: what is not called free is only kept.
    void add(std::uint64_t offset, std::uint64_t length);

    // Sorted, those that touch made one. What two of them share counts once.
    std::vector<ByteRange> take();

private:
    void forget_small_ones();

    std::size_t m_most;
    std::uint64_t m_least = 1;
    std::vector<ByteRange> m_ranges;
};

// What of the ranges lies outside of the others; both sorted and apart from one another.
std::vector<ByteRange> without(std::span<const ByteRange> ranges, std::span<const ByteRange> others);

}  // namespace imgport
