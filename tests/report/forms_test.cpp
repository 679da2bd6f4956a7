// SARIF, JUnit, Markdown and HTML out of the same report: every status shows, hostile text stays text, and the same
// report gives the same bytes.
#include <imgport/report.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/escape.hpp"
#include "report/outcome.hpp"

using namespace imgport;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

constexpr const char *hostile = "<script>alert(1)</script>\"' \x1b[2J \u202e|[x](http://evil.example) @root `code`";

Finding finding(std::string rule, Severity severity, Status status, std::string message)
{
    Finding made;
    made.rule = std::move(rule);
    made.severity = severity;
    made.status = status;
    made.message = std::move(message);
    return made;
}

// One finding of each kind.
Report every_status()
{
    ReportEntry entry;
    entry.path = "images/my disk.raw";
    entry.profile = "alibaba";
    entry.verdict = Verdict::fail;
    entry.probe.path = entry.path;
    entry.probe.format = Format::raw;
    entry.probe.file_size = 4096;
    Finding fstab = finding("fstab-uuid", Severity::fail, Status::violated, "names a device");
    fstab.evidence = {{"/etc/fstab", 3, {}, "/dev/sda1 / ext4"}};
    fstab.fix = "use UUID=";
    Finding accepted = finding("sshd-rootlogin", Severity::unreachable, Status::violated, "root may not log in");
    accepted.accepted = Acceptance{"imgport.toml, line 12", "a bastion is used", "2027-01-31"};
    Finding mended = finding("fmt-supported", Severity::fail, Status::passed, "was VMDK");
    mended.mended = true;
    Finding unknown = finding("net-dhcp", Severity::unreachable, Status::unknown, "cannot be read");
    entry.findings = {finding("fs-type", Severity::feature, Status::passed, "ext4"),
                      fstab,
                      finding("cloudinit-present", Severity::feature, Status::violated, "is not installed"),
                      accepted,
                      mended,
                      unknown,
                      finding("win-virtio", Severity::fail, Status::not_applicable, "a rule for Windows")};
    return {{entry}};
}

Report hostile_report()
{
    Report report = every_status();
    auto &entry = report.images[0];
    entry.path = hostile;
    entry.guest.emplace().hostname = std::string(1 << 20, 'h') + hostile;
    entry.guest->os.name = hostile;
    entry.findings[1].message = hostile;
    entry.findings[1].evidence = {{hostile, 1, {}, std::string(hostile) + std::string(1 << 20, 'v')}};
    entry.findings[3].accepted->reason = hostile;
    entry.error = ImageError{"malformed", hostile};
    entry.disk.emplace().size = 1 << 30;
    entry.disk->table = "gpt";
    // Ends far past the disk, and past what a 64-bit number holds.
    entry.disk->partitions = {{1, 1 << 20, ~std::uint64_t{0}, hostile, hostile, hostile}};
    entry.volumes = {{hostile, "partition", 1, 1 << 20, 1 << 29, hostile, hostile, {hostile, hostile, hostile}}};
    return report;
}

nlohmann::json sarif(const Report &report)
{
    return nlohmann::json::parse(report_sarif(report));
}

nlohmann::json result_of(const nlohmann::json &log, const std::string &rule)
{
    for (auto const &result : log["runs"][0]["results"]) {
        if (result["ruleId"] == rule)
            return result;
    }
    return nullptr;
}

std::size_t occurrences(const std::string &text, const std::string &piece)
{
    std::size_t count = 0;
    for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1))
        ++count;
    return count;
}

}  // namespace

TEST(ReportForms, AreTheSameBytesForTheSameReport)
{
    for (auto const &name : report_format_names()) {
        auto const format = report_format_from_string(name);
        ASSERT_TRUE(format) << name;
        EXPECT_EQ(render_report(hostile_report(), *format, {}), render_report(hostile_report(), *format, {})) << name;
        EXPECT_EQ(to_string(*format), name);
    }
    EXPECT_FALSE(report_format_from_string("xml"));
}

TEST(ReportForms, ShowWhatIsViolatedUnknownAcceptedAndMended)
{
    for (auto const &name : report_format_names()) {
        std::string const text = render_report(every_status(), *report_format_from_string(name), {});
        for (const char *rule : {"fstab-uuid", "cloudinit-present", "sshd-rootlogin", "fmt-supported", "net-dhcp"})
            EXPECT_THAT(text, HasSubstr(rule)) << name;
        EXPECT_THAT(text, HasSubstr("a bastion is used")) << name;
        EXPECT_THAT(text, HasSubstr("2027-01-31")) << name;
        EXPECT_THAT(text, HasSubstr("imgport.toml")) << name;
    }
}

