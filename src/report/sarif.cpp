// SARIF 2.1.0 (OASIS), written so that GitHub's code scanning takes it as well:
//   * it refuses a result without a location: each names the image, with line 1 since it asks for one; the place inside
//     the guest is a logical location and stands in the message;
//   * it refuses several runs of one tool: all images are in one run;
//   * it knows neither `kind` nor `suppressions`, every result is an open alert: what passed is left out, and what was
//     accepted is a note, not an error that blocks a pull request;
//   * of the fingerprints it reads primaryLocationLineHash only.
#include <imgport/report.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <imgport/version.hpp>

#include "report/escape.hpp"
#include "report/outcome.hpp"
#include "support/bytes.hpp"
#include "support/digest.hpp"
#include "support/json_fields.hpp"

namespace imgport {
namespace {

// Not in the catalogue: no rule judges an image that cannot be read, and a scan without results would look clean.
constexpr const char *error_rule = "image-error";
constexpr std::size_t evidence_shown = 20;

const char *level_of(Severity severity)
{
    switch (severity) {
    case Severity::fail:
    case Severity::unreachable: return "error";
    case Severity::feature: return "warning";
    case Severity::recommendation: return "note";
    }
    return "none";
}

// "fstab-uuid" -> "FstabUuid"
std::string pascal_case(std::string_view id)
{
    std::string out;
    for (auto const &word : split(id, '-')) {
        if (!word.empty())
            out += to_upper(word.substr(0, 1)) + word.substr(1);
    }
    return out;
}

// "[text](1)" in a message is a link; hostile text must not become one.
std::string message_text(std::string_view text, std::size_t limit = 4096)
{
    std::string out = printable(text, limit);
    for (std::size_t at = 0; (at = out.find("](", at)) != std::string::npos; at += 2)
        out.insert(at + 1, " ");
    return out;
}

Json artifact_location(const std::string &path)
{
    if (!path.starts_with('/'))
        return {{"uri", uri_of_path(path)}};
    return {{"uri", uri_of_path(std::string_view(path).substr(1))}, {"uriBaseId", "ROOT"}};
}

Json physical_location(const std::string &path)
{
    return {{"artifactLocation", artifact_location(path)}, {"region", {{"startLine", 1}}}};
}

// A file of the guest or a part of the disk, as opposed to the container file.
bool is_inside(const Evidence &evidence, const std::string &image)
{
    return !evidence.file.empty() && evidence.file != image && evidence.file != printable(image);
}

Json location_of(const std::string &path, const std::vector<Evidence> &evidence)
{
    Json location{{"physicalLocation", physical_location(path)}};
    std::set<std::string> seen;
    for (auto const &item : evidence) {
        if (is_inside(item, path) && seen.size() < evidence_shown && seen.insert(item.file).second)
            location["logicalLocations"].push_back({{"name", printable(base_name(item.file), 300)},
                                                    {"fullyQualifiedName", printable(item.file, 1000)},
                                                    {"kind", "resource"}});
    }
    return location;
}

// The same finding of the same image's next build is the same alert: lines and offsets move, what stands there and in
// which file identifies it. What is said of the image itself is a measurement ("8589934592 bytes"), and is left out.
std::string fingerprint(const ReportEntry &entry, const std::string &rule, const std::vector<Evidence> &evidence)
{
    std::set<std::string> places;
    for (auto const &item : evidence) {
        if (is_inside(item, entry.path))
            places.insert(printable(item.file) + '\n' + printable(item.value, 1024));
    }
    std::string identity = rule + '\n' + base_name(entry.path) + '\n';
    for (auto const &place : places)
        identity += '\n' + place;
    return hex_digest("SHA256", bytes_of(identity)).substr(0, 32);
}

Json fingerprints(const std::string &hash)
{
    return {{"primaryLocationLineHash", hash + ":1"}, {"imgportFinding/v1", hash}};
}

class SarifReport {
public:
    explicit SarifReport(const Report &report) : m_report(report) {}

