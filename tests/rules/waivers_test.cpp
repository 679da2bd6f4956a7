#include <imgport/waivers.hpp>

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <imgport/report.hpp>

#include "support/json_fields.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::HasSubstr;

namespace {

Finding violation(std::string rule, std::vector<Evidence> evidence = {}, Severity severity = Severity::fail)
{
    Finding made{.rule = std::move(rule), .message = "what is wrong"};
    made.status = Status::violated;
    made.severity = severity;
    made.evidence = std::move(evidence);
    return made;
}

Evidence at(std::string file, std::string value, std::uint64_t line = 1)
{
    return {.file = std::move(file), .line = line, .offset = {}, .value = std::move(value)};
}

Acceptances waiving(const std::string &toml, const std::string &today = "2026-06-15")
{
    Acceptances made;
    auto config = parse_config(toml, "imgport.toml");
    EXPECT_TRUE(config) << describe(config.error());
    made.waivers = config->waivers;
    made.today = today;
    return made;
}

// What `accept` makes of one violation of fs-type.
std::vector<Finding> after(const Acceptances &acceptances, const std::string &path = "images/web.qcow2",
                           const std::string &profile = "alibaba")
{
    std::vector<Finding> findings{violation("fs-type")};
    accept(findings, path, profile, acceptances);
    return findings;
}

std::string waiver(const std::string &more)
{
    return "[[waiver]]\nrule = \"fs-type\"\nreason = \"btrfs on purpose\"\n" + more;
}

Baseline baseline_of(const std::vector<Finding> &findings, const std::string &path = "old/web.qcow2",
                     Verdict verdict = Verdict::fail)
{
    Report report;
    report.images.push_back({.path = path, .profile = "alibaba", .verdict = verdict});
    report.images.back().findings = findings;
    report.images.back().guest = GuestFacts{};
    Json const document{{"schema", "imgport.report/1"}, {"images", to_json(report.images)}};
    return Baseline::parse(document.dump(), "old.json").value();
}

}  // namespace

TEST(Waiver, AcceptsTheViolationsOfItsImages)
{
    struct {
        const char *pattern;
        bool fits;
    } const cases[] = {
        {"web.qcow2", true}, {"images/web.qcow2", true}, {"*.qcow2", true},   {"images/*", true},
        {"web.*", true},     {"*.vhd", false},           {"eb.qcow2", false}, {"other/web.qcow2", false},
    };
    for (auto const &tested : cases) {
        auto const findings = after(waiving(waiver(std::string("image = \"") + tested.pattern + "\"\n")));
        ASSERT_EQ(findings.size(), 1U);
        EXPECT_EQ(findings.front().accepted.has_value(), tested.fits) << tested.pattern;
        EXPECT_EQ(findings.front().status, Status::violated);
    }
}

TEST(Waiver, SaysWhereItStandsAndWhy)
{
    auto const findings = after(waiving("\n\n" + waiver("image = \"*\"\nexpires = 2026-06-15\n")));
    ASSERT_TRUE(findings.front().accepted) << "the last day is one of its days";
    EXPECT_EQ(findings.front().accepted->by, "imgport.toml, line 3");
    EXPECT_EQ(findings.front().accepted->reason, "btrfs on purpose");
    EXPECT_EQ(findings.front().accepted->expires, "2026-06-15");
}

TEST(Waiver, AcceptsNothingElse)
{
    std::vector<Finding> findings{violation("fs-clean"), violation("fs-type"), violation("fs-type")};
    findings[1].status = Status::passed;
    findings[2].status = Status::unknown;
    accept(findings, "web.qcow2", "alibaba", waiving(waiver("image = \"*\"\n")));
    for (auto const &finding : findings)
        EXPECT_FALSE(finding.accepted) << finding.rule << " " << to_string(finding.status);
}

TEST(Waiver, MayBeOfOneProfile)
{
    auto const acceptances = waiving(waiver("image = \"*\"\nprofile = \"alibaba-2026\"\n"));
    EXPECT_FALSE(after(acceptances).front().accepted);
    EXPECT_TRUE(after(acceptances, "web.qcow2", "alibaba-2026").front().accepted);
}

TEST(Waiver, ThatHasExpiredIsAFindingOfItsOwn)
{
    auto const acceptances = waiving(waiver("image = \"*.qcow2\"\nexpires = \"2026-06-14\"\n"));
    auto const findings = after(acceptances);
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_FALSE(findings[0].accepted);
    EXPECT_EQ(findings[1].rule, "waiver-expired");
    EXPECT_EQ(findings[1].status, Status::violated);
    EXPECT_EQ(findings[1].severity, Severity::recommendation);
    EXPECT_THAT(findings[1].message, HasSubstr("fs-type (2026-06-14)"));
    EXPECT_EQ(findings[1].evidence.front().file, "imgport.toml, line 1");
    EXPECT_EQ(after(acceptances, "other.vhd").size(), 1U) << "it never spoke of that image";
    std::vector<Finding> good;
    accept(good, "web.qcow2", "alibaba", acceptances);
    EXPECT_TRUE(good.empty()) << "there is nothing that it would have waived";
}

