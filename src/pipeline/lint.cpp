#include <imgport/lint.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "pipeline/lint.hpp"
#include "support/text.hpp"
#include "support/workers.hpp"

namespace imgport {
namespace {

// "vsize-max: violated (fail)"
std::string outcome_of(const Finding &finding)
{
    if (finding.status != Status::violated)
        return to_string(finding.status);
    return fmt::format("violated ({})", to_string(finding.severity));
}

std::string compare(const CheckInput &input, const std::vector<Finding> &here, const Judgement &judgement,
                    const std::string &other, const VerdictOptions &options)
{
    auto const profile = load_profile(other);
    if (!profile)
        return {};
    auto const there = check(input, *profile);
    std::vector<std::string> changes;
    for (std::size_t i = 0; i < std::min(here.size(), there.size()); ++i) {
        if (here[i].status != there[i].status ||
            (here[i].status == Status::violated && here[i].severity != there[i].severity))
            changes.push_back(
                fmt::format("{} {} instead of {}", here[i].rule, outcome_of(there[i]), outcome_of(here[i])));
    }
    if (changes.empty())
        return fmt::format("{} would decide the same.", other);
    auto const verdict = judge(*input.image, there, options).verdict;
    return fmt::format("{} would decide otherwise: {}; verdict {}{}.", other, join(changes, ", "), to_string(verdict),
                       verdict == judgement.verdict ? " as well" : "");
}

}  // namespace

int worst_exit_code(const std::vector<int> &codes)
{
    for (int const code : {130, 5, 4, 3, 2, 1}) {
        if (std::find(codes.begin(), codes.end(), code) != codes.end())
            return code;
    }
    return 0;
}

bool set_refusal(ReportEntry &entry, int &exit_code)
{
    if (!entry.probe.refused())
        return false;
    bool const unreadable = entry.probe.error && entry.probe.error->code == to_string(ErrorCode::unreadable);
    entry.verdict = unreadable ? Verdict::error : Verdict::refused;
    entry.error = entry.probe.error;
    exit_code = 3;
    return true;
}

void set_error_entry(ReportEntry &entry, int &code, const Error &error)
{
    entry.verdict = Verdict::error;
    entry.error = ImageError{to_string(error.code), describe(error)};
    code = exit_code(error.code);
}

LintResult lint(const std::string &path, const LintOptions &options, ProgressSink &progress)
{
    LintResult result;
    auto &entry = result.entry;
    entry.path = path;
    entry.profile = options.profile;
    auto const profile = load_profile(options.profile);
    if (!profile) {
        set_error_entry(entry, result.exit_code, profile.error());
        return result;
    }
    entry.probe = probe(path, {.allowed = options.inspect.allowed});
    bool const refused = set_refusal(entry, result.exit_code);
    bool const holds_disk = entry.probe.format != Format::archive && entry.probe.format != Format::unknown;
    // A data disk's superblocks are a few reads, unless the disk had to be unpacked for them.
    bool const is_data = options.role == Role::data;
    bool const cheap = !is_data || entry.probe.wrapped_in.empty();
    if (!refused && holds_disk && cheap && entry.probe.format != Format::iso) {
        InspectOptions inspect_options = options.inspect;
        inspect_options.volumes_only = is_data;
        auto inspection = inspect(path, entry.probe, inspect_options, progress);
        if (!inspection) {
            set_error_entry(entry, result.exit_code, inspection.error());
            return result;
        }
        result.inspection = std::move(*inspection);
        entry.disk = result.inspection->disk;
        entry.volumes = result.inspection->volumes;
        entry.guest = result.inspection->guest;
    }
    if (entry.verdict == Verdict::error && refused)
        return result;  // nothing could be read, so there is nothing to judge

    CheckInput input;
    input.image = &entry.probe;
    input.inspection = result.inspection ? &*result.inspection : nullptr;
    input.request = &options.request;
    input.role = options.role;
    entry.findings = check(input, *profile);
    if (refused)
        return result;
    auto const judgement = judge(entry.probe, entry.findings, options.verdict);
    entry.verdict = judgement.verdict;
    result.exit_code = judgement.exit_code;
    if (!profile->compare_with.empty())
        result.comparison = compare(input, entry.findings, judgement, profile->compare_with, options.verdict);
    return result;
}

std::vector<LintResult> lint_all(const std::vector<std::string> &paths, const LintOptions &options, unsigned jobs,
                                 ProgressSink &progress)
{
    std::vector<LintResult> results(paths.size());
    for_each_index(paths.size(), jobs, [&](std::size_t i) {
        if (interrupted())
            set_error_entry(results[i].entry, results[i].exit_code, {ErrorCode::interrupted, "interrupted", paths[i]});
        else
            results[i] = lint(paths[i], options, progress);
    });
    return results;
}

}  // namespace imgport
