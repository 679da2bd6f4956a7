#include "support/time_text.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

using namespace imgport;

namespace {

std::chrono::system_clock::time_point at(std::time_t seconds)
{
    return std::chrono::system_clock::from_time_t(seconds);
}

}  // namespace

TEST(TimeText, IsInNoLocaleAndPaddedWithZeroes)
{
    auto const when = at(1772511906) + std::chrono::milliseconds(999);
    EXPECT_EQ(http_date(when), "Tue, 03 Mar 2026 04:25:06 GMT");
    EXPECT_EQ(iso_time(when), "2026-03-03T04:25:06Z");
    EXPECT_EQ(http_date(at(1709251199)), "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(SourceDate, ReachesToTheYear9999)
{
    ::setenv("SOURCE_DATE_EPOCH", "253402300799", 1);
    ASSERT_TRUE(source_date());
    EXPECT_EQ(iso_time(*source_date()), "9999-12-31T23:59:59Z");
    for (const char *const bad : {"253402300800", "-1", "today", ""}) {
        ::setenv("SOURCE_DATE_EPOCH", bad, 1);
        EXPECT_FALSE(source_date()) << bad;
    }
    ::unsetenv("SOURCE_DATE_EPOCH");
    EXPECT_FALSE(source_date());
}
