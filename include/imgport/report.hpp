// What a check found, for people and for programs.
#pragma once

#include <optional>
#include <string>
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

// {"schema": "imgport.report/1", "images": [...]}
std::string report_json(const Report &report);
std::string report_text(const Report &report, const TextOptions &options);

// {"schema": "imgport.facts/1", "image", "disk", "volumes": [], "guest"}
std::string inspection_json(const ImageFacts &image, const Inspection &inspection);
std::string inspection_text(const ImageFacts &image, const Inspection &inspection);
std::string probe_text(const ImageFacts &image, Color color);

// {"schema": "imgport.rules/1", "rules": [...]}
std::string rules_json();
std::string rules_text(const Profile &profile);
std::string explain_text(const RuleInfo &rule, const Profile &profile, Color color);

}  // namespace imgport
