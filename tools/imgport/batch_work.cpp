// imgport batch work: one image of a batch.
#include "batch.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::string directory;
    std::size_t index = 0;
    std::string among;
    int report_fd = -1;
    unsigned timeout = 0;
};

int run_work(Program &program, const Options &options)
{
    std::size_t index = options.index;
    if (!options.among.empty()) {
        auto const place = nth_place(options.among, index);
        if (!place)
            return print_error(place.error());
        index = *place;
    }
    auto const job = stored_job(options.directory, index);
    if (!job)
        return print_error(job.error());
    auto const &globals = program.globals();
    if (options.report_fd < 0) {
        WatchOptions watch{.worker = worker_program(globals), .threads = globals.threads};
        if (options.timeout > 0)
            watch.timeout = std::chrono::seconds(options.timeout);
        return watch_over_job(options.directory, index, *job, watch, program.progress());
    }
    auto made = job_options(*job, globals);
    if (!made)
        return print_error(made.error());
    return work_on_job(options.directory, *job, std::move(*made), options.report_fd);
}

}  // namespace

void add_batch_work(Program &program, CLI::App &batch)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb(batch, "work", "Prepares one image of a batch's list, unless it is finished",
                                      "  imgport batch work --output out --index 0\n"
                                      "What a cluster's tasks do: `batch run --on slurm` and `--on kubernetes`.\n",
                                      [&program, options] { return run_work(program, *options); });
    verb.add_option("--output", options->directory, "The folder of the run")->required()->type_name("DIR");
    verb.add_option("--index", options->index, "The image's place in the list, counted from 0")->required();
    verb.add_option("--among", options->among, "--index is counted among these places of the list: 0-3,7")
        ->type_name("PLACES");
    add_timeout(verb, options->timeout);
    verb.add_option("--report-fd", options->report_fd)->group("");
}

}  // namespace imgport::cli
