#include "support/bytes.hpp"

#include <array>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

using namespace imgport;

TEST(CheckedArithmetic, OverflowIsSeen)
{
    constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(checked_add<std::uint64_t>(largest, 1), std::nullopt);
    EXPECT_EQ(checked_mul<std::uint64_t>(largest / 2, 3), std::nullopt);
    EXPECT_EQ(checked_add<std::uint64_t>(2, 3), 5U);
    EXPECT_EQ(round_up(largest, 512), std::nullopt);
    EXPECT_EQ(round_up(513, 512), 1024U);
}

TEST(RangeInside, DoesNotWrapAround)
{
    constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
    EXPECT_TRUE(range_inside(0, 10, 10));
    EXPECT_TRUE(range_inside(10, 0, 10));
    EXPECT_FALSE(range_inside(11, 0, 10));
    EXPECT_FALSE(range_inside(5, largest, 10));
    EXPECT_FALSE(range_inside(largest, 2, 10));
}

TEST(Numbers, HaveTheirByteOrder)
{
    std::array<std::byte, 4> bytes{};
    store_be<std::uint32_t>(bytes, 0, 0x12345678);
    EXPECT_EQ(load_be<std::uint32_t>(bytes, 0), 0x12345678U);
    EXPECT_EQ(load_le<std::uint32_t>(bytes, 0), 0x78563412U);
    EXPECT_EQ(load_be<std::uint16_t>(bytes, 1), 0x3456U);
    store_le<std::uint16_t>(bytes, 0, 0xabcd);
    EXPECT_EQ(load_be<std::uint16_t>(bytes, 0), 0xcdabU);
    EXPECT_EQ(read_be<std::uint32_t>(bytes, 1), std::nullopt);
}

TEST(AllZero, SeesTheOneByte)
{
    std::vector<std::byte> bytes(4097);
    EXPECT_TRUE(all_zero(bytes));
    EXPECT_TRUE(all_zero({}));
    for (std::size_t at : {0U, 1U, 4096U}) {
        bytes[at] = std::byte{1};
        EXPECT_FALSE(all_zero(bytes)) << at;
        bytes[at] = std::byte{0};
    }
}
