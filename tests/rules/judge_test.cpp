#include <gtest/gtest.h>

#include <imgport/check.hpp>

using namespace imgport;

namespace {

Finding finding(Severity severity, Status status, bool machine = false)
{
    Finding made{.rule = "some-rule", .message = {}};
    made.severity = severity;
    made.status = status;
    if (machine)
        made.machine = true;
    return made;
}

struct JudgeCase {
    const char *name;
    std::vector<Finding> findings;
    VerdictOptions options;
    Verdict verdict;
    int exit_code;
};

}  // namespace

TEST(Judge, FollowsTheThresholdAndTheUnknown)
{
    Finding const fails = finding(Severity::fail, Status::violated);
    Finding const locked_out = finding(Severity::unreachable, Status::violated);
    Finding const lost = finding(Severity::feature, Status::violated);
    Finding const open = finding(Severity::fail, Status::unknown);
    Finding const open_by_machine = finding(Severity::fail, Status::unknown, true);
    Finding const open_feature = finding(Severity::feature, Status::unknown, true);
    Finding waived = fails;
    waived.accepted = Acceptance{"imgport.toml, line 1", "known", {}};
    VerdictOptions const usual;
    VerdictOptions const never{.fail_on = std::nullopt};
    std::vector<JudgeCase> const cases{
        {"nothing", {finding(Severity::fail, Status::passed)}, usual, Verdict::pass, 0},
        {"fail", {lost, fails}, usual, Verdict::fail, 1},
        {"accepted", {waived, lost}, usual, Verdict::pass, 0},
        {"accepted beside another", {waived, locked_out}, usual, Verdict::fail, 1},
        {"at the threshold", {locked_out}, usual, Verdict::fail, 1},
        {"below the threshold", {lost}, usual, Verdict::pass, 0},
        {"threshold lowered", {lost}, {.fail_on = Severity::recommendation}, Verdict::fail, 1},
        {"threshold raised", {locked_out}, {.fail_on = Severity::fail}, Verdict::pass, 0},
        {"unknown from the image", {open}, usual, Verdict::incomplete, 1},
        {"unknown from the machine", {open, open_by_machine}, usual, Verdict::incomplete, 4},
        {"unknown below the threshold", {open_feature}, usual, Verdict::pass, 0},
        {"unknown allowed", {open_by_machine}, {.allow_unknown = true}, Verdict::pass, 0},
        {"a violation counts more than an unknown", {open_by_machine, fails}, usual, Verdict::fail, 1},
        {"never", {fails}, never, Verdict::fail, 0},
        {"never, with an unknown", {open_by_machine}, never, Verdict::incomplete, 0},
    };
    ImageFacts const image{.path = "disk.qcow2"};
    for (auto const &tested : cases) {
        Judgement const judged = judge(image, tested.findings, tested.options);
        EXPECT_STREQ(to_string(judged.verdict), to_string(tested.verdict)) << tested.name;
        EXPECT_EQ(judged.exit_code, tested.exit_code) << tested.name;
        EXPECT_EQ(judged.machine,
                  tested.exit_code == 4 || (tested.verdict == Verdict::incomplete && !tested.options.fail_on))
            << tested.name;
    }
}

TEST(Judge, RefusesUnsafeAndMalformedImagesWhateverTheOptions)
{
    ImageFacts image{.path = "disk.qcow2"};
    image.hazards.push_back({"backing-file", HazardSeverity::refuse, "names base.qcow2"});
    for (VerdictOptions const &options : {VerdictOptions{}, VerdictOptions{std::nullopt, true}}) {
        Judgement const judged = judge(image, {}, options);
        EXPECT_EQ(judged.verdict, Verdict::refused);
        EXPECT_EQ(judged.exit_code, 3);
    }
    image.hazards.front().severity = HazardSeverity::warn;
    EXPECT_EQ(judge(image, {}, {}).verdict, Verdict::pass);

    image.error = ImageError{"malformed", "l1_size"};
    EXPECT_EQ(judge(image, {}, {}).verdict, Verdict::refused);
    EXPECT_EQ(judge(image, {}, {}).exit_code, 3);
    image.error = ImageError{"unreadable", "no such file"};
    EXPECT_EQ(judge(image, {}, {}).verdict, Verdict::error);
    EXPECT_EQ(judge(image, {}, {}).exit_code, 3);
    image.error = ImageError{"environment", "no space"};
    EXPECT_EQ(judge(image, {}, {}).exit_code, 4);
}

TEST(Severity, HasNamesThatComeBack)
{
    for (Severity const severity : {Severity::fail, Severity::unreachable, Severity::feature, Severity::recommendation})
        EXPECT_EQ(severity_from_string(to_string(severity)), severity);
    EXPECT_FALSE(severity_from_string("fatal"));
    EXPECT_FALSE(severity_from_string(""));
    EXPECT_STREQ(to_string(static_cast<Severity>(4)), "") << "json_fields.hpp ends its search there";
    EXPECT_STREQ(to_string(static_cast<Status>(4)), "");
    EXPECT_STREQ(to_string(static_cast<Verdict>(5)), "");
    EXPECT_STREQ(to_string(static_cast<Role>(2)), "");
}
