// imgport batch plan: what would be done.
#include "batch.hpp"
#include "options.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::vector<std::string> sources;
    std::string directory;
    std::string format = "text";
    unsigned jobs = 0;
    BatchDefaults defaults;
};

int run_plan(Program &program, const Options &options)
{
    auto const list = batch_jobs(options.sources, options.defaults, options.directory);
    if (!list)
        return print_error(list.error());
    for (auto const &note : list->notes)
        program.progress().note(note);
    auto const plan = plan_batch(list->jobs,
                                 {.output_dir = options.directory,
                                  .threads = program.globals().threads,
                                  .jobs = options.jobs,
                                  .meaning = job_meaning(program.globals())},
                                 program.progress());
    if (!plan)
        return print_error(plan.error());
    std::string const text =
        options.format == "json"
            ? batch_plan_json(*plan)
            : batch_plan_text(*plan, {.color = program.color(), .verbose = program.globals().verbose});
    return print(text) ? 0 : exit_code(ErrorCode::environment);
}

}  // namespace

void add_batch_plan(Program &program, CLI::App &batch)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb =
        program.add_verb(batch, "plan", "What a run would do: formats, sizes, the space it needs; nothing is written",
                         "  imgport batch plan disks/\n"
                         "  imgport batch plan jobs.csv --output out --format json\n",
                         [&program, options] { return run_plan(program, *options); });
    verb.add_option("JOBS", options->sources, "Folders, patterns, lists (.txt, .list, .toml, .csv) or images")
        ->required();
    verb.add_option("--output", options->directory, "The folder of the run: what is finished there is shown as such")
        ->type_name("DIR");
    add_format(verb, options->format);
    verb.add_option("--jobs", options->jobs, "How many images at once (default: as the machine allows)");
    add_batch_defaults(verb, options->defaults);
}

}  // namespace imgport::cli
