#include "filesystem/free_ranges.hpp"

#include <gtest/gtest.h>

namespace imgport {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(FreeRanges, AreSortedAndJoined)
{
    FreeRanges ranges;
    ranges.add(100, 10);
    ranges.add(110, 10);
    ranges.add(0, 5);
    ranges.add(5, 0);
    ranges.add(90, 10);
    ranges.add(115, 10);
    EXPECT_EQ(ranges.take(), (Ranges{{0, 5}, {90, 35}}));
}

TEST(FreeRanges, ForgetTheSmallOnesWhereThereAreTooMany)
{
    FreeRanges ranges(100);
    for (std::uint64_t i = 0; i < 10000; ++i)
        ranges.add(i * 1000, i % 100 == 7 ? 500 : 3);
    auto const kept = ranges.take();
    EXPECT_LE(kept.size(), 100U);
    EXPECT_GE(kept.size(), 25U);
    for (auto const &range : kept) {
        // Nothing that was not said.
        EXPECT_EQ(range.offset % 1000, 0U);
        EXPECT_EQ(range.length, range.offset / 1000 % 100 == 7 ? 500U : 3U);
    }
}

TEST(FreeRanges, WithoutOthers)
{
    Ranges const ranges{{0, 100}, {200, 100}, {400, 100}};
    EXPECT_EQ(without(ranges, Ranges{}), ranges);
    EXPECT_EQ(without(ranges, Ranges{{100, 100}, {300, 100}, {500, 100}}), ranges);
    EXPECT_EQ(without(ranges, Ranges{{0, 1}, {50, 10}, {90, 120}, {299, 1}, {350, 200}}),
              (Ranges{{1, 49}, {60, 30}, {210, 89}}));
    EXPECT_EQ(without(ranges, Ranges{{0, 1000}}), Ranges{});
}

}  // namespace
}  // namespace imgport
