#include <imgport/report.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace imgport;

namespace {

Report one_finding()
{
    ReportEntry entry;
    entry.path = "disk\x1b[2J.raw";
    entry.profile = "alibaba";
    entry.verdict = Verdict::fail;
    entry.probe.path = entry.path;
    entry.probe.format = Format::raw;
    entry.probe.virtual_size = 5368709120;
    entry.findings = {
        {"fs-type", Severity::feature, Status::passed, "xfs", {}, {}, {}, {}, {}},
        {"fstab-uuid",
         Severity::fail,
         Status::violated,
         "named by /dev/sda1",
         {{"/etc/fstab", 3, {}, "/dev/sda1 / ext4"}},
         "use UUID=",
         "CHK",
         {},
         {}},
    };
    return {{entry}};
}

}  // namespace

TEST(ReportText, TellsVerdictPlaceAndRepairAndNoControlCharacter)
{
    std::string const text = report_text(one_finding(), {});
    EXPECT_NE(text.find("FAIL"), std::string::npos);
    EXPECT_NE(text.find("fstab-uuid"), std::string::npos);
    EXPECT_NE(text.find("/etc/fstab:3"), std::string::npos);
    EXPECT_NE(text.find("fix: use UUID="), std::string::npos);
    EXPECT_EQ(text.find("fs-type"), std::string::npos) << "what passed is quiet";
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ReportText, TellsWhatPassedWhenAskedTo)
{
    EXPECT_NE(report_text(one_finding(), {.verbose = true}).find("fs-type"), std::string::npos);
}

TEST(ReportText, ShowsWhatIsAcceptedByWhomAndWhy)
{
    Report report = one_finding();
    report.images[0].findings[1].accepted = Acceptance{"imgport.toml, line 12", "data disk stays", "2027-01-31"};
    std::string const text = report_text(report, {});
    EXPECT_NE(text.find("ACCEPTED (FAIL) fstab-uuid"), std::string::npos) << text;
    EXPECT_NE(text.find("accepted: data disk stays (imgport.toml, line 12; until 2027-01-31)"), std::string::npos);
    EXPECT_NE(text.find("0 fail"), std::string::npos);
    EXPECT_NE(text.find("1 accepted"), std::string::npos);
    EXPECT_EQ(text.find("fix:"), std::string::npos);
}

TEST(ReportText, NamesTheProfilesWhereThereAreSeveral)
{
    Report report = one_finding();
    report.images.push_back(report.images.front());
    report.images.back().profile = "azure-ours";
    EXPECT_NE(report_text(report, {}).find(" azure-ours "), std::string::npos);
}

TEST(ReportText, SaysWhenTheApplianceReadTheGuest)
{
    Report report = one_finding();
    auto &entry = report.images[0];
    entry.guest.emplace().os.id = "debian";
    entry.findings[1].inspector = "native";
    EXPECT_NE(report_text(report, {}).find("debian\n"), std::string::npos);
    entry.findings[1].inspector = "appliance";
    EXPECT_NE(report_text(report, {}).find("debian (read by the appliance)\n"), std::string::npos);
}

TEST(ReportText, EndsWithWhatTheOtherProfileWouldDecide)
{
    EXPECT_TRUE(report_text(one_finding(), {.other_profile = {"alibaba-2026 would decide the same."}})
                    .ends_with("alibaba-2026 would decide the same.\n"));
}

TEST(ReportText, IsColouredOnlyWhenAskedTo)
{
    EXPECT_NE(report_text(one_finding(), {.color = Color::yes}).find("\x1b[1;31m"), std::string::npos);
}

TEST(ReportJson, HasTheKeysOfTheContract)
{
    auto const json = nlohmann::json::parse(report_json(one_finding()));
    EXPECT_EQ(json["schema"], "imgport.report/1");
    auto const &image = json["images"][0];
    EXPECT_EQ(image["path"], "disk\\x1b[2J.raw");
    EXPECT_EQ(image["verdict"], "fail");
    EXPECT_FALSE(image.contains("guest"));
    auto const &finding = image["findings"][1];
    EXPECT_EQ(finding["rule"], "fstab-uuid");
    EXPECT_EQ(finding["severity"], "fail");
    EXPECT_EQ(finding["status"], "violated");
    EXPECT_EQ(finding["evidence"][0]["line"], 3);
    EXPECT_FALSE(finding["evidence"][0].contains("offset"));
    EXPECT_FALSE(image["findings"][0].contains("fix"));
}

TEST(InspectionJson, HasANullGuestWhereNoSystemWasFound)
{
    auto const json = nlohmann::json::parse(inspection_json({}, {}));
    EXPECT_EQ(json["schema"], "imgport.facts/1");
    EXPECT_TRUE(json["guest"].is_null());
    EXPECT_TRUE(json["volumes"].is_array());
    EXPECT_TRUE(json.contains("disk"));
    EXPECT_TRUE(json.contains("image"));
}

TEST(ReportText, SaysOnceWhyManyRulesCouldNotBeJudged)
{
    Report report = one_finding();
    for (const char *rule : {"net-dhcp", "sshd-enabled"})
        report.images[0].findings.push_back(
            {rule, Severity::unreachable, Status::unknown, "no appliance", {}, {}, {}, {}, {}});
    std::string const text = report_text(report, {});
    EXPECT_NE(text.find("UNKNOWN net-dhcp, sshd-enabled"), std::string::npos);
    EXPECT_EQ(text.find("no appliance"), text.rfind("no appliance"));
}
