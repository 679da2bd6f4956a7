// The report for people: the verdict first, then what to do, worst first.
#include <imgport/report.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "report/outcome.hpp"
#include "report/style.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t indent = 4;
constexpr std::size_t evidence_shown = 3;

std::string guest_line(const ReportEntry &entry)
{
    if (!entry.guest)
        return {};
    auto const &guest = *entry.guest;
    std::string line = printable(guest.os.name.empty() ? guest.os.id : guest.os.name, 200);
    if (!guest.architecture.empty())
        line += ", " + printable(guest.architecture);
    if (!guest.hostname.empty())
        line += ", host name " + printable(guest.hostname, 100);
    // Worth a word where it is not the usual one: it explains the seconds.
    bool const slow = std::any_of(entry.findings.begin(), entry.findings.end(),
                                  [](auto const &finding) { return finding.inspector == "appliance"; });
    return slow ? line + " (read by the appliance)" : line;
}

class TextReport {
public:
    explicit TextReport(const TextOptions &options) : m_options(options) {}

    std::string entry(const ReportEntry &entry)
    {
        m_out.clear();
        headline(entry);
        if (entry.error)
            m_out += "  " + folded(printable(entry.error->message), 2) + "\n";
        for (auto const &hazard : entry.probe.hazards) {
            if (hazard.severity == HazardSeverity::refuse)
                m_out += fmt::format("  {} {}\n", styled(hazard.id, Style::red, m_options.color),
                                     folded(printable(hazard.message), hazard.id.size() + 3));
        }
        findings(entry);
        counts(entry);
        return m_out;
    }

private:
    void headline(const ReportEntry &entry)
    {
        m_out += fmt::format("{}: {} {}\n", styled(printable(entry.path), Style::bold, m_options.color),
                             styled(to_upper(to_string(entry.verdict)), style_of(entry.verdict), m_options.color),
                             styled(fmt::format("under {}", entry.profile), Style::dim, m_options.color));
        if (entry.probe.format != Format::unknown)
            m_out += "  " + describe_image(entry.probe) + "\n";
        if (auto const line = guest_line(entry); !line.empty())
            m_out += "  " + line + "\n";
    }

    void findings(const ReportEntry &entry)
    {
        std::vector<const Finding *> shown;
        // Rules that could not be judged for one and the same reason: it is said once.
        std::map<std::string, std::vector<std::string>> unknown;
        for (auto const *finding : worst_first(entry.findings)) {
            auto const group = group_of(*finding);
            bool const quiet = group == Group::passed || group == Group::not_applicable;
            if (group == Group::unknown && !m_options.verbose)
                unknown[finding->message].push_back(finding->rule);
            else if (!quiet || m_options.verbose)
                shown.push_back(finding);
        }
        for (auto const *item : shown)
            finding(*item);
        for (auto const &[reason, rules] : unknown) {
            m_out += fmt::format("\n  {} {}\n", styled("UNKNOWN", Style::yellow, m_options.color),
                                 folded(join(rules, ", "), 10));
            line(printable(reason));
        }
    }

    struct Label {
        std::string text;
        Style style;
    };

    static Label label_of(const Finding &finding)
    {
        std::string const severity = to_string(finding.severity);
        switch (group_of(finding)) {
        case Group::violated: return {severity, style_of(finding.severity)};
        case Group::unknown: return {fmt::format("unknown ({})", severity), Style::yellow};
        case Group::accepted: return {fmt::format("accepted ({})", severity), Style::dim};
        case Group::mended: return {"mended", Style::green};
        case Group::passed: return {"passed", Style::dim};
        case Group::not_applicable: return {"not applicable", Style::dim};
        }
        return {severity, Style::plain};
    }

    void finding(const Finding &finding)
    {
        auto const [label, style] = label_of(finding);
        m_out += fmt::format("\n  {} {}\n", styled(to_upper(label), style, m_options.color),
                             styled(finding.rule, Style::bold, m_options.color));
        line(printable(finding.message));
        for (std::size_t i = 0; i < std::min(finding.evidence.size(), evidence_shown); ++i)
            line("at " + place_of(finding.evidence[i]));
        if (finding.evidence.size() > evidence_shown)
            line(fmt::format("and {} more", finding.evidence.size() - evidence_shown));
        if (finding.accepted)
            line("accepted: " + describe(*finding.accepted));
        else if (finding.fix && finding.status == Status::violated)
            line("fix: " + *finding.fix);
    }

    void line(std::string_view text) { m_out += std::string(indent, ' ') + folded(text, indent) + "\n"; }

    void counts(const ReportEntry &entry)
    {
        if (entry.findings.empty())
            return;
        auto const count = tally(entry.findings);
        m_out +=
            fmt::format("\n  {} passed, {} fail, {} unreachable, {} feature, {} recommendation, {} unknown, {}{}{} not "
                        "applicable\n",
                        count.passed, count.violated[0], count.violated[1], count.violated[2], count.violated[3],
                        count.unknown, count.accepted > 0 ? fmt::format("{} accepted, ", count.accepted) : "",
                        count.mended > 0 ? fmt::format("{} mended, ", count.mended) : "", count.not_applicable);
    }

    const TextOptions &m_options;
    std::string m_out;
};

// A line per image: the verdict, how much was found, under which profile, and the path last, since it may be long.
std::string summary_table(const Report &report, Color color)
{
    std::size_t profile_width = 7;
    for (auto const &entry : report.images)
        profile_width = std::max(profile_width, printable(entry.profile, 40).size());
    std::string out =
        styled(fmt::format("{:<10} {:>4} {:>11} {:>7} {:>14} {:>7} {:>8}  {:<{}}  {}", "VERDICT", "fail", "unreachable",
                           "feature", "recommendation", "unknown", "accepted", "profile", profile_width, "image"),
               Style::bold, color) +
        "\n";
    for (auto const &entry : report.images) {
        auto const count = tally(entry.findings);
        out += styled(fmt::format("{:<10}", to_upper(to_string(entry.verdict))), style_of(entry.verdict), color);
        out += fmt::format(" {:>4} {:>11} {:>7} {:>14} {:>7} {:>8}  {:<{}}  {}\n", count.violated[0], count.violated[1],
                           count.violated[2], count.violated[3], count.unknown, count.accepted,
                           printable(entry.profile, 40), profile_width, printable(entry.path));
    }
    return out;
}

}  // namespace

std::string report_text(const Report &report, const TextOptions &options)
{
    std::string out;
    TextReport writer(options);
    for (std::size_t i = 0; i < report.images.size(); ++i) {
        out += (i == 0 ? "" : "\n") + writer.entry(report.images[i]);
        if (i < options.other_profile.size() && !options.other_profile[i].empty())
            out += fmt::format("  {}\n", folded(options.other_profile[i], 2));
    }
    return report.images.size() > 1 ? out + "\n" + summary_table(report, options.color) : out;
}

}  // namespace imgport
