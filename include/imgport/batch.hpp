// Many images: the list of them, what would be done, and a run that goes on where it stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/prepare.hpp>

namespace imgport {

// ------------------------------------------------------------------------------------------------------ the job list

// An option of `prepare` as the command line spells it, without the dashes. A flag has no values.
struct JobOption {
    std::string name;
    std::vector<std::string> values = {};

    friend bool operator==(const JobOption &, const JobOption &) = default;
};

struct BatchJob {
    std::string path;                     // absolute, or an address
    std::string name;                     // of the artifact, without suffix; unique in the list
    std::vector<JobOption> options = {};  // by name
    std::string where = {};               // "jobs.toml, line 12"; empty: no list names it

    const JobOption *option(std::string_view option_name) const;
};

// What a list may say of an image.
struct JobKey {
    enum class Kind { flag, value, list };
    std::string name;
    Kind kind = Kind::value;
    // Makes a value that names a file absolute, as seen from the folder in which the list lies.
    std::function<std::string(const std::string &value, const std::string &folder)> locate = {};
    // Empty where the value is good.
    std::function<std::string(const std::string &value)> complaint = {};
    // A key that says the contrary ("config", "no-config"): whoever says one of them means it instead of the other.
    std::string contrary = {};
};

struct JobListOptions {
    std::vector<JobKey> keys = {};         // "path" and "name" go without saying
    std::vector<JobOption> defaults = {};  // what a list says wins over these
    // For images of which nobody says anything of the kind, nor the contrary.
    std::vector<JobOption> fallbacks = {};
    // What images were called in this folder before: they keep their names, if those are free and the list gives them
    // no others.
    std::vector<BatchJob> earlier = {};
};

struct JobList {
    std::vector<BatchJob> jobs = {};
    std::vector<std::string> notes = {};  // for the user: what was left out of a folder
};

// Each source is a folder, a pattern, a list (.txt, .list, .toml, .csv), or an image. A mistake is a usage error with
// its line and the nearest valid name.
Result<JobList> read_jobs(const std::vector<std::string> &sources, const JobListOptions &options);

// The job as arguments of `prepare`, the image's path and --output aside.
std::vector<std::string> arguments_of(const BatchJob &job);

// How a job's output is made. What it does not understand is a usage error.
using JobMeaning = std::function<Result<ConvertOptions>(const BatchJob &job)>;

// ---------------------------------------------------------------------------------------------------------- the plan

// How large an artifact will be. Nobody knows before it is there: this is a guess, and `how` says of what kind.
struct SizeEstimate {
    std::uint64_t expected = 0;   // bytes
    std::uint64_t at_most = 0;    // bytes; 0: not known
    std::uint64_t temporary = 0;  // bytes of temporary space while it is made
    std::string how = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("expected", self.expected);
        visit("at_most", self.at_most);
        visit("temporary", self.temporary);
        visit("how", self.how);
    }
};
SizeEstimate estimate_artifact(const ImageFacts &image, const ConvertOptions &options);

struct PlannedImage {
    std::string name;
    std::string path;
    std::string format;  // "vmdk", "xz, raw"
    std::optional<std::uint64_t> virtual_size = {};
    std::uint64_t file_size = 0;
    std::string target;  // "qcow2"
    SizeEstimate artifact = {};
    std::optional<std::string> refused = {};  // why it cannot be done
    bool finished = false;                    // the output folder has it already

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("path", self.path);
        visit("format", self.format);
        visit.nullable("virtual_size", self.virtual_size);
        visit("file_size", self.file_size);
        visit("target", self.target);
        visit("artifact", self.artifact);
        visit("refused", self.refused);
        visit("finished", self.finished);
    }
};

struct BatchPlan {
    std::vector<PlannedImage> images = {};
    std::uint64_t expected = 0;              // bytes of the artifacts that are still to be made
    std::uint64_t at_most = 0;               // 0: not known of all of them
    std::uint64_t temporary = 0;             // of the largest ones that run at once
    std::optional<std::uint64_t> free = {};  // where they go
    std::size_t refused = 0;
    std::size_t finished = 0;