TEST(Waiver, BesideAnExpiredOneStillHolds)
{
    auto const findings = after(waiving(waiver("image = \"*\"\n") + waiver("image = \"*\"\nexpires = 2020-01-01\n")));
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_TRUE(findings.front().accepted);
}

TEST(Config, SaysWhereItIsWrong)
{
    struct {
        std::string text;
        const char *says;
    } const cases[] = {
        {"[[waver]]\n", "imgport.toml: line 1: unknown key 'waver'; did you mean 'waiver'?"},
        {"[[waiver]]\nrule = \"fs-tpye\"\n", "line 2: unknown rule 'fs-tpye'; did you mean 'fs-type'?"},
        {waiver("image = \"*\"\nexpire = 2027-01-01\n"),
         "line 5: unknown key of a waiver: 'expire'; did you mean 'expires'?"},
        {waiver("image = \"*\"\nexpires = \"soon\"\n"), "line 5: 'expires' must be a day"},
        {waiver("image = \"*\"\nexpires = \"2027-02-30\"\n"), "line 5: 'expires' must be a day"},
        {waiver("image = \"*\"\nexpires = \"2027-1-30\"\n"), "line 5: 'expires' must be a day"},
        {waiver("image = \"*\"\nexpires = 5\n"), "line 5: 'expires' must be a day"},
        {waiver("image = \"*\"\nprofile = \"alibba\"\n"), "line 5: unknown profile 'alibba'; did you mean 'alibaba'?"},
        {waiver(""), "line 1: a waiver needs an image"},
        {"[[waiver]]\nrule = \"fs-type\"\nimage = \"*\"\n", "line 1: a waiver needs a reason"},
        {"[[waiver]]\nrule = \"fs-type\"\nimage = \"*\"\nreason = \" \"\n", "line 4: 'reason' must be text"},
        {"[[waiver]]\nimage = \"*\"\nreason = \"x\"\n", "line 1: a waiver needs a rule"},
        {"waiver = 5\n", "line 1: waivers are written as [[waiver]]"},
        {"profile = \"alibba\"\n", "line 1: unknown profile 'alibba'"},
        {"fail-on = \"fial\"\n", "line 1: unknown severity 'fial'; did you mean 'fail'?"},
        {"jobs = 0\n", "line 1: 'jobs' must be a whole number"},
        {"jobs =\n", "line 1: "},
    };
    for (auto const &tested : cases) {
        auto const config = parse_config(tested.text, "imgport.toml");
        ASSERT_FALSE(config) << tested.text;
        EXPECT_EQ(config.error().code, ErrorCode::usage);
        EXPECT_THAT(describe(config.error()), HasSubstr(tested.says)) << tested.text;
    }
}

TEST(Config, HoldsDefaultsAndFindsProfilesBesideIt)
{
    Folder const folder;
    folder.write("ours.toml", "from = \"alibaba\"\n");
    folder.write("imgport.toml", "profile = [\"aws\", \"ours.toml\"]\nfail-on = \"never\"\njobs = 4\n");
    auto const config = read_config(folder / "imgport.toml");
    ASSERT_TRUE(config) << describe(config.error());
    EXPECT_EQ(config->profiles, (std::vector<std::string>{"aws", folder / "ours.toml"}));
    EXPECT_EQ(config->fail_on, "never");
    EXPECT_EQ(config->jobs, 4U);
    EXPECT_EQ(read_config(folder / "missing.toml").error().code, ErrorCode::usage);
}

TEST(CurrentDay, IsThatOfTheEpochWhereOneIsSet)
{
    ::setenv("SOURCE_DATE_EPOCH", "86400", 1);
    EXPECT_EQ(current_day(), "1970-01-02");
    ::unsetenv("SOURCE_DATE_EPOCH");
    EXPECT_GT(current_day(), "2025-01-01");
}