    std::string write()
    {
        collect_rules();
        Json results = Json::array();
        for (auto const &entry : m_report.images) {
            for (auto const *finding : worst_first(entry.findings)) {
                if (auto const group = group_of(*finding);
                    group == Group::violated || group == Group::accepted || group == Group::unknown)
                    results.push_back(result(entry, *finding));
            }
            if (entry.error)
                results.push_back(error_result(entry));
        }
        Json run{{"tool", {{"driver", driver()}}},
                 {"invocations", Json::array({invocation()})},
                 {"results", std::move(results)},
                 {"properties", {{"verdicts", verdicts()}}}};
        if (std::any_of(m_report.images.begin(), m_report.images.end(),
                        [](auto const &entry) { return entry.path.starts_with('/'); }))
            run["originalUriBaseIds"] = {{"ROOT", {{"uri", "file:///"}}}};
        Json const log{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                       {"version", "2.1.0"},
                       {"runs", Json::array({std::move(run)})}};
        return log.dump(2) + "\n";
    }

private:
    // The whole catalogue, so that a rule keeps its place in every report, then what is not in it.
    void collect_rules()
    {
        for (auto const &rule : rule_catalogue())
            m_rules.push_back(rule.id);
        for (auto const &entry : m_report.images) {
            for (auto const &finding : entry.findings) {
                if (std::find(m_rules.begin(), m_rules.end(), finding.rule) == m_rules.end())
                    m_rules.push_back(finding.rule);
            }
        }
        m_rules.emplace_back(error_rule);
        for (std::size_t i = 0; i < m_rules.size(); ++i)
            m_index[m_rules[i]] = i;
    }

    // The gravest severity of the profiles in the report; of a rule that is in none, of the findings.
    Severity severity_of(const std::string &rule) const
    {
        Severity gravest = Severity::recommendation;
        for (auto const &entry : m_report.images) {
            auto const profile = load_profile(entry.profile);
            if (profile && profile->severities.contains(rule)) {
                for (auto const &[condition, severity] : profile->severities.at(rule))
                    gravest = std::min(gravest, severity);
                continue;
            }
            for (auto const &finding : entry.findings) {
                if (finding.rule == rule)
                    gravest = std::min(gravest, finding.severity);
            }
        }
        return gravest;
    }

    Json driver() const
    {
        Json rules = Json::array();
        for (auto const &id : m_rules)
            rules.push_back(descriptor(id));
        return {{"name", "imgport"}, {"version", version()}, {"semanticVersion", version()}, {"rules", rules}};
    }

    Json descriptor(const std::string &id) const
    {
        if (id == error_rule)
            return {{"id", id},
                    {"name", pascal_case(id)},
                    {"shortDescription", {{"text", "the image can be read"}}},
                    {"fullDescription", {{"text", "An image that cannot be read was not judged by any rule."}}},
                    {"help", {{"text", "Mend the cause that the message names, and check the image again."}}},
                    {"defaultConfiguration", {{"level", "error"}}},
                    {"properties", {{"tags", Json::array({"imgport", "container"})}}}};
        const RuleInfo *const rule = find_rule(id);
        if (rule == nullptr)
            return {{"id", id},
                    {"name", pascal_case(id)},
                    {"shortDescription", {{"text", id}}},
                    {"defaultConfiguration", {{"level", level_of(severity_of(id))}}}};
        return {{"id", id},
                {"name", pascal_case(id)},
                {"shortDescription", {{"text", rule->title}}},
                {"fullDescription", {{"text", fmt::format("{}. Otherwise: {}", rule->title, rule->why)}}},
                {"help",
                 {{"text", fmt::format("{}\n\nHow to mend it: {}\n\nSource: {}", rule->why, rule->fix, rule->source)},
                  {"markdown", fmt::format("{}\n\n**How to mend it:** {}\n\n**Source:** {}", markdown_text(rule->why),
                                           markdown_text(rule->fix, 2000), markdown_text(rule->source))}}},
                {"defaultConfiguration", {{"level", level_of(severity_of(id))}}},
                {"properties", {{"tags", Json::array({"imgport", rule->group})}, {"precision", "high"}}}};
    }