TEST(ReportForms, LetNoHostileTextThrough)
{
    for (auto const &name : report_format_names()) {
        std::string const text = render_report(hostile_report(), *report_format_from_string(name), {});
        EXPECT_THAT(text, Not(HasSubstr("\x1b"))) << name;
        EXPECT_THAT(text, Not(HasSubstr("\u202e"))) << name;
        EXPECT_LT(text.size(), 400'000U) << name << ": a long string is cut";
        if (name == "html" || name == "junit" || name == "markdown") {
            EXPECT_THAT(text, Not(HasSubstr("<script"))) << name;
        }
        // What is not let through is shown.
        EXPECT_THAT(text, HasSubstr(name == "markdown" ? "u&#123;202e&#125;" : "u{202e}")) << name;
    }
}

TEST(ReportForms, WriteNumbersOfADrawingThatAreNumbers)
{
    std::string const html = report_html(hostile_report(), {});
    EXPECT_THAT(html, HasSubstr("<svg class=\"bar\""));
    EXPECT_THAT(html, Not(HasSubstr("nan%")));
    EXPECT_THAT(html, Not(HasSubstr("inf%")));
    EXPECT_THAT(html, Not(HasSubstr("=\"-")));
}

TEST(Sarif, MapsSeverityAndStatus)
{
    auto const log = sarif(every_status());
    EXPECT_EQ(result_of(log, "fstab-uuid")["level"], "error");
    EXPECT_EQ(result_of(log, "cloudinit-present")["level"], "warning");
    EXPECT_EQ(result_of(log, "net-dhcp")["kind"], "open");
    EXPECT_EQ(result_of(log, "net-dhcp")["level"], "none");
    EXPECT_EQ(result_of(log, "fs-type"), nullptr);
    EXPECT_EQ(result_of(log, "fmt-supported"), nullptr) << "mended: a note of the invocation";
    auto const accepted = result_of(log, "sshd-rootlogin");
    EXPECT_EQ(accepted["level"], "note");
    EXPECT_EQ(accepted["suppressions"][0]["kind"], "external");
    EXPECT_FALSE(result_of(log, "fstab-uuid").contains("suppressions"));
    EXPECT_EQ(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

TEST(Sarif, NamesTheImageAndThePlaceInside)
{
    auto const log = sarif(every_status());
    auto const result = result_of(log, "fstab-uuid");
    auto const &location = result["locations"][0];
    EXPECT_EQ(location["physicalLocation"]["artifactLocation"]["uri"], "images/my%20disk.raw");
    EXPECT_EQ(location["logicalLocations"][0]["fullyQualifiedName"], "/etc/fstab");
    EXPECT_THAT(result["message"]["text"].get<std::string>(), HasSubstr("/etc/fstab:3"));
    auto const index = result["ruleIndex"].get<std::size_t>();
    EXPECT_EQ(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], "fstab-uuid");
    for (auto const &one : log["runs"][0]["results"])
        EXPECT_EQ(one["locations"].size(), 1U) << "code scanning refuses a file where one has none";
}

TEST(Sarif, GivesAnAbsolutePathItsBase)
{
    Report report = every_status();
    report.images[0].path = "/srv/a%b.raw";
    auto const log = sarif(report);
    auto const artifact = result_of(log, "fstab-uuid")["locations"][0]["physicalLocation"]["artifactLocation"];
    EXPECT_EQ(artifact["uri"], "srv/a%25b.raw");
    EXPECT_EQ(log["runs"][0]["originalUriBaseIds"][artifact["uriBaseId"].get<std::string>()]["uri"], "file:///");
}

TEST(Sarif, FingerprintsLastAcrossMovedLinesAndNotAcrossOtherFindings)
{
    auto const print = [](const Report &report) {
        return result_of(sarif(report), "fstab-uuid")["partialFingerprints"]["primaryLocationLineHash"]
            .get<std::string>();
    };
    Report report = every_status();
    std::string const first = print(report);
    report.images[0].findings[1].evidence[0].line = 17;
    report.images[0].path = "elsewhere/my disk.raw";
    EXPECT_EQ(print(report), first);
    report.images[0].findings[1].evidence[0].value = "/dev/sdb1 /home ext4";
    EXPECT_NE(print(report), first);
    report = every_status();
    report.images[0].path = "images/other.raw";
    EXPECT_NE(print(report), first);
}

TEST(Sarif, IsNoCleanScanWhereAnImageCannotBeRead)
{
    ReportEntry entry;
    entry.path = "missing.raw";
    entry.profile = "alibaba";
    entry.verdict = Verdict::error;
    entry.error = ImageError{"unreadable", "cannot be opened"};
    auto const log = sarif({{entry}});
    EXPECT_EQ(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    EXPECT_EQ(log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["level"], "error");
    EXPECT_EQ(result_of(log, "image-error")["level"], "error");
}

TEST(Sarif, MakesNoLinkOfATextInBrackets)
{
    Report report = every_status();
    report.images[0].findings[1].message = "[click](http://evil.example)";
    EXPECT_THAT(result_of(sarif(report), "fstab-uuid")["message"]["text"].get<std::string>(), Not(HasSubstr("](")));
}

TEST(Junit, FailsExactlyWhatSpoilsTheVerdict)
{
    std::string const text = report_junit(every_status(), {});
    EXPECT_THAT(text, HasSubstr("tests=\"8\" failures=\"1\" errors=\"1\" skipped=\"2\""));
    EXPECT_THAT(text, HasSubstr("<failure type=\"fail\" message=\"names a device\">"));
    EXPECT_THAT(text, HasSubstr("<error type=\"unknown\" message=\"cannot be read\">"));
    EXPECT_THAT(text, HasSubstr("<skipped type=\"accepted\""));
    EXPECT_THAT(text, HasSubstr("<skipped type=\"not-applicable\""));
    EXPECT_THAT(text, HasSubstr("feature, below the threshold: is not installed"));

    std::string const strict = report_junit(every_status(), {.fail_on = Severity::feature, .allow_unknown = true});
    EXPECT_THAT(strict, HasSubstr("failures=\"2\" errors=\"0\" skipped=\"3\""));
}

TEST(Junit, HasAnErrorForAnImageThatCouldNotBeRead)
{
    ReportEntry entry;
    entry.path = "missing.raw";
    entry.verdict = Verdict::error;
    entry.error = ImageError{"unreadable", "cannot be opened"};
    EXPECT_THAT(report_junit({{entry}}, {}), HasSubstr("<error type=\"error\" message=\"cannot be opened\">"));
}

TEST(Markdown, KeepsATableRowOnOneLineAndInItsCells)
{
    std::string const text = report_markdown(hostile_report(), {});
    auto const row = text.find("\n| <code>") + 1;
    std::string const line = text.substr(row, text.find('\n', row) - row);
    EXPECT_EQ(occurrences(line, "|"), 10U) << line;
    EXPECT_THAT(text, Not(HasSubstr("http:")));
    EXPECT_THAT(text, Not(HasSubstr("](")));
    EXPECT_THAT(text, Not(HasSubstr("@root")));
}

TEST(Markdown, StaysBelowWhatAJobSummaryTakes)
{
    Report report = every_status();
    report.images[0].findings[1].message = std::string(500, 'x');
    while (report.images.size() < 3000)
        report.images.push_back(report.images[0]);
    std::string const text = report_markdown(report, {});
    EXPECT_LT(text.size(), std::size_t{1} << 20);
    EXPECT_THAT(text, HasSubstr("more images are left out"));
}

TEST(Html, AllowsNoScriptAndOnlyItsOwnStyle)
{
    std::string const html = report_html(every_status(), {});
    EXPECT_THAT(html, HasSubstr("default-src 'none'; style-src 'sha256-"));
    for (const char *forbidden : {"<script", "javascript:", " style=", " onclick", "http://", "https://", "<iframe"})
        EXPECT_THAT(html, Not(HasSubstr(forbidden)));
}

TEST(Html, HasAnIndexForSeveralImages)
{
    Report report = every_status();
    EXPECT_THAT(report_html(report, {}), Not(HasSubstr("href=\"#image-1\"")));
    report.images.push_back(report.images[0]);
    EXPECT_THAT(report_html(report, {}), HasSubstr("href=\"#image-2\""));
    EXPECT_EQ(occurrences(report_html(report, {}), "id=\"image-2\""), 1U);
}

TEST(TextReport, EndsWithATableOfSeveralImages)
{
    Report report = every_status();
    report.images.push_back(report.images[0]);
    report.images[1].path = "second.raw";
    report.images[1].verdict = Verdict::pass;
    std::string const text = report_text(report, {});
    EXPECT_THAT(text, HasSubstr("\nPASS          1           0       1              0       1        1  alibaba  "
                                "second.raw\n"));
}

TEST(Escape, MakesTextHarmless)
{
    EXPECT_EQ(html_text("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
    EXPECT_EQ(html_text("\xef\xbf\xbe"), "\\u{fffe}") << "XML cannot hold it";
    EXPECT_EQ(markdown_text("a|b"), "a&#124;b");
    EXPECT_EQ(markdown_text("www.x.y"), "www&#46;x.y");
    EXPECT_EQ(markdown_text("@you"), "&#64;<!---->you");
    EXPECT_EQ(uri_of_path("a b/\xff:c"), "a%20b/%FF%3Ac");
}
