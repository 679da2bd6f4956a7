// imgport batch status and imgport batch cancel.
#include <chrono>
#include <thread>

#include "batch.hpp"
#include "options.hpp"
#include "report_files.hpp"

namespace imgport::cli {
namespace {

struct StatusOptions {
    std::string directory;
    std::string format = "text";
    std::vector<std::string> reports;
};

int run_status(Program &program, const StatusOptions &options)
{
    auto const status = batch_status(options.directory);
    if (!status)
        return print_error(status.error());
    TextOptions const text{.color = program.color(), .verbose = program.globals().verbose};
    int code = 0;
    if (!options.reports.empty()) {
        auto const report = batch_report(options.directory);
        if (!report)
            return print_error(report.error());
        code = write_reports(*report, text, options.reports);
    }
    std::string const out = options.format == "json" ? batch_status_json(*status) : batch_status_text(*status, text);
    return print(out) ? code : exit_code(ErrorCode::environment);
}

struct CancelOptions {
    std::string directory;
    bool finish_running = false;
};

int run_cancel(Program &program, const CancelOptions &options)
{
    auto const told = cancel_batch(options.directory, options.finish_running);
    if (!told)
        return print_error(told.error());
    if (!*told) {
        program.progress().note("no run is under way there");
        return 0;
    }
    while (batch_active(options.directory) && !interrupted())
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return 0;
}

}  // namespace

void add_batch_status(Program &program, CLI::App &batch)
{
    auto const options = std::make_shared<StatusOptions>();
    CLI::App &verb = program.add_verb(batch, "status", "How far a batch is",
                                      "  imgport batch status out\n"
                                      "  imgport batch status out --format json --report html=summary.html\n",
                                      [&program, options] { return run_status(program, *options); });
    verb.add_option("DIR", options->directory, "The folder of the run")->required();
    add_format(verb, options->format);
    add_report_files(verb, options->reports);
}

void add_batch_cancel(Program &program, CLI::App &batch)
{
    auto const options = std::make_shared<CancelOptions>();
    CLI::App &verb = program.add_verb(batch, "cancel", "Stops the run in a folder; batch run goes on with it later",
                                      "  imgport batch cancel out\n"
                                      "  imgport batch cancel out --finish-running\n",
                                      [&program, options] { return run_cancel(program, *options); });
    verb.add_option("DIR", options->directory, "The folder of the run")->required();
    verb.add_flag("--finish-running", options->finish_running, "Let the images that are under way be finished");
}

}  // namespace imgport::cli
