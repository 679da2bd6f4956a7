#include "handoff/part_plan.hpp"

#include <gtest/gtest.h>

using namespace imgport;

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

void expect_whole(const PartPlan &plan)
{
    ASSERT_LE(plan.count(), 10'000U);
    std::uint64_t at = 0;
    for (std::uint32_t number = 1; number <= plan.count(); ++number) {
        ASSERT_EQ(plan.offset(number), at);
        ASSERT_GT(plan.length(number), 0U);
        ASSERT_LE(plan.length(number), plan.part_size);
        at += plan.length(number);
    }
    EXPECT_EQ(at, plan.size);
}

}  // namespace

TEST(PartPlan, CoversEverySizeWithAtMostTenThousandParts)
{
    for (std::uint64_t const size :
         {std::uint64_t{1}, 16 * mib - 1, 16 * mib, 16 * mib + 1, gib, 10'000 * 16 * mib, 10'000 * 16 * mib + 1,
          500 * gib, 2000 * gib + 12345, 10'000 * 5 * gib - 1, 10'000 * 5 * gib}) {
        for (auto const dialect : {StoreDialect::oss, StoreDialect::s3}) {
            auto const plan = plan_parts(size, 0, dialect);
            ASSERT_TRUE(plan) << size;
            EXPECT_LE(plan->part_size, 5 * gib) << size;
            EXPECT_GE(plan->part_size, 5 * mib) << size;
            expect_whole(*plan);
        }
    }
    EXPECT_EQ(plan_parts(gib, 0, StoreDialect::oss)->count(), 64U);
}

TEST(PartPlan, RefusesWhatNoStoreTakes)
{
    EXPECT_EQ(plan_parts(0, 0, StoreDialect::oss).error().code, ErrorCode::malformed);
    EXPECT_EQ(plan_parts(10'000 * 5 * gib + 1, 0, StoreDialect::oss).error().code, ErrorCode::usage);
    EXPECT_FALSE(plan_parts(UINT64_MAX, 0, StoreDialect::oss));
}

TEST(PartPlan, TakesTheUsersSizeWhereItSuffices)
{
    EXPECT_EQ(plan_parts(gib, 100 * 1024, StoreDialect::oss).error().field, "--part-size");  // 10486 parts
    EXPECT_TRUE(plan_parts(100 * mib, 100 * 1024, StoreDialect::oss));
    EXPECT_FALSE(plan_parts(100 * mib, 100 * 1024 - 1, StoreDialect::oss));
    EXPECT_FALSE(plan_parts(100 * mib, 5 * mib - 1, StoreDialect::s3));
    EXPECT_TRUE(plan_parts(100 * mib, 5 * mib, StoreDialect::s3));
    EXPECT_TRUE(plan_parts(100 * gib, 5 * gib, StoreDialect::oss));
    EXPECT_FALSE(plan_parts(100 * gib, 5 * gib + 1, StoreDialect::oss));
    EXPECT_TRUE(plan_parts(10'000 * mib, mib, StoreDialect::oss));
    EXPECT_FALSE(plan_parts(10'000 * mib + 1, mib, StoreDialect::oss));
}
