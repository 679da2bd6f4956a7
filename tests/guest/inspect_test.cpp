// From an image file to facts, natively. The appliance is a module that this program does not have beside it.
#include <imgport/inspect.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::uint64_t size = std::uint64_t{64} << 20;

Inspection look(const std::string &image, Inspector inspector)
{
    auto const result = inspect(image, probe(image), {.inspector = inspector}, silent_progress());
    EXPECT_TRUE(result) << (result ? "" : describe(result.error()));
    return result ? *result : Inspection{};
}

std::string f2fs_image(const Workshop &shop)
{
    std::string image = shop.image("f2fs.raw", size);
    run_tool({"mkfs.f2fs", "-q", image});
    return image;
}

}  // namespace

TEST(InspectImage, AnExt4RootIsReadNatively)
{
    IMGPORT_NEEDS("mke2fs");
    Workshop const shop;
    std::string const image = shop.image("ext4.raw", size);
    run_shell("cd " + shop.path() + " && mkdir -p tree/etc tree/bin && echo ID=debian >tree/etc/os-release" +
              " && echo root:x:0:0::/root:/bin/sh >tree/etc/passwd && mke2fs -q -t ext4 -d tree ext4.raw");
    auto const found = look(image, Inspector::automatic);
    EXPECT_FALSE(found.gap);
    EXPECT_EQ(found.inspector, "native");
    ASSERT_TRUE(found.guest);
    EXPECT_EQ(found.guest->os.id, "debian");
    EXPECT_EQ(found.guest->root_device, "/dev/sda");
}

TEST(InspectImage, WhatIsNotReadNativelyIsAGapThatNamesIt)
{
    IMGPORT_NEEDS("mkfs.f2fs");
    Workshop const shop;
    std::string const image = f2fs_image(shop);
    auto const found = look(image, Inspector::native);
    ASSERT_TRUE(found.gap);
    EXPECT_THAT(found.gap->reason, HasSubstr("/dev/sda (f2fs)"));
    EXPECT_FALSE(found.gap->machine);
}

TEST(InspectImage, WithoutTheModuleTheMachineIsToBlame)
{
    IMGPORT_NEEDS("mkfs.f2fs");
    Workshop const shop;
    std::string const image = f2fs_image(shop);
    for (auto const inspector : {Inspector::automatic, Inspector::appliance}) {
        auto const found = look(image, inspector);
        ASSERT_TRUE(found.gap);
        EXPECT_THAT(found.gap->reason, HasSubstr("the appliance engine cannot be loaded"));
        EXPECT_TRUE(found.gap->machine);
    }
}

TEST(Inspector, NamesThatAreReadAreThoseThatAreWritten)
{
    for (auto const inspector : {Inspector::automatic, Inspector::native, Inspector::appliance})
        EXPECT_EQ(parse_inspector(to_string(inspector)), inspector);
    EXPECT_FALSE(parse_inspector("kernel"));
}
