// Probe, inspect and check of one image: what `imgport check` does, and `imgport prepare` before it converts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/check.hpp>
#include <imgport/inspect.hpp>
#include <imgport/report.hpp>

namespace imgport {

struct LintOptions {
    std::string profile = "alibaba";
    Role role = Role::system;
    ImportRequest request = {};
    InspectOptions inspect = {};
    VerdictOptions verdict = {};
};

struct LintResult {
    ReportEntry entry;
    std::optional<Inspection> inspection = {};
    // What the profile's compare_with would decide otherwise, in one line; empty where it names none.
    std::string comparison = {};
    int exit_code = 0;
};

LintResult lint(const std::string &path, const LintOptions &options, ProgressSink &progress);

// Many images, `jobs` at a time; the results in the order of the paths. One image's failure never stops the others.
std::vector<LintResult> lint_all(const std::vector<std::string> &paths, const LintOptions &options, unsigned jobs,
                                 ProgressSink &progress);

// The first of 130, 5, 4, 3, 2, 1, 0 that occurred.
int worst_exit_code(const std::vector<int> &codes);

}  // namespace imgport
