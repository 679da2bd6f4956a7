// What a batch would do: looked at from outside, nothing written.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "batch/estimate.hpp"
#include "batch/fingerprint.hpp"
#include "batch/folder.hpp"
#include "batch/journal.hpp"
#include "batch/machine.hpp"
#include "batch/result.hpp"
#include "convert/plan.hpp"
#include "support/json_fields.hpp"
#include "support/workers.hpp"

namespace imgport {
namespace {

// A look at what is packed, not a reading of it: thousands of images are to be planned in seconds.
constexpr std::uint64_t look_bytes = std::uint64_t{8} << 20;
constexpr double look_seconds = 0.2;

std::string format_text(const ImageFacts &image)
{
    auto words = image.wrapped_in;
    words.emplace_back(to_string(image.format));
    return join(words, ", ");
}

std::string why_refused(const ImageFacts &image)
{
    if (image.error)
        return image.error->message;
    for (auto const &hazard : image.hazards) {
        if (hazard.severity == HazardSeverity::refuse)
            return hazard.id + ": " + hazard.message;
    }
    return {};
}

AllowedFiles allowed_by(const BatchJob &job)
{
    AllowedFiles allowed;
    if (auto const *const option = job.option("allow-backing"); option != nullptr)
        allowed.backing = option->values;
    if (auto const *const option = job.option("allow-extent"); option != nullptr)
        allowed.extents = option->values;
    return allowed;
}

void add(SizeEstimate &sum, const SizeEstimate &more)
{
    sum.expected += more.expected;
    sum.at_most = sum.at_most == 0 || more.at_most == 0 ? 0 : sum.at_most + more.at_most;
    sum.temporary += more.temporary;
}

// One disk of a job: the image itself, or one of its data disks.
void plan_disk(const std::string &path, const BatchJob &job, const ConvertOptions &options, PlannedImage &planned,
               bool first)
{
    if (path.find("://") != std::string::npos) {
        if (first) {
            planned.format = "not looked at";
            planned.artifact.how = "nothing is known of what is not a file here";
        }
        return;
    }
    auto const image =
        probe(path, {.allowed = allowed_by(job), .max_stream_bytes = look_bytes, .max_stream_seconds = look_seconds});
    planned.file_size += image.file_size;
    if (first) {
        planned.format = format_text(image);
        planned.virtual_size = image.virtual_size;
    }
    if (auto const why = why_refused(image); !why.empty() && !planned.refused) {
        planned.refused = first ? why : fmt::format("{}: {}", printable(path), why);
        return;
    }
    if (auto const possible = plan_conversion(image, options); !possible) {
        planned.refused = describe(possible.error());
        return;
    }
    auto const estimate = estimate_artifact(image, options);
    if (first)
        planned.artifact = estimate;
    else
        add(planned.artifact, estimate);
}

bool is_finished(const BatchFolder &folder, const BatchJob &job, const JobRecord &record, Fingerprints &fingerprints)
{
    bool const done = record.state == JobState::done;
    if ((!done && record.state != JobState::failed) || record.again || !files_there(folder, record.files))
        return false;
    return record.fingerprint == fingerprints.of(job) || (done && !sources_there(job));
}

}  // namespace

Result<BatchPlan> plan_batch(const std::vector<BatchJob> &jobs, const BatchPlanOptions &options, ProgressSink &progress)
{
    BatchPlan plan;
    plan.images.resize(jobs.size());
    std::vector<ConvertOptions> meanings;
    meanings.reserve(jobs.size());
    for (auto const &job : jobs) {
        auto meaning = options.meaning(job);
        if (!meaning)
            return fail(meaning.error());
        meanings.push_back(std::move(*meaning));
    }
    BatchFolder const folder(options.output_dir);
    auto const records = options.output_dir.empty() ? JournalRecords{} : read_batch_journal(folder.journal());
    if (!records)
        return fail(records.error());
    Fingerprints fingerprints;
    progress.begin("plan", options.output_dir);
    for_each_index(jobs.size(), thread_count(options.threads), [&](std::size_t i) {
        auto const &job = jobs[i];
        auto &planned = plan.images[i];
        planned.name = job.name;
        planned.path = job.path;
        planned.target = to_string(meanings[i].target);
        if (interrupted())
            return;
        plan_disk(job.path, job, meanings[i], planned, true);
        if (auto const *const disks = job.option("data-disk"); disks != nullptr) {
            for (auto const &disk : disks->values)
                plan_disk(disk, job, meanings[i], planned, false);
        }
    });
    progress.end();
    if (interrupted())
        return fail(ErrorCode::interrupted, "interrupted");

    std::vector<std::uint64_t> temporary;
    bool bounded = true;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        auto &planned = plan.images[i];
        if (auto const found = records->jobs.find(jobs[i].name); found != records->jobs.end())
            planned.finished = is_finished(folder, jobs[i], found->second, fingerprints);
        if (planned.finished && !sources_there(jobs[i]))
            planned.refused.reset();  // nothing is to be done
        plan.finished += planned.finished ? 1 : 0;
        plan.refused += planned.refused ? 1 : 0;
        if (planned.finished || planned.refused)
            continue;
        plan.expected += planned.artifact.expected;
        plan.at_most += planned.artifact.at_most;
        bounded = bounded && planned.artifact.at_most != 0;
        temporary.push_back(planned.artifact.temporary);
    }
    if (!bounded)
        plan.at_most = 0;
    std::sort(temporary.rbegin(), temporary.rend());
    temporary.resize(std::min<std::size_t>(temporary.size(), options.jobs != 0 ? options.jobs : usable_cores()));
    for (std::uint64_t const bytes : temporary)
        plan.temporary += bytes;
    // The folder need not be there yet.
    for (std::filesystem::path where = options.output_dir; !where.empty(); where = where.parent_path()) {
        if (auto const free = free_space(where.string()); free) {
            plan.free = *free;
            break;
        }
        if (!where.has_relative_path())
            break;
    }
    return plan;
}

std::string batch_plan_json(const BatchPlan &plan)
{
    Json out{{"schema", "imgport.batch-plan/1"}};
    out.update(to_json(plan));
    return out.dump(2) + "\n";
}

}  // namespace imgport
