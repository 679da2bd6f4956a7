// Probe, inspect and check of one image: what `imgport check` does, and `imgport prepare` before it converts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/check.hpp>
#include <imgport/inspect.hpp>
#include <imgport/report.hpp>
#include <imgport/waivers.hpp>

namespace imgport {

struct LintOptions {
    std::vector<Profile> profiles = {};  // none: "alibaba"
    Acceptances accept = {};             // waivers and a baseline; never of a refused image
    Role role = Role::system;
    ImportRequest request = {};
    InspectOptions inspect = {};
    VerdictOptions verdict = {};
};

struct LintResult {
    ReportEntry entry;
    std::optional<Inspection> inspection = {};  // with the result under the first profile
    // What the profile's compare_with would decide otherwise, in one line; empty where it names none.
    std::string comparison = {};
    int exit_code = 0;
};

// Under the first of the profiles.
LintResult lint(const std::string &path, const LintOptions &options, ProgressSink &progress);

// Many images, `jobs` at a time, each looked into once and judged under every profile; the results in the order of the
// paths, then of the profiles. One image's failure never stops the others.
std::vector<LintResult> lint_all(const std::vector<std::string> &paths, const LintOptions &options, unsigned jobs,
                                 ProgressSink &progress);

// Tells what of the source the user should hear at once: that the disk is in use, or only a partition.
void note_hazards(const ImageFacts &image, ProgressSink &progress);

// The first of 130, 5, 4, 3, 2, 1, 0 that occurred.
int worst_exit_code(const std::vector<int> &codes);

}  // namespace imgport
