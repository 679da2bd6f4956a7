// imgport batch run and imgport batch retry.
#include <unistd.h>

#include <fmt/format.h>

#include "batch.hpp"
#include "report_files.hpp"

namespace imgport::cli {
namespace {

// What both have.
struct RunOptions {
    std::string directory;
    std::string format = "text";
    std::vector<std::string> reports;
    unsigned jobs = 0;
    unsigned timeout = 0;
    bool wait_for_space = false;
    PlaceOptions place;
};

struct Options : RunOptions {
    std::vector<std::string> sources;
    BatchDefaults defaults;
};

struct RetryOptions : RunOptions {
    std::vector<std::string> names;
    bool failed = false;
};

void add_run_options(CLI::App &verb, RunOptions &options)
{
    add_report_options(verb, options.format, options.reports);
    verb.add_option("--jobs", options.jobs,
                    "At most so many images at once (default: as cores, memory and disk space allow)");
    add_timeout(verb, options.timeout);
    verb.add_flag("--wait-for-space", options.wait_for_space,
                  "Where the disk is full, wait until there is room instead of ending");
    add_place_options(verb, options.place);
}

int summarise(Program &program, const RunOptions &options, const BatchOutcome &outcome)
{
    TextOptions const text{.color = program.color(), .verbose = program.globals().verbose};
    if (options.format == "text" && options.reports.empty())
        return print(batch_summary_text(outcome.status, text)) ? outcome.exit_code : exit_code(ErrorCode::environment);
    auto const report = batch_report(options.directory);
    if (!report)
        return print_error(report.error());
    int code = 0;
    if (options.format == "text") {
        code = write_reports(*report, text, options.reports);
        if (!print(batch_summary_text(outcome.status, text)))
            code = exit_code(ErrorCode::environment);
    } else {
        code = deliver(*report, text, options.format, options.reports);
    }
    return worst_exit_code({outcome.exit_code, code});
}

int run_jobs(Program &program, const RunOptions &options, const std::vector<BatchJob> &jobs, BatchOptions batch)
{
    std::vector<std::string> images;
    images.reserve(jobs.size());
    for (auto const &job : jobs)
        images.push_back(job.path);
    if (!options.reports.empty()) {
        if (auto good = check_report_files(options.reports, images); !good)
            return print_error(good.error());
    }
    auto const &globals = program.globals();
    batch.output_dir = options.directory;
    batch.worker = worker_program(globals);
    batch.jobs = options.jobs;
    batch.threads = globals.threads;
    batch.wait_for_space = options.wait_for_space;
    batch.meaning = job_meaning(globals);
    if (options.wait_for_space && options.place.on != "local")
        return print_error({ErrorCode::usage, "--wait-for-space goes with a run on this machine"});
    if (auto applied = apply_place(options.place, globals, batch); !applied)
        return print_error(applied.error());
    if (options.timeout > 0)
        batch.timeout = std::chrono::seconds(options.timeout);
    auto const watcher = make_batch_watcher(globals);
    auto const outcome = run_batch(jobs, batch, *watcher);
    if (!outcome)
        return print_error(outcome.error());
    return summarise(program, options, *outcome);
}

int run_run(Program &program, const Options &options)
{
    if (options.sources.empty()) {
        if (auto const option = given_default(options.defaults); !option.empty())
            return print_error(
                {ErrorCode::usage, fmt::format("{} goes with JOBS: the last run's list has its own", option)});
        auto const jobs = stored_jobs(options.directory);
        return jobs ? run_jobs(program, options, *jobs, {}) : print_error(jobs.error());
    }
    auto const list = batch_jobs(options.sources, options.defaults, options.directory);
    if (!list)
        return print_error(list.error());
    for (auto const &note : list->notes)
        program.progress().note(note);
    return run_jobs(program, options, list->jobs, {});
}

int run_retry(Program &program, const RetryOptions &options)
{
    if (options.names.empty() && !options.failed)
        return print_error({ErrorCode::usage, "say what is to be done again: --failed, or names of images"});
    auto const jobs = stored_jobs(options.directory);
    if (!jobs)
        return print_error(jobs.error());
    BatchOptions batch;
    batch.retry = options.names;
    batch.retry_failed = options.failed;
    return run_jobs(program, options, *jobs, std::move(batch));
}

}  // namespace

std::vector<std::string> worker_program(const Globals &globals)
{
    std::vector<std::string> command{"/proc/self/exe", "batch", "work", "--report-fd", "1"};
    if (!globals.temp_dir.empty()) {
        command.emplace_back("--temp-dir");
        command.push_back(globals.temp_dir);
    }
    return command;
}

void add_timeout(CLI::App &verb, unsigned &seconds)
{
    verb.add_option("--timeout-per-image", seconds, "End an image's work after so many seconds")->type_name("SECONDS");
}

void add_batch_run(Program &program, CLI::App &batch)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb =
        program.add_verb(batch, "run", "Prepares each image of a list; the same again goes on where it was stopped",
                         "  imgport batch run disks/ --output out\n"
                         "  imgport batch run 'disks/*.vmdk' --output out --to vhd --jobs 4 --timeout-per-image 7200\n"
                         "  imgport batch run jobs.toml --output out --report html=summary.html\n"
                         "  imgport batch run --output out\n"
                         "A list in TOML:\n"
                         "  [defaults]\n"
                         "  profile = \"alibaba-2026\"\n"
                         "  [[image]]\n"
                         "  path = \"disks/web.vmdk\"\n"
                         "  name = \"web-1\"\n"
                         "  to = \"vhd\"\n"
                         "  data-disk = [\"disks/web-data.vmdk\"]\n"
                         "The same in CSV:\n"
                         "  path,name,to,profile,data-disk\n"
                         "  disks/web.vmdk,web-1,vhd,alibaba-2026,disks/web-data.vmdk\n"
                         "Keys are the options of prepare; paths are meant from where the list lies.\n",
                         [&program, options] { return run_run(program, *options); });
    verb.add_option("JOBS", options->sources,
                    "Folders, patterns, lists (.txt, .list, .toml, .csv) or images; without them, the last run's list");
    verb.add_option("--output", options->directory, "The folder for artifacts and manifests, and for the journal")
        ->required()
        ->type_name("DIR");
    add_run_options(verb, *options);
    add_batch_defaults(verb, options->defaults);
}

void add_batch_retry(Program &program, CLI::App &batch)
{
    auto const options = std::make_shared<RetryOptions>();
    CLI::App &verb = program.add_verb(batch, "retry", "Does finished images of a batch again",
                                      "  imgport batch retry out --failed\n"
                                      "  imgport batch retry out web-1 db-2\n",
                                      [&program, options] { return run_retry(program, *options); });
    verb.add_option("DIR", options->directory, "The folder of the run")->required();
    verb.add_option("NAME", options->names, "Names of images");
    verb.add_flag("--failed", options->failed, "All that failed, for whatever reason");
    add_run_options(verb, *options);
}

}  // namespace imgport::cli
