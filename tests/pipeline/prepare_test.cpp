#include <imgport/prepare.hpp>

#include <gtest/gtest.h>

#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;

TEST(ArtifactNames, LoseTheirSuffixesAndNeverCollide)
{
    EXPECT_EQ(artifact_names({"a/web.qcow2.xz", "b/web.vmdk", "web.ova", "db.raw.gz", "x", ".img"}),
              (std::vector<std::string>{"web", "web-2", "web-3", "db", "x", ".img"}));
}

TEST(WorstExitCode, IsTheFirstOfTheContract)
{
    EXPECT_EQ(worst_exit_code({0, 1, 3, 4, 5}), 5);
    EXPECT_EQ(worst_exit_code({0, 1, 4, 3}), 4);
    EXPECT_EQ(worst_exit_code({0, 1}), 1);
    EXPECT_EQ(worst_exit_code({}), 0);
}

TEST(Lint, OfAMissingFileIsAnErrorWithExitCode3)
{
    auto const result = lint("/nonexistent/disk.raw", {}, silent_progress());
    EXPECT_EQ(result.entry.verdict, Verdict::error);
    EXPECT_EQ(result.exit_code, 3);
    ASSERT_TRUE(result.entry.error);
}

TEST(Lint, OfAMalformedHeaderIsRefused)
{
    Folder const folder;
    folder.write("a.qcow2", std::string("QFI\xfb\0\0\0\3", 8) + std::string(504, '\xff'));
    auto const result = lint(folder / "a.qcow2", {}, silent_progress());
    EXPECT_EQ(result.entry.verdict, Verdict::refused);
    EXPECT_EQ(result.exit_code, 3);
}

TEST(Prepare, WritesNothingForABlankDisk)
{
    Folder const folder;
    folder.write("blank.raw", std::string(1 << 20, '\0'));
    PrepareOptions options;
    options.output_dir = folder / "out";
    auto const outcome = prepare(folder / "blank.raw", options, silent_progress());
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(outcome.artifacts.empty());
    EXPECT_EQ(folder.count(), 1U);
}
