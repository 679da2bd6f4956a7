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

// In one line, what another profile would decide otherwise. A rule that only one of the two has is no difference.
std::string compare(const CheckInput &input, const ReportEntry &here, const std::string &other,
                    const LintOptions &options)
{
    auto const profile = load_profile(other);
    if (!profile)
        return {};
    auto there = check(input, *profile);
    accept(there, here.path, profile->name, options.accept);
    std::vector<std::string> changes;
    for (auto const &finding : here.findings) {
        auto const twin = std::find_if(there.begin(), there.end(),
                                       [&](auto const &candidate) { return candidate.rule == finding.rule; });
        if (twin == there.end())
            continue;
        if (finding.status != twin->status ||
            (finding.status == Status::violated && finding.severity != twin->severity))
            changes.push_back(fmt::format("{} {} instead of {}", finding.rule, outcome_of(*twin), outcome_of(finding)));
    }
    if (changes.empty())
        return fmt::format("{} would decide the same.", other);
    auto const verdict = judge(*input.image, there, options.verdict).verdict;
    return fmt::format("{} would decide otherwise: {}; verdict {}{}.", other, join(changes, ", "), to_string(verdict),
                       verdict == here.verdict ? " as well" : "");
}

std::vector<Profile> profiles_of(const LintOptions &options)
{
    if (!options.profiles.empty())
        return options.profiles;
    return {load_profile("alibaba").value()};
}

// Looks into the image once; the facts are in `entry`, and an error too. False: there is nothing to judge.
bool look(LintResult &result, const LintOptions &options, ProgressSink &progress)
{
    auto &entry = result.entry;
    entry.probe = probe(entry.path, {.allowed = options.inspect.allowed});
    note_hazards(entry.probe, progress);
    bool const refused = set_refusal(entry, result.exit_code);
    bool const holds_disk = entry.probe.format != Format::archive && entry.probe.format != Format::unknown;
    // A data disk's superblocks are a few reads, unless the disk had to be unpacked for them.
    bool const is_data = options.role == Role::data;
    bool const cheap = !is_data || entry.probe.wrapped_in.empty();
    if (!refused && holds_disk && cheap && entry.probe.format != Format::iso) {
        InspectOptions inspect_options = options.inspect;
        inspect_options.volumes_only = is_data;
        auto inspection = inspect(entry.path, entry.probe, inspect_options, progress);
        if (!inspection) {
            set_error_entry(entry, result.exit_code, inspection.error());
            return false;
        }
        result.inspection = std::move(*inspection);
        entry.disk = result.inspection->disk;
        entry.volumes = result.inspection->volumes;
        entry.guest = result.inspection->guest;
    }
    return !(entry.verdict == Verdict::error && refused);
}

// Judges what look() found.
void judge_under(const Profile &profile, const Inspection *inspection, const LintOptions &options, LintResult &result)
{
    auto &entry = result.entry;
    CheckInput input;
    input.image = &entry.probe;
    input.inspection = inspection;
    input.request = &options.request;
    input.role = options.role;
    entry.findings = check(input, profile);
    if (entry.verdict == Verdict::refused)
        return;
    accept(entry.findings, entry.path, profile.name, options.accept);
    auto const judgement = judge(entry.probe, entry.findings, options.verdict);
    entry.verdict = judgement.verdict;
    result.exit_code = judgement.exit_code;
    bool const compared = std::any_of(options.profiles.begin(), options.profiles.end(),
                                      [&](auto const &given) { return given.name == profile.compare_with; });
    if (!profile.compare_with.empty() && !compared)
        result.comparison = compare(input, entry, profile.compare_with, options);
}

std::vector<LintResult> lint_under(const std::vector<Profile> &profiles, const std::string &path,
                                   const LintOptions &options, ProgressSink &progress)
{
    LintResult looked;
    looked.entry.path = path;
    bool const judged = look(looked, options, progress);
    std::optional<Inspection> inspection = std::move(looked.inspection);
    looked.inspection.reset();
    std::vector<LintResult> results(profiles.size(), looked);
    for (std::size_t i = 0; i < profiles.size(); ++i) {
        results[i].entry.profile = profiles[i].name;
        if (judged)
            judge_under(profiles[i], inspection ? &*inspection : nullptr, options, results[i]);
    }
    results.front().inspection = std::move(inspection);
    return results;
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

void note_hazards(const ImageFacts &image, ProgressSink &progress)
{
    for (auto const &hazard : image.hazards) {
        if (hazard.id == "in-use" || hazard.id == "partition")
            progress.note(fmt::format("{}: {}", printable(image.path), hazard.message));
    }
}

bool set_refusal(ReportEntry &entry, int &exit_code)
{
    if (!entry.probe.refused())
        return false;
    auto const code = entry.probe.refusal().code;
    bool const image_to_blame = code == ErrorCode::refused || code == ErrorCode::malformed;
    entry.verdict = image_to_blame ? Verdict::refused : Verdict::error;
    entry.error = entry.probe.error;
    exit_code = imgport::exit_code(code);
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
    auto profiles = profiles_of(options);
    profiles.resize(1);
    return std::move(lint_under(profiles, path, options, progress).front());
}

std::vector<LintResult> lint_all(const std::vector<std::string> &paths, const LintOptions &options, unsigned jobs,
                                 ProgressSink &progress)
{
    auto const profiles = profiles_of(options);
    std::vector<LintResult> results(paths.size() * profiles.size());
    for_each_index(paths.size(), jobs, [&](std::size_t i) {
        auto const first = results.begin() + static_cast<std::ptrdiff_t>(i * profiles.size());
        if (!interrupted()) {
            auto made = lint_under(profiles, paths[i], options, progress);
            std::move(made.begin(), made.end(), first);
            return;
        }
        for (std::size_t j = 0; j < profiles.size(); ++j) {
            LintResult &result = *(first + static_cast<std::ptrdiff_t>(j));
            result.entry.path = paths[i];
            result.entry.profile = profiles[j].name;
            set_error_entry(result.entry, result.exit_code, {ErrorCode::interrupted, "interrupted", paths[i]});
        }
    });
    return results;
}

}  // namespace imgport