    static void fields(auto &self, auto &&visit)
    {
        visit("images", self.images);
        visit("expected", self.expected);
        visit("at_most", self.at_most);
        visit("temporary", self.temporary);
        visit.nullable("free", self.free);
        visit("refused", self.refused);
        visit("finished", self.finished);
    }
};

struct BatchPlanOptions {
    std::string output_dir = {};  // empty: not chosen yet
    unsigned threads = 0;
    unsigned jobs = 0;  // at once
    JobMeaning meaning = {};
};
// Looks at the containers and writes nothing.
Result<BatchPlan> plan_batch(const std::vector<BatchJob> &jobs, const BatchPlanOptions &options,
                             ProgressSink &progress);
// {"schema": "imgport.batch-plan/1", ...}
std::string batch_plan_json(const BatchPlan &plan);
std::string batch_plan_text(const BatchPlan &plan, const TextOptions &options);

// ----------------------------------------------------------------------------------------------------------- the run

enum class JobState {
    waiting,
    running,
    done,    // the artifact is there
    failed,  // with an exit code and a reason
};
const char *to_string(JobState state);

struct JobStatus {
    std::string name;
    std::string path;
    JobState state = JobState::waiting;
    int exit_code = 0;
    std::string verdict = {};  // of its check, where there was one
    std::string reason = {};   // why it failed
    bool again = false;        // the machine was the cause, or a name that is taken: the next run tries again
    std::string stage = {};    // of a running one
    double fraction = 0;       // of a running one, 0 to 1: roughly
    double seconds = 0;
    std::uint64_t source_bytes = 0;    // what there is to read
    std::uint64_t artifact_bytes = 0;  // of what was made
    unsigned attempts = 0;

    static void fields(auto &self, auto &&visit)
    {
        visit("name", self.name);
        visit("path", self.path);
        visit("state", self.state);
        visit("exit_code", self.exit_code);
        visit("verdict", self.verdict);
        visit("reason", self.reason);
        visit("again", self.again);
        visit("stage", self.stage);
        visit("fraction", self.fraction);
        visit("seconds", self.seconds);
        visit("source_bytes", self.source_bytes);
        visit("artifact_bytes", self.artifact_bytes);
        visit("attempts", self.attempts);
    }
};

struct BatchStatus {
    std::size_t images = 0;
    std::size_t done = 0;
    std::size_t failed = 0;
    std::size_t running = 0;
    std::size_t left = 0;          // neither done nor failed
    std::uint64_t bytes = 0;       // of all sources
    std::uint64_t bytes_done = 0;  // of the finished ones, and the finished part of the running ones
    double seconds = 0;            // since the run began
    std::optional<double> seconds_left = {};
    bool active = false;           // a run is under way
    std::string waiting_for = {};  // "space in out: 5 GiB more"
    std::vector<JobStatus> jobs = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("images", self.images);
        visit("done", self.done);
        visit("failed", self.failed);
        visit("running", self.running);
        visit("left", self.left);
        visit("bytes", self.bytes);
        visit("bytes_done", self.bytes_done);
        visit("seconds", self.seconds);
        visit("seconds_left", self.seconds_left);
        visit("active", self.active);
        visit("waiting_for", self.waiting_for);
        visit("jobs", self.jobs);
    }
};

// Is told what happens, from one thread.
class BatchWatcher {
public:
    virtual ~BatchWatcher() = default;
    virtual void note(std::string_view text) = 0;
    // What the work on one image has to say beside its result.
    virtual void remark(const JobStatus &job, std::string_view text) = 0;
    // A job was started, or ended.
    virtual void changed(const JobStatus &job, const BatchStatus &all) = 0;
    // Some times a second; `all.jobs` holds the running ones only.
    virtual void tick(const BatchStatus &all) = 0;
};

// Where the work of a run is done.
enum class BatchPlace {
    here,
    slurm,       // a job array, followed to its end
    kubernetes,  // an Indexed Job, written down for the user to apply; the next run gathers what came of it
};

