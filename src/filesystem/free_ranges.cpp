#include "filesystem/free_ranges.hpp"

#include <algorithm>
#include <functional>

namespace imgport {
namespace {

void sort_and_join(std::vector<ByteRange> &ranges)
{
    std::sort(ranges.begin(), ranges.end(), [](const ByteRange &a, const ByteRange &b) { return a.offset < b.offset; });
    std::size_t kept = 0;
    for (auto const &range : ranges) {
        if (kept > 0) {
            auto &last = ranges[kept - 1];
            if (range.offset <= last.offset + last.length) {
                last.length = std::max(last.length, range.offset + range.length - last.offset);
                continue;
            }
        }
        ranges[kept++] = range;
    }
    ranges.resize(kept);
}

}  // namespace

void FreeRanges::add(std::uint64_t offset, std::uint64_t length)
{
    if (length == 0)
        return;
    if (!m_ranges.empty() && m_ranges.back().offset + m_ranges.back().length == offset) {
        m_ranges.back().length += length;
        return;
    }
    // Now that it has grown as far as it goes.
    if (!m_ranges.empty() && m_ranges.back().length < m_least)
        m_ranges.pop_back();
    if (m_ranges.size() >= m_most)
        forget_small_ones();
    m_ranges.push_back({offset, length});
}

void FreeRanges::forget_small_ones()
{
    sort_and_join(m_ranges);
    std::size_t const most = m_most / 2;
    if (m_ranges.size() <= most)
        return;
    std::vector<std::uint64_t> lengths;
    for (auto const &range : m_ranges)
        lengths.push_back(range.length);
    std::nth_element(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(most), lengths.end(),
                     std::greater<>());
    m_least = std::max(m_least, lengths[most]);
    std::erase_if(m_ranges, [this](const ByteRange &range) { return range.length < m_least; });
    // As many as there is room for of those that are equally long.
    m_ranges.resize(std::min(m_ranges.size(), most));
}

std::vector<ByteRange> FreeRanges::take()
{
    sort_and_join(m_ranges);
    return std::move(m_ranges);
}

std::vector<ByteRange> without(std::span<const ByteRange> ranges, std::span<const ByteRange> others)
{
    std::vector<ByteRange> left;
    std::size_t next = 0;
    for (auto const &range : ranges) {
        std::uint64_t at = range.offset;
        std::uint64_t const end = range.offset + range.length;
        while (next < others.size() && others[next].offset + others[next].length <= at)
            ++next;
        for (std::size_t i = next; i < others.size() && others[i].offset < end; ++i) {
            if (others[i].offset > at)
                left.push_back({at, others[i].offset - at});
            at = std::clamp(others[i].offset + others[i].length, at, end);
        }
        if (at < end)
            left.push_back({at, end - at});
    }
    return left;
}

}  // namespace imgport