    Json result(const ReportEntry &entry, const Finding &finding) const
    {
        bool const is_unknown = finding.status == Status::unknown;
        std::string text = message_text(finding.message);
        for (std::size_t i = 0; i < std::min(finding.evidence.size(), evidence_shown); ++i)
            text += "\nat " + message_text(place_of(finding.evidence[i]));
        if (finding.evidence.size() > evidence_shown)
            text += fmt::format("\nand {} more", finding.evidence.size() - evidence_shown);
        if (finding.fix)
            text += "\nHow to mend it: " + message_text(*finding.fix);
        // SARIF 3.27.10: the level of whatever is not `fail` is `none`.
        std::string const level = is_unknown ? "none" : finding.accepted ? "note" : level_of(finding.severity);
        Json out{{"ruleId", finding.rule},
                 {"ruleIndex", m_index.at(finding.rule)},
                 {"kind", is_unknown ? "open" : "fail"},
                 {"level", level},
                 {"message", {{"text", is_unknown ? "Could not be judged: " + text : text}}},
                 {"locations", Json::array({location_of(entry.path, finding.evidence)})},
                 {"partialFingerprints", fingerprints(fingerprint(entry, finding.rule, finding.evidence))},
                 {"properties",
                  {{"profile", printable(entry.profile)},
                   {"severity", to_string(finding.severity)},
                   {"evidence", to_json(finding.evidence)}}}};
        if (finding.accepted)
            out["suppressions"] = Json::array(
                {{{"kind", "external"}, {"status", "accepted"}, {"justification", describe(*finding.accepted)}}});
        return out;
    }

    Json error_result(const ReportEntry &entry) const
    {
        return {{"ruleId", error_rule},
                {"ruleIndex", m_index.at(error_rule)},
                {"kind", "fail"},
                {"level", "error"},
                {"message", {{"text", message_text(entry.error->message)}}},
                {"locations", Json::array({location_of(entry.path, {})})},
                {"partialFingerprints", fingerprints(fingerprint(entry, error_rule, {}))}};
    }

    // What went wrong while looking, and what the conversion mended: neither is a result.
    Json invocation() const
    {
        bool successful = true;
        Json notifications = Json::array();
        for (auto const &entry : m_report.images) {
            auto const notify = [&](const char *level, std::string_view text, const Finding *finding) {
                Json note{{"level", level},
                          {"message", {{"text", message_text(text)}}},
                          {"locations", Json::array({{{"physicalLocation", physical_location(entry.path)}}})}};
                if (finding != nullptr)
                    note["associatedRule"] = {{"id", finding->rule}, {"index", m_index.at(finding->rule)}};
                notifications.push_back(std::move(note));
            };
            successful = successful && entry.verdict != Verdict::error;
            for (auto const &reason : reasons_of(entry))
                notify("error", reason, nullptr);
            for (auto const &finding : entry.findings) {
                if (finding.status == Status::unknown && finding.machine.value_or(false))
                    notify("error", finding.message, &finding);
                else if (group_of(finding) == Group::mended)
                    notify("note", finding.message, &finding);
            }
        }
        return {{"executionSuccessful", successful}, {"toolExecutionNotifications", std::move(notifications)}};
    }

    Json verdicts() const
    {
        Json out = Json::array();
        for (auto const &entry : m_report.images)
            out.push_back({{"image", printable(entry.path)},
                           {"profile", printable(entry.profile)},
                           {"verdict", to_string(entry.verdict)}});
        return out;
    }

    const Report &m_report;
    std::vector<std::string> m_rules;
    std::map<std::string, std::size_t> m_index;
};

}  // namespace

std::string report_sarif(const Report &report)
{
    return SarifReport(report).write();
}

}  // namespace imgport
