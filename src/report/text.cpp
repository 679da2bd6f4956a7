// The report for people: the verdict first, then what to do, worst first.
#include <imgport/report.hpp>

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "report/style.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t indent = 4;
constexpr std::size_t evidence_shown = 3;

std::string place_of(const Evidence &evidence)
{
    std::string place = printable(evidence.file, 300);
    if (evidence.line)
        place += fmt::format(":{}", *evidence.line);
    if (evidence.offset)
        place += fmt::format(" at offset {}", *evidence.offset);
    if (!evidence.value.empty())
        place += (place.empty() ? "" : ": ") + printable(evidence.value, 300);
    return place;
}

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
        for (auto const &finding : entry.findings) {
            bool const quiet = finding.status == Status::passed || finding.status == Status::not_applicable;
            if (finding.status == Status::unknown && !m_options.verbose)
                unknown[finding.message].push_back(finding.rule);
            else if (!quiet || finding.mended.value_or(false) || m_options.verbose)
                shown.push_back(&finding);
        }
        std::stable_sort(shown.begin(), shown.end(), [](const Finding *a, const Finding *b) {
            return std::pair(rank(a->status), a->severity) < std::pair(rank(b->status), b->severity);
        });
        for (auto const *item : shown)
            finding(*item);
        for (auto const &[reason, rules] : unknown) {
            m_out += fmt::format("\n  {} {}\n", styled("UNKNOWN", Style::yellow, m_options.color),
                                 folded(join(rules, ", "), 10));
            line(printable(reason));
        }
    }

    static int rank(Status status)
    {
        switch (status) {
        case Status::violated: return 0;
        case Status::unknown: return 1;
        case Status::passed: return 2;
        case Status::not_applicable: return 3;
        }
        return 4;
    }

    void finding(const Finding &finding)
    {
        std::string label = to_string(finding.severity);
        Style style = style_of(finding.severity);
        if (finding.status == Status::unknown) {
            label = fmt::format("unknown ({})", label);
            style = Style::yellow;
        } else if (finding.mended.value_or(false)) {
            label = "mended";
            style = Style::green;
        } else if (finding.status != Status::violated) {
            label = finding.status == Status::passed ? "passed" : "not applicable";
            style = Style::dim;
        }
        m_out += fmt::format("\n  {} {}\n", styled(to_upper(label), style, m_options.color),
                             styled(finding.rule, Style::bold, m_options.color));
        line(printable(finding.message));
        for (std::size_t i = 0; i < std::min(finding.evidence.size(), evidence_shown); ++i)
            line("at " + place_of(finding.evidence[i]));
        if (finding.evidence.size() > evidence_shown)
            line(fmt::format("and {} more", finding.evidence.size() - evidence_shown));
        if (finding.fix && finding.status == Status::violated)
            line("fix: " + *finding.fix);
    }

    void line(std::string_view text) { m_out += std::string(indent, ' ') + folded(text, indent) + "\n"; }

    void counts(const ReportEntry &entry)
    {
        if (entry.findings.empty())
            return;
        std::array<std::size_t, 4> violated{};
        std::size_t passed = 0;
        std::size_t unknown = 0;
        std::size_t other = 0;
        for (auto const &finding : entry.findings) {
            switch (finding.status) {
            case Status::violated: ++violated.at(static_cast<std::size_t>(finding.severity)); break;
            case Status::passed: ++passed; break;
            case Status::unknown: ++unknown; break;
            case Status::not_applicable: ++other; break;
            }
        }
        m_out +=
            fmt::format("\n  {} passed, {} fail, {} unreachable, {} feature, {} recommendation, {} unknown, {} not "
                        "applicable\n",
                        passed, violated[0], violated[1], violated[2], violated[3], unknown, other);
    }

    const TextOptions &m_options;
    std::string m_out;
};

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
    if (report.images.size() > 1) {
        out += "\n";
        for (auto const &entry : report.images)
            out += fmt::format("{:<11} {}\n", to_upper(to_string(entry.verdict)), printable(entry.path));
    }
    return out;
}

}  // namespace imgport
