// JUnit XML by junit-10.xsd, the schema of Jenkins' xUnit plugin, which the other CI services read too (there is no
// standard). No times: the same report gives the same bytes.
#include <imgport/report.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "report/escape.hpp"
#include "report/outcome.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t text_length = 4096;

struct Suite {
    std::string cases;
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::size_t skipped = 0;
};

std::string element(const char *name, std::string_view type, std::string_view message, std::string_view body)
{
    return fmt::format("      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n", name, html_text(type),
                       html_text(message, text_length), body);
}

// Message, evidence and repair, a line each. The body of an element may have line ends, an attribute may not.
std::string details_of(const Finding &finding)
{
    std::string out = html_text(finding.message, text_length) + "\n";
    for (auto const &evidence : finding.evidence)
        out += "at " + html_text(place_of(evidence)) + "\n";
    if (finding.accepted)
        out += "accepted: " + html_text(describe(*finding.accepted), text_length) + "\n";
    if (finding.fix)
        out += "fix: " + html_text(*finding.fix, text_length) + "\n";
    return out;
}

// What a rule's outcome is as a test: a failure or an error exactly where judge() lets it spoil the verdict.
std::string case_of(const Finding &finding, const VerdictOptions &options, Suite &suite)
{
    bool const counts = finding.severity <= options.fail_on.value_or(Severity::unreachable);
    std::string const severity = to_string(finding.severity);
    auto const skipped = [&](std::string_view type, std::string_view reason) {
        ++suite.skipped;
        return element("skipped", type, reason, details_of(finding));
    };
    switch (group_of(finding)) {
    case Group::violated:
        if (counts) {
            ++suite.failures;
            return element("failure", severity, finding.message, details_of(finding));
        }
        break;
    case Group::unknown:
        if (counts && !options.allow_unknown) {
            ++suite.errors;
            return element("error", "unknown", finding.message, details_of(finding));
        }
        return skipped("unknown", "could not be judged: " + finding.message);
    case Group::accepted: return skipped("accepted", "accepted: " + describe(*finding.accepted));
    case Group::not_applicable: return skipped("not-applicable", finding.message);
    case Group::mended: return fmt::format("      <system-out>mended: {}</system-out>\n", details_of(finding));
    case Group::passed: return {};
    }
    // Below the threshold: the case passes, and says so.
    return fmt::format("      <system-out>{}, below the threshold: {}</system-out>\n", severity, details_of(finding));
}

// Jenkins takes what stands before a class name's last dot for its package.
std::string class_of(const ReportEntry &entry)
{
    std::string image = base_name(entry.path);
    std::replace(image.begin(), image.end(), '.', '_');
    return html_text(entry.profile) + "." + html_text(image);
}

void add_case(Suite &suite, const ReportEntry &entry, std::string_view name, const std::string &body)
{
    ++suite.tests;
    suite.cases += fmt::format("    <testcase name=\"{}\" classname=\"{}\"", html_text(name), class_of(entry));
    suite.cases += body.empty() ? "/>\n" : ">\n" + body + "    </testcase>\n";
}

Suite suite_of(const ReportEntry &entry, const VerdictOptions &options)
{
    Suite suite;
    // The container itself is a case too: an image that was refused or not read must not look like one without faults.
    std::string body;
    if (auto const reasons = reasons_of(entry); !reasons.empty()) {
        ++suite.errors;
        std::string lines;
        for (auto const &reason : reasons)
            lines += html_text(reason, text_length) + "\n";
        body = element("error", to_string(entry.verdict), reasons.front(), lines);
    }
    add_case(suite, entry, "image", body);
    for (auto const &finding : entry.findings)
        add_case(suite, entry, finding.rule, case_of(finding, options, suite));
    return suite;
}

}  // namespace

std::string report_junit(const Report &report, const VerdictOptions &options)
{
    Suite all;
    std::string suites;
    for (auto const &entry : report.images) {
        Suite const suite = suite_of(entry, options);
        suites += fmt::format(
            "  <testsuite name=\"{} under {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n"
            "    <properties>\n"
            "      <property name=\"image\" value=\"{}\"/>\n"
            "      <property name=\"profile\" value=\"{}\"/>\n"
            "      <property name=\"verdict\" value=\"{}\"/>\n"
            "    </properties>\n{}  </testsuite>\n",
            html_text(entry.path), html_text(entry.profile), suite.tests, suite.failures, suite.errors, suite.skipped,
            html_text(entry.path), html_text(entry.profile), to_string(entry.verdict), suite.cases);
        all.tests += suite.tests;
        all.failures += suite.failures;
        all.errors += suite.errors;
    }
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<testsuites name=\"imgport\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n{}</testsuites>\n",
                       all.tests, all.failures, all.errors, suites);
}

}  // namespace imgport
