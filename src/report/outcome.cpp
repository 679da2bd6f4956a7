#include "report/outcome.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {

Group group_of(const Finding &finding)
{
    switch (finding.status) {
    case Status::violated: return finding.accepted ? Group::accepted : Group::violated;
    case Status::unknown: return Group::unknown;
    case Status::passed: return finding.mended.value_or(false) ? Group::mended : Group::passed;
    case Status::not_applicable: return Group::not_applicable;
    }
    return Group::unknown;
}

std::vector<const Finding *> worst_first(const std::vector<Finding> &findings)
{
    std::vector<const Finding *> sorted;
    sorted.reserve(findings.size());
    for (auto const &finding : findings)
        sorted.push_back(&finding);
    std::stable_sort(sorted.begin(), sorted.end(), [](const Finding *a, const Finding *b) {
        return std::tuple(group_of(*a), a->severity) < std::tuple(group_of(*b), b->severity);
    });
    return sorted;
}

Tally tally(const std::vector<Finding> &findings)
{
    Tally count;
    for (auto const &finding : findings) {
        switch (group_of(finding)) {
        case Group::violated: ++count.violated.at(static_cast<std::size_t>(finding.severity)); break;
        case Group::unknown: ++count.unknown; break;
        case Group::accepted: ++count.accepted; break;
        case Group::mended: ++count.mended; break;
        case Group::passed: ++count.passed; break;
        case Group::not_applicable: ++count.not_applicable; break;
        }
    }
    return count;
}

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

std::string describe(const Acceptance &acceptance)
{
    std::string const until = acceptance.expires ? fmt::format("; until {}", printable(*acceptance.expires, 40)) : "";
    std::string const reason = acceptance.reason.empty() ? "no reason given" : printable(acceptance.reason, 1000);
    return fmt::format("{} ({}{})", reason, printable(acceptance.by, 300), until);
}

std::vector<std::string> reasons_of(const ReportEntry &entry)
{
    std::vector<std::string> reasons;
    if (entry.error)
        reasons.push_back(printable(entry.error->message));
    for (auto const &hazard : entry.probe.hazards) {
        if (hazard.severity == HazardSeverity::refuse)
            reasons.push_back(fmt::format("{}: {}", hazard.id, printable(hazard.message)));
    }
    return reasons;
}

const char *headline_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::pass: return "Ready to import";
    case Verdict::fail: return "Not ready to import";
    case Verdict::incomplete: return "Could not be judged in full";
    case Verdict::refused: return "Refused: not safe to look into";
    case Verdict::error: return "Could not be read";
    }
    return "";
}

const char *meaning_of(Severity severity)
{
    switch (severity) {
    case Severity::fail: return "The import is refused, or the instance does not boot.";
    case Severity::unreachable: return "The instance boots, but nobody can log in to it or configure it.";
    case Severity::feature: return "The instance works, but something is lost.";
    case Severity::recommendation: return "Worth doing; the import works without it.";
    }
    return "";
}

std::string counted(std::size_t number, const char *one, const char *many)
{
    return fmt::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace imgport
