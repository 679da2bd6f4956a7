// What a check found, for people and for programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/check.hpp>

namespace imgport {

// One image under one profile.
struct ReportEntry {
    std::string path;
    std::string profile;
    Verdict verdict = Verdict::error;
    ImageFacts probe = {};
    std::optional<DiskFacts> disk = {};
    std::vector<VolumeFacts> volumes = {};
    std::optional<GuestFacts> guest = {};
    std::vector<Finding> findings = {};
    std::optional<ImageError> error = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("path", self.path);
        visit("profile", self.profile);
        visit("verdict", self.verdict);
        visit("probe", self.probe);
        visit("disk", self.disk);
        visit("volumes", self.volumes);
        visit("guest", self.guest);
        visit("findings", self.findings);
        visit("error", self.error);
    }
};

struct Report {
    std::vector<ReportEntry> images = {};
};

enum class Color { no, yes };

struct TextOptions {
    Color color = Color::no;
    bool verbose = false;  // the passed rules too
    VerdictOptions verdict = {};
    // What the compared profile would decide otherwise, one line per image, in the order of the images.
    std::vector<std::string> other_profile = {};
};

// {"schema": "imgport.report/1", "images": [...]}; its JSON Schema is docs/schemas/report-1.json.
std::string report_json(const Report &report);
// For a terminal: the verdict first, then what to do, worst first; with several images a summary table last.
std::string report_text(const Report &report, const TextOptions &options);
// SARIF 2.1.0 for code-scanning services: one run, one result per violated or unknown rule and image. Accepted findings
// carry `suppressions`; images that could not be read are results of the rule `image-error` and notifications.
std::string report_sarif(const Report &report);
// JUnit XML by the schema that Jenkins uses (junit-10.xsd): a suite per image and profile, a case per rule.
std::string report_junit(const Report &report, const VerdictOptions &options);
// GitHub-flavoured Markdown for a job summary, kept under the mebibyte that GitHub takes.
std::string report_markdown(const Report &report, const TextOptions &options);
// One self-contained page without scripts.
std::string report_html(const Report &report, const TextOptions &options);

// The same Report in every form. The same report gives the same bytes.
enum class ReportFormat { text, json, sarif, junit, markdown, html };
const char *to_string(ReportFormat format);
std::optional<ReportFormat> report_format_from_string(std::string_view name);
const std::vector<std::string> &report_format_names();
std::string render_report(const Report &report, ReportFormat format, const TextOptions &options);
// The same in a file that appears whole or not at all; a report of an earlier run is replaced.
Result<void> write_report(const Report &report, ReportFormat format, const TextOptions &options,
                          const std::string &path);

// {"schema": "imgport.facts/1", "image", "disk", "volumes": [], "guest"}
std::string inspection_json(const ImageFacts &image, const Inspection &inspection);
std::string inspection_text(const ImageFacts &image, const Inspection &inspection);
std::string probe_text(const ImageFacts &image, Color color);

// {"schema": "imgport.rules/1", "rules": [...]}
std::string rules_json();
std::string rules_text(const Profile &profile);
std::string explain_text(const RuleInfo &rule, const Profile &profile, Color color);

}  // namespace imgport
