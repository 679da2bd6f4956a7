// How far a batch is: read off its list, its journal, and what a run under way says of itself.
#include <algorithm>

#include <fmt/format.h>

#include "batch/fingerprint.hpp"
#include "batch/folder.hpp"
#include "batch/journal.hpp"
#include "batch/places.hpp"
#include "batch/result.hpp"
#include "batch/tables.hpp"
#include "support/file_lock.hpp"
#include "support/json_fields.hpp"

namespace imgport {
namespace {

constexpr std::size_t progress_limit = std::size_t{16} << 20;

std::optional<BatchStatus> progress_of(const BatchFolder &folder)
{
    auto const text = read_text_file(folder.progress(), progress_limit);
    if (!text)
        return std::nullopt;
    try {
        BatchStatus status;
        from_json(Json::parse(*text), status);
        return status;
    } catch (const Json::exception &) {
        return std::nullopt;
    }
}

std::uint64_t size_of(const std::vector<RecordedFile> &files)
{
    std::uint64_t bytes = 0;
    for (auto const &file : files)
        bytes += file.size;
    return bytes;
}

JobStatus status_of(const BatchJob &job, const JobRecord *record)
{
    JobStatus status{.name = job.name, .path = job.path};
    if (record == nullptr)
        return status;
    status.attempts = record->attempts;
    if ((record->state != JobState::done && record->state != JobState::failed) || record->retry)
        return status;
    status.state = record->state;
    status.exit_code = record->exit_code;
    status.verdict = record->verdict;
    status.reason = record->reason;
    status.again = record->again;
    status.seconds = record->seconds;
    status.artifact_bytes = size_of(record->files);
    return status;
}

// What the journal does not tell yet: that a cluster's task has ended, or is at work. Nothing is written.
void look_beside(JobStatus &status, const BatchFolder &folder, const BatchJob &job, Fingerprints &fingerprints)
{
    bool const ended = status.state == JobState::done || status.state == JobState::failed;
    auto const result = read_result(folder, job.name);
    // An earlier failure that is to be tried again is no news, nor is what succeeded and is being done again.
    bool const news = result && !(result->again && (ended || result->exit_code == 0));
    if (news && ((result->fingerprint == fingerprints.of(job) && files_there(folder, result->files)) ||
                 outlives_source(folder, *result, job))) {
        status.state = result->exit_code == 0 ? JobState::done : JobState::failed;
        status.exit_code = result->exit_code;
        status.verdict = result->verdict;
        status.reason = result->reason;
        status.again = result->again;
        status.artifact_bytes = size_of(result->files);
    }
    bool const settled = !status.again && (status.state == JobState::done || status.state == JobState::failed);
    if (!settled && FileLock::held(folder.claim(job.name))) {
        status.state = JobState::running;
        status.stage = "at work";
    }
}

// What needs attention first: an artifact that did not verify, the machine's failures, bad input, findings.
int rank(const JobStatus &job)
{
    if (job.state == JobState::done)
        return 9;
    if (job.state != JobState::failed)
        return 8;
    switch (job.exit_code) {
    case 5: return 0;
    case 4: return 1;
    case 3: return 2;
    case 2: return 3;
    default: return 4;
    }
}

}  // namespace

const char *to_string(JobState state)
{
    switch (state) {
    case JobState::waiting: return "waiting";
    case JobState::running: return "running";
    case JobState::done: return "done";
    case JobState::failed: return "failed";
    }
    return "";
}

Result<BatchStatus> batch_status(const std::string &output_dir)
{
    BatchFolder const folder(output_dir);
    auto const jobs = stored_jobs(output_dir);
    if (!jobs)
        return fail(jobs.error());
    bool const active = batch_active(output_dir);
    auto const records = read_batch_journal(folder.journal());
    if (!records)
        return fail(records.error());
    BatchStatus status;
    status.images = jobs->size();
    status.active = active;
    auto const progress = active ? progress_of(folder) : std::nullopt;
    if (progress) {
        status.bytes = progress->bytes;
        status.bytes_done = progress->bytes_done;
        status.seconds = progress->seconds;
        status.seconds_left = progress->seconds_left;
        status.waiting_for = progress->waiting_for;
    }
    Fingerprints fingerprints;
    for (auto const &job : *jobs) {
        auto const found = records->jobs.find(job.name);
        auto const *const record = found == records->jobs.end() ? nullptr : &found->second;
        JobStatus one = status_of(job, record);
        if (active && record != nullptr && record->state == JobState::running) {
            one.state = JobState::running;
            if (progress) {
                for (auto const &running : progress->jobs) {
                    if (running.name == one.name)
                        one = running;
                }
            }
        } else if ((one.state != JobState::done && one.state != JobState::failed) || one.again) {
            look_beside(one, folder, job, fingerprints);
        }
        status.done += one.state == JobState::done ? 1 : 0;
        status.failed += one.state == JobState::failed ? 1 : 0;
        status.running += one.state == JobState::running ? 1 : 0;
        status.jobs.push_back(std::move(one));
    }
    status.left = status.images - status.done - status.failed;
    return status;
}

std::string batch_status_json(const BatchStatus &status)
{
    Json out{{"schema", "imgport.batch-status/1"}};
    out.update(to_json(status));
    return out.dump(2) + "\n";
}

Result<bool> cancel_batch(const std::string &output_dir, bool finish_running)
{
    BatchFolder const folder(output_dir);
    if (auto const jobs = stored_jobs(output_dir); !jobs)
        return fail(jobs.error());
    if (!batch_active(output_dir))
        return cancel_slurm_arrays(folder, finish_running);
    // An empty file stands for "now": a full disk takes that, too.
    if (auto written = write_file(folder.cancel(), finish_running ? "finish-running\n" : "", Overwrite::yes); !written)
        return fail(written.error());
    return true;
}

std::vector<const JobStatus *> worst_first(const std::vector<JobStatus> &jobs)
{
    std::vector<const JobStatus *> sorted;
    sorted.reserve(jobs.size());
    for (auto const &job : jobs)
        sorted.push_back(&job);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const JobStatus *a, const JobStatus *b) { return rank(*a) < rank(*b); });
    return sorted;
}

Result<Report> batch_report(const std::string &output_dir)
{
    BatchFolder const folder(output_dir);
    auto const status = batch_status(output_dir);
    if (!status)
        return fail(status.error());
    Report report;
    for (auto const *const job : worst_first(status->jobs)) {
        bool const ended = job->state == JobState::done || job->state == JobState::failed;
        auto result = ended ? read_result(folder, job->name) : std::nullopt;
        if (result && !result->images.empty()) {
            std::move(result->images.begin(), result->images.end(), std::back_inserter(report.images));
            continue;
        }
        auto &entry = report.images.emplace_back();
        entry.path = entry.probe.path = job->path;
        entry.verdict = Verdict::error;
        entry.error =
            ImageError{to_string(ErrorCode::environment), !ended                 ? "not done yet"
                                                          : !job->reason.empty() ? job->reason
                                                                                 : "its result is not there any more"};
    }
    return report;
}

}  // namespace imgport
