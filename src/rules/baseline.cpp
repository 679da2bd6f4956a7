// An earlier report, of which only the violations are kept.
#include <imgport/report.hpp>
#include <imgport/waivers.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "guest/facts_json.hpp"
#include "support/file.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_report = std::size_t{256} << 20;  // bytes
constexpr const char *schema = "imgport.report/1";
// As many pieces of evidence as a finding shows (check.cpp): there may be more behind them.
constexpr std::size_t cut_short = 100;

Error no_report(const std::string &path, std::string message)
{
    return {ErrorCode::usage,
            fmt::format("is no report of imgport check: {}", message),
            path,
            {},
            {},
            "make one with imgport check --format json"};
}

// The facts are most of a report, and not needed here: they are dropped while it is read.
bool is_needed(int depth, Json::parse_event_t event, const Json &parsed)
{
    if (event != Json::parse_event_t::key || depth != 3)
        return true;
    auto const &key = parsed.get_ref<const std::string &>();
    return key == "path" || key == "profile" || key == "verdict" || key == "findings";
}

// The image's own path is written in another way on another day.
std::vector<std::pair<std::string, std::string>> identity(const std::vector<Evidence> &evidence,
                                                          const std::string &path)
{
    std::vector<std::pair<std::string, std::string>> out;
    out.reserve(evidence.size());
    for (auto const &item : evidence)
        out.emplace_back(printable(item.file) == printable(path) ? "" : printable(item.file), printable(item.value));
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

Result<Baseline> Baseline::parse(const std::string &json, const std::string &name)
{
    Baseline baseline;
    baseline.m_name = "baseline " + name;
    try {
        Json const document = Json::parse(json, is_needed);
        if (!document.is_object() || document.value("schema", "") != schema)
            return fail(no_report(name, fmt::format("its schema is not {}", schema)));
        Report report;
        from_json(document.at("images"), report.images);
        for (auto const &entry : report.images) {
            if (entry.verdict == Verdict::refused || entry.verdict == Verdict::error)
                continue;
            for (auto const &finding : entry.findings) {
                // What was waived until a day is not known for ever.
                bool const for_a_time = finding.accepted && finding.accepted->expires;
                if (finding.status == Status::violated && !for_a_time && finding.rule != waiver_expired)
                    baseline.m_known.emplace(
                        Key{base_name(entry.path), entry.profile, finding.rule},
                        Known{finding.severity, printable(finding.message), identity(finding.evidence, entry.path)});
            }
        }
    } catch (const Json::exception &error) {
        return fail(no_report(name, error.what()));
    }
    return baseline;
}

bool Baseline::knows(const Finding &finding, const std::string &path, const std::string &profile) const
{
    if (finding.status != Status::violated || finding.evidence.size() >= cut_short)
        return false;
    auto const evidence = identity(finding.evidence, path);
    auto const [first, last] = m_known.equal_range(Key{printable(base_name(path)), profile, finding.rule});
    return std::any_of(first, last, [&](auto const &item) {
        Known const &known = item.second;
        if (finding.severity < known.severity)  // severities stand in falling order
            return false;
        if (evidence.empty())
            return known.message == printable(finding.message);
        return std::includes(known.evidence.begin(), known.evidence.end(), evidence.begin(), evidence.end());
    });
}

Result<Baseline> read_baseline(const std::string &path)
{
    auto const text = read_text_file(path, max_report);
    if (text)
        return Baseline::parse(*text, path);
    Error error = text.error();
    error.code = ErrorCode::usage;
    return fail(error);
}

}  // namespace imgport
