// GitHub-flavoured Markdown for a job summary: a table of verdicts, then what to do for each image, worst first.
#include <imgport/report.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "report/escape.hpp"
#include "report/outcome.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// GitHub drops a step's summary that is longer than 1 MiB.
constexpr std::size_t longest = 1'000'000;
constexpr std::size_t evidence_shown = 10;

std::string table_row(const ReportEntry &entry)
{
    auto const count = tally(entry.findings);
    return fmt::format("| {} | {} | **{}** | {} | {} | {} | {} | {} | {} |\n", markdown_code(entry.path, 200),
                       markdown_text(entry.profile, 60), to_string(entry.verdict), count.violated[0], count.violated[1],
                       count.violated[2], count.violated[3], count.unknown, count.accepted);
}

std::string label_of(const Finding &finding)
{
    std::string const severity = to_string(finding.severity);
    switch (group_of(finding)) {
    case Group::violated: return severity;
    case Group::unknown: return "unknown (" + severity + ")";
    case Group::accepted: return "accepted (" + severity + ")";
    case Group::mended: return "mended";
    case Group::passed: return "passed";
    case Group::not_applicable: return "not applicable";
    }
    return severity;
}

std::string details_of(const Finding &finding)
{
    std::string out = fmt::format("\n<details><summary><strong>{}</strong> <code>{}</code>: {}</summary>\n\n",
                                  label_of(finding), markdown_text(finding.rule), markdown_text(finding.message));
    for (std::size_t i = 0; i < std::min(finding.evidence.size(), evidence_shown); ++i)
        out += "* at " + markdown_code(place_of(finding.evidence[i]), 700) + "\n";
    if (finding.evidence.size() > evidence_shown)
        out += fmt::format("* and {} more\n", finding.evidence.size() - evidence_shown);
    if (finding.accepted)
        out += "* **Accepted:** " + markdown_text(describe(*finding.accepted), 1500) + "\n";
    if (const RuleInfo *const rule = find_rule(finding.rule); rule != nullptr)
        out += "* **Otherwise:** " + markdown_text(rule->why, 2000) + "\n";
    if (finding.fix)
        out += "* **How to mend it:** " + markdown_text(*finding.fix, 2000) + "\n";
    return out + "\n</details>\n";
}

std::string section_of(const ReportEntry &entry, std::string_view other_profile)
{
    std::string out = fmt::format("\n### {}\n\n**{}** under {}.\n", markdown_code(entry.path, 200),
                                  headline_of(entry.verdict), markdown_text(entry.profile, 60));
    for (auto const &reason : reasons_of(entry))
        out += "\n* " + markdown_text(reason, 2000);
    out += "\n";
    for (auto const *finding : worst_first(entry.findings)) {
        auto const group = group_of(*finding);
        if (group != Group::passed && group != Group::not_applicable)
            out += details_of(*finding);
    }
    auto const count = tally(entry.findings);
    if (!entry.findings.empty())
        out += fmt::format("\n{} passed, {} not applicable.\n", count.passed, count.not_applicable);
    if (!other_profile.empty())
        out += "\n" + markdown_text(other_profile, 2000) + "\n";
    return out;
}

}  // namespace

std::string report_markdown(const Report &report, const TextOptions &options)
{
    std::string out =
        "## imgport\n\n"
        "| Image | Profile | Verdict | Fail | Unreachable | Feature | Recommendation | Unknown | Accepted |\n"
        "|---|---|---|--:|--:|--:|--:|--:|--:|\n";
    std::size_t rows = 0;
    while (rows < report.images.size() && out.size() < longest / 2)
        out += table_row(report.images[rows++]);
    if (rows < report.images.size())
        out += fmt::format("\n{} are not in this table.\n",
                           counted(report.images.size() - rows, "more image", "more images"));
    for (std::size_t i = 0; i < report.images.size(); ++i) {
        std::string const section =
            section_of(report.images[i], i < options.other_profile.size() ? options.other_profile[i] : std::string());
        if (out.size() + section.size() > longest) {
            out += fmt::format("\nThe findings of {} are left out: a job summary takes no more.\n",
                               counted(report.images.size() - i, "more image", "more images"));
            break;
        }
        out += section;
    }
    return out;
}

}  // namespace imgport
