#include "convert/plan.hpp"

#include <gtest/gtest.h>

using namespace imgport;

namespace {

ImageFacts disk_of(std::uint64_t size)
{
    ImageFacts facts;
    facts.format = Format::raw;
    facts.virtual_size = size;
    return facts;
}

}  // namespace

TEST(Plan, RoundsToWholeSectors)
{
    EXPECT_EQ(plan_conversion(disk_of(1000), {})->virtual_size, 1024U);
    EXPECT_EQ(plan_conversion(disk_of(1024), {})->virtual_size, 1024U);
}

TEST(Plan, RefusesAVhdPastItsLimit)
{
    constexpr std::uint64_t limit = std::uint64_t{2040} << 30;
    EXPECT_TRUE(plan_conversion(disk_of(limit), {.target = Format::vhd}));
    auto const refused = plan_conversion(disk_of(limit + 512), {.target = Format::vhd});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::usage);
}

TEST(Plan, RefusesCompressionThatTheTargetHasNot)
{
    EXPECT_FALSE(plan_conversion(disk_of(512), {.target = Format::raw, .compression = Compression::fast}));
    EXPECT_TRUE(plan_conversion(disk_of(512), {.target = Format::qcow2, .compression = Compression::fast}));
}

TEST(Plan, RefusesATargetThatIsNeverWritten)
{
    EXPECT_FALSE(plan_conversion(disk_of(512), {.target = Format::vmdk}));
}

TEST(Plan, SaysWhatTheContainerWillBe)
{
    auto const qcow2 = plan_conversion(disk_of(512), {});
    EXPECT_EQ(qcow2->artifact.details.qcow2->version, 3U);
    auto const fixed = plan_conversion(disk_of(512), {.target = Format::vhd, .vhd_type = VhdType::fixed});
    EXPECT_EQ(fixed->artifact.variant, "fixed");
    EXPECT_EQ(fixed->artifact.details.vhd->current_size, 512U);
}
