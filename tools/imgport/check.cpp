// imgport check: the linter.
#include <imgport/lint.hpp>

#include <fmt/format.h>

#include "options.hpp"
#include "report_files.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::vector<std::string> images;
    std::string format = "text";
    std::vector<std::string> reports;
    unsigned jobs = 1;
    bool jobs_given = false;
    CheckOptions check;
};

int run_check(Program &program, const Options &options)
{
    auto const config = check_config(options.check);
    if (!config)
        return print_error(config.error());
    auto const lint_with = lint_options(options.check, *config, program.globals());
    if (!lint_with)
        return print_error(lint_with.error());
    if (auto good = check_report_files(options.reports, options.images); !good)
        return print_error(good.error());
    unsigned const jobs = options.jobs_given ? options.jobs : config->jobs.value_or(options.jobs);
    auto results = lint_all(options.images, *lint_with, jobs, program.progress());

    Report report;
    TextOptions text{.color = program.color(), .verbose = program.globals().verbose, .verdict = lint_with->verdict};
    std::vector<int> codes;
    for (auto &result : results) {
        codes.push_back(result.exit_code);
        report.images.push_back(std::move(result.entry));
        text.other_profile.push_back(std::move(result.comparison));
    }
    note_idle_waivers(config->waivers, report, program.progress());
    codes.push_back(deliver(report, text, options.format, options.reports));
    return worst_exit_code(codes);
}

}  // namespace

void add_check(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb("check", "Checks images against a target's import rules",
                                      "  imgport check disk.qcow2\n"
                                      "  imgport check --profile alibaba-2026 --fail-on feature --format json *.vhd\n"
                                      "  imgport check --report sarif=out.sarif --report html=out.html disk.qcow2\n"
                                      "  imgport check --profile alibaba-2026 --profile ./ours.toml disk.qcow2\n"
                                      "  imgport check --baseline last-week.json disk.qcow2\n"
                                      "  imgport check --role data data-disk.raw\n"
                                      "  imgport check disk.vmdk --allow-extent disk-flat.vmdk\n",
                                      [&program, options] { return run_check(program, *options); });
    add_images(verb, options->images);
    add_report_options(verb, options->format, options->reports);
    verb.add_option("--jobs", options->jobs, "How many images at once")
        ->capture_default_str()
        ->each([options](const std::string &) { options->jobs_given = true; });
    add_check_options(verb, options->check);
}

}  // namespace imgport::cli
