#include <imgport/disk_size.hpp>

#include <gtest/gtest.h>

using namespace imgport;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

}  // namespace

TEST(DiskSize, Spellings)
{
    for (auto const *text : {"21474836480", "21474836480b", "20G", "20g", "20GB", "20Gi", "20GiB", "20 GiB", "20480M"})
        EXPECT_EQ(parse_size(text), 20 * gib) << text;
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("3k"), 3072U);
    EXPECT_EQ(parse_size("2T"), 2048 * gib);
    EXPECT_EQ(parse_size("18446744073709551615"), ~std::uint64_t{0});
    EXPECT_EQ(parse_size("15E"), std::uint64_t{15} << 60);
}

TEST(DiskSize, WhatIsNoSize)
{
    for (auto const *text : {"", "G", "b", "-1G", "1.5G", "1,5G", "0x10", "20 G B", "20GG", "20X", "20iB", "20Gbit",
                             "18446744073709551616", "16E", "999999999999999999999G", "++1G", "+ 1G", "20G+", "1e9"}) {
        EXPECT_FALSE(parse_size(text)) << text;
        EXPECT_FALSE(parse_wanted_size(text)) << text;
    }
    EXPECT_FALSE(parse_size("+1G"));
    EXPECT_FALSE(parse_wanted_size("+"));
}

TEST(DiskSize, WantedForADisk)
{
    EXPECT_EQ(parse_wanted_size("20G")->for_disk_of(7 * gib), 20 * gib);
    EXPECT_EQ(parse_wanted_size("+10G")->for_disk_of(7 * gib), 17 * gib);
    EXPECT_EQ(parse_wanted_size("+0")->for_disk_of(7 * gib), 7 * gib);
    // Smaller is another one's complaint.
    EXPECT_EQ(parse_wanted_size("5G")->for_disk_of(7 * gib), 5 * gib);
    // A raw file that ends inside a sector is converted with all of it.
    EXPECT_EQ(parse_wanted_size("+1k")->for_disk_of(1000), 2048U);
    EXPECT_FALSE(parse_wanted_size("+15E")->for_disk_of(std::uint64_t{1} << 60));
    EXPECT_FALSE(parse_wanted_size("+1")->for_disk_of(~std::uint64_t{0}));
}
