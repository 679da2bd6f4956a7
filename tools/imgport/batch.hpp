// The verbs below `imgport batch`, and what they share.
#pragma once

#include <imgport/batch.hpp>

#include "cli.hpp"
#include "prepare.hpp"

namespace imgport::cli {

void add_batch_plan(Program &program, CLI::App &batch);
void add_batch_run(Program &program, CLI::App &batch);
void add_batch_retry(Program &program, CLI::App &batch);
void add_batch_status(Program &program, CLI::App &batch);
void add_batch_cancel(Program &program, CLI::App &batch);
void add_batch_work(Program &program, CLI::App &batch);

// What `prepare` takes on the command line of a batch: the defaults of its list.
struct BatchDefaults {
    CLI::App *verb = nullptr;
    PrepareArguments arguments = {};
};
void add_batch_defaults(CLI::App &verb, BatchDefaults &defaults);
// The first of them that was given; empty: none.
std::string given_default(const BatchDefaults &defaults);

// The list, with what the command line gives as defaults. imgport.toml, where it counts, is named by its full path, so
// that every worker reads the same, wherever it runs. `output_dir`: where images keep the names they have; empty: none.
Result<JobList> batch_jobs(const std::vector<std::string> &sources, const BatchDefaults &defaults,
                           const std::string &output_dir);

// How a job's artifact is made, and the whole of its `prepare`.
JobMeaning job_meaning(const Globals &globals);
Result<PrepareOptions> job_options(const BatchJob &job, const Globals &globals);

// Where a run's work is done.
struct PlaceOptions {
    std::string on = "local";
    std::vector<std::string> sbatch = {};
    std::string container_image = {};
    std::string name_space = {};
    std::vector<std::string> volumes = {};
};
void add_place_options(CLI::App &verb, PlaceOptions &options);
Result<void> apply_place(const PlaceOptions &options, const Globals &globals, BatchOptions &batch);

void add_timeout(CLI::App &verb, unsigned &seconds);

// The program that does one image here: this one, even where its file was replaced meanwhile.
std::vector<std::string> worker_program(const Globals &globals);

// A live table on a terminal, lines in a log, JSON lines for programs.
std::unique_ptr<BatchWatcher> make_batch_watcher(const Globals &globals);

}  // namespace imgport::cli