TEST(Baseline, KnowsWhatWasFoundBefore)
{
    auto const known =
        baseline_of({violation("fstab-uuid", {at("/etc/fstab", "/dev/sdb1 /data"), at("/etc/fstab", "x")})});
    struct {
        const char *name;
        Finding finding;
        bool accepted;
    } const cases[] = {
        {"the same", violation("fstab-uuid", {at("/etc/fstab", "/dev/sdb1 /data"), at("/etc/fstab", "x")}), true},
        {"on another line", violation("fstab-uuid", {at("/etc/fstab", "/dev/sdb1 /data", 9)}), true},
        {"less grave", violation("fstab-uuid", {at("/etc/fstab", "x")}, Severity::feature), true},
        {"more", violation("fstab-uuid", {at("/etc/fstab", "/dev/sdb1 /data"), at("/etc/fstab", "new")}), false},
        {"another value", violation("fstab-uuid", {at("/etc/fstab", "/dev/sdc1 /data")}), false},
        {"another file", violation("fstab-uuid", {at("/etc/crypttab", "x")}), false},
        {"another rule", violation("fstab-exists", {at("/etc/fstab", "x")}), false},
        {"without evidence, the same message", violation("fstab-uuid"), true},
    };
    for (auto const &tested : cases)
        EXPECT_EQ(known.knows(tested.finding, "new/web.qcow2", "alibaba"), tested.accepted) << tested.name;
    Finding const same = cases[0].finding;
    EXPECT_FALSE(known.knows(same, "new/db.qcow2", "alibaba")) << "another image";
    EXPECT_FALSE(known.knows(same, "new/web.qcow2", "alibaba-2026")) << "another profile";
    Finding other_message = violation("fstab-uuid");
    other_message.message = "something else";
    EXPECT_FALSE(known.knows(other_message, "web.qcow2", "alibaba"));
    auto const mild = baseline_of({violation("fs-type", {at("/dev/sda1", "btrfs")}, Severity::feature)});
    EXPECT_FALSE(mild.knows(violation("fs-type", {at("/dev/sda1", "btrfs")}), "web.qcow2", "alibaba")) << "worse";
}

TEST(Baseline, ComparesTheImageByItsName)
{
    auto const known = baseline_of({violation("fmt-accepted", {at("old/web.qcow2", "vmdk")})});
    EXPECT_TRUE(known.knows(violation("fmt-accepted", {at("new/web.qcow2", "vmdk")}), "new/web.qcow2", "alibaba"));
}

TEST(Baseline, TakesNothingFromRefusedImagesPassedRulesAndWaiversWithAnEnd)
{
    Finding passed = violation("fs-type");
    passed.status = Status::passed;
    Finding waived = violation("fs-type");
    waived.accepted = Acceptance{"imgport.toml, line 1", "for now", "2026-01-01"};
    EXPECT_FALSE(baseline_of({passed}).knows(violation("fs-type"), "web.qcow2", "alibaba"));
    EXPECT_FALSE(baseline_of({waived}).knows(violation("fs-type"), "web.qcow2", "alibaba"));
    EXPECT_FALSE(baseline_of({violation("fs-type")}, "web.qcow2", Verdict::refused)
                     .knows(violation("fs-type"), "web.qcow2", "alibaba"));
    waived.accepted->expires.reset();
    EXPECT_TRUE(baseline_of({waived}).knows(violation("fs-type"), "web.qcow2", "alibaba"));
}

TEST(Baseline, AcceptsByItsName)
{
    Acceptances acceptances;
    acceptances.baseline = baseline_of({violation("fs-type")});
    auto const findings = after(acceptances);
    ASSERT_TRUE(findings.front().accepted);
    EXPECT_EQ(findings.front().accepted->by, "baseline old.json");
}

TEST(Baseline, EvidenceThatWasCutShortIsComparedWithNothing)
{
    std::vector<Evidence> many(100, at("/etc/fstab", "x"));
    EXPECT_FALSE(
        baseline_of({violation("fstab-uuid", many)}).knows(violation("fstab-uuid", many), "web.qcow2", "alibaba"));
}

TEST(Baseline, IsAReportAndNothingElse)
{
    for (const char *text : {"", "[]", "{}", R"({"schema": "imgport.probe/1", "images": []})",
                             R"({"schema": "imgport.report/1"})", R"({"schema": "imgport.report/1", "images": 5})",
                             R"({"schema": "imgport.report/1", "images": [{"verdict": "great"}]})"}) {
        auto const baseline = Baseline::parse(text, "x.json");
        ASSERT_FALSE(baseline) << text;
        EXPECT_EQ(baseline.error().code, ErrorCode::usage) << text;
        EXPECT_THAT(describe(baseline.error()), HasSubstr("x.json"));
    }
    // Facts are not looked at, whatever they hold.
    EXPECT_TRUE(
        Baseline::parse(R"({"schema": "imgport.report/1", "images": [{"path": "a", "guest": 5, "probe": []}]})", "x"));
}
