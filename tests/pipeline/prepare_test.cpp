#include <imgport/prepare.hpp>

#include <algorithm>

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

TEST(Lint, LooksOnceAndJudgesUnderEachProfile)
{
    Folder const folder;
    folder.write("blank.raw", std::string(1 << 20, '\0'));
    LintOptions options;
    options.profiles = {load_profile("alibaba").value(), load_profile("aws").value()};
    auto const results = lint_all({folder / "blank.raw", folder / "missing.raw"}, options, 2, silent_progress());
    ASSERT_EQ(results.size(), 4U);
    for (std::size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(results[i].entry.profile, i % 2 == 0 ? "alibaba" : "aws");
        EXPECT_EQ(results[i].entry.path, folder / (i < 2 ? "blank.raw" : "missing.raw"));
        EXPECT_EQ(results[i].entry.verdict, i < 2 ? Verdict::fail : Verdict::error);
        EXPECT_EQ(results[i].exit_code, i < 2 ? 1 : 3);
    }
    auto const is_of_aws = [](const Finding &finding) { return finding.rule.starts_with("aws-"); };
    EXPECT_TRUE(std::none_of(results[0].entry.findings.begin(), results[0].entry.findings.end(), is_of_aws));
    EXPECT_TRUE(std::any_of(results[1].entry.findings.begin(), results[1].entry.findings.end(), is_of_aws));
}

TEST(Lint, ComparesWithNoProfileThatIsGiven)
{
    Folder const folder;
    folder.write("blank.raw", std::string(1 << 20, '\0'));
    LintOptions options;
    options.profiles = {load_profile("alibaba").value()};
    EXPECT_NE(lint(folder / "blank.raw", options, silent_progress()).comparison, "");
    options.profiles.push_back(load_profile("alibaba-2026").value());
    EXPECT_EQ(lint_all({folder / "blank.raw"}, options, 1, silent_progress())[0].comparison, "");
}

TEST(Lint, AcceptsWhatIsWaivedButNoRefusedImage)
{
    Folder const folder;
    folder.write("blank.raw", std::string(1 << 20, '\0'));
    folder.write("a.qcow2", std::string("QFI\xfb\0\0\0\3", 8) + std::string(504, '\xff'));
    LintOptions options;
    for (auto const &rule : rule_catalogue())
        options.accept.waivers.push_back({.rule = rule.id, .image = "*", .reason = "a test"});
    auto const blank = lint(folder / "blank.raw", options, silent_progress());
    EXPECT_EQ(blank.entry.verdict, Verdict::pass);
    EXPECT_EQ(blank.exit_code, 0);
    auto const refused = lint(folder / "a.qcow2", options, silent_progress());
    EXPECT_EQ(refused.entry.verdict, Verdict::refused);
    EXPECT_EQ(refused.exit_code, 3);
    for (auto const &finding : refused.entry.findings)
        EXPECT_FALSE(finding.accepted) << finding.rule;
}