struct SlurmOptions {
    // The program on the nodes, and what goes before "--output DIR --index N --threads N".
    std::vector<std::string> program = {};
    // Further options of sbatch, as it spells them. They win over ours, but for the array's name, tasks and log, by
    // which it is followed.
    std::vector<std::string> sbatch = {};
    // Slurm's controller serves others too: it is asked so often, and less often where its answer takes long.
    std::chrono::milliseconds pace = std::chrono::milliseconds(1500);
    // A result that was written on another machine may take so long to be seen here: NFS keeps names in mind.
    std::chrono::milliseconds arrival = std::chrono::seconds(10);
};

// A claim on a volume that this machine has mounted too, so that a path means the same in a pod.
struct SharedVolume {
    std::string claim;
    std::string path;  // absolute
};

struct KubernetesOptions {
    std::string image = {};       // of the container; empty: imgport:VERSION, as the container file beside it makes it
    std::string name_space = {};  // empty: whichever the user applies it to
    std::vector<SharedVolume> volumes = {};
};

struct BatchOptions {
    std::string output_dir;
    // The program that does one job on this machine: called with "--output DIR --index N --threads N" added. It reports
    // on standard output, as `imgport batch work --report-fd 1` does.
    std::vector<std::string> worker;
    BatchPlace place = BatchPlace::here;
    SlurmOptions slurm = {};
    KubernetesOptions kubernetes = {};
    unsigned jobs = 0;                                 // at most so many at once; 0: as the machine allows
    unsigned threads = 0;                              // in all; 0: one per core
    std::optional<std::chrono::seconds> timeout = {};  // per image
    bool wait_for_space = false;                       // else the run ends when nothing fits any more
    std::vector<std::string> retry = {};               // names of finished jobs that are done again
    bool retry_failed = false;                         // all of those that failed
    JobMeaning meaning = {};
};

struct BatchOutcome {
    BatchStatus status;  // with every job, in the order of the list
    int exit_code = 0;
};

// Runs what is not finished yet. Each image is done by a process of its own. Only one run at a time works in a folder.
Result<BatchOutcome> run_batch(const std::vector<BatchJob> &jobs, const BatchOptions &options, BatchWatcher &watcher);

// The jobs of the last run in that folder.
Result<std::vector<BatchJob>> stored_jobs(const std::string &output_dir);
Result<BatchJob> stored_job(const std::string &output_dir, std::size_t index);
// Among the places of a list that are named so ("0-3,7"), the nth, counted from 0.
Result<std::size_t> nth_place(const std::string &places, std::size_t n);

// Does one job of the folder's list, unless it is finished: `prepare`, and its result written beside the journal.
// Stages and result are reported on `report_fd`. The exit code is the job's.
int work_on_job(const std::string &output_dir, const BatchJob &job, PrepareOptions options, int report_fd);

struct WatchOptions {
    std::vector<std::string> worker = {};  // as in BatchOptions
    unsigned threads = 0;
    std::optional<std::chrono::seconds> timeout = {};
};
// The same in a process of its own that is watched, as a run does it: a crash, and work that takes too long, are a
// result too. What a task of a cluster does. The exit code is the job's; 130 where we were stopped, and then there is
// none.
int watch_over_job(const std::string &output_dir, std::size_t index, const BatchJob &job, const WatchOptions &options,
                   ProgressSink &progress);

// How far a batch is, by its journal; with every job.
Result<BatchStatus> batch_status(const std::string &output_dir);
std::string batch_status_json(const BatchStatus &status);  // {"schema": "imgport.batch-status/1", ...}
// A line per image that is running or needs attention, and the sum.
std::string batch_status_text(const BatchStatus &status, const TextOptions &options);
// The live table: at most `lines` lines of at most `columns` characters.
std::string batch_table(const BatchStatus &status, std::size_t lines, std::size_t columns);

// Tells the run in that folder to stop: at once, or when what is running has ended. False: none is under way.
Result<bool> cancel_batch(const std::string &output_dir, bool finish_running);
// Whether a run is under way there.
bool batch_active(const std::string &output_dir);

// The results as a report, one entry per disk, what needs attention first.
Result<Report> batch_report(const std::string &output_dir);
// A line per image, what needs attention first, and the sum.
std::string batch_summary_text(const BatchStatus &status, const TextOptions &options);

}  // namespace imgport
