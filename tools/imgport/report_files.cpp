#include "report_files.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <imgport/spelling.hpp>

namespace imgport::cli {
namespace {

struct Target {
    std::string format;
    std::string file;
};

Target target_of(const std::string &given)
{
    auto const equals = given.find('=');
    if (equals == std::string::npos)
        return {given, {}};
    return {given.substr(0, equals), given.substr(equals + 1)};
}

// Empty where it is well said.
std::string wrong_target(const std::string &given)
{
    auto const [format, file] = target_of(given);
    if (!report_format_from_string(format)) {
        std::string const near = nearest(format, report_format_names());
        return fmt::format("{} is not one of {}{}", format.empty() ? "\"\"" : format,
                           fmt::join(report_format_names(), ", "),
                           near.empty() ? std::string() : fmt::format("; did you mean {}?", near));
    }
    if (file.empty())
        return fmt::format("{} is not of the form FORMAT=FILE", given);
    return {};
}

}  // namespace

void add_report_options(CLI::App &verb, std::string &format, std::vector<std::string> &reports)
{
    add_choice(verb, "--format", format, report_format_names(), "How the result is printed");
    add_report_files(verb, reports);
}

void add_report_files(CLI::App &verb, std::vector<std::string> &reports)
{
    verb.add_option("--report", reports,
                    fmt::format("Write the report to a file as well; may be repeated. FORMAT is one of {}",
                                fmt::join(report_format_names(), ", ")))
        ->type_name("FORMAT=FILE")
        ->allow_extra_args(false)
        ->check(wrong_target);
}

Result<void> check_report_files(const std::vector<std::string> &reports, const std::vector<std::string> &images)
{
    for (auto const &given : reports) {
        auto const file = target_of(given).file;
        for (auto const &image : images) {
            std::error_code missing;  // a file that is not there is no image
            if (std::filesystem::equivalent(file, image, missing))
                return fail({ErrorCode::usage, "is the image itself; a report may not replace it", file});
        }
        auto const named = [&](const std::string &other) { return target_of(other).file == file; };
        if (std::count_if(reports.begin(), reports.end(), named) > 1)
            return fail({ErrorCode::usage, "is named for two reports", file});
    }
    return {};
}

int write_reports(const Report &report, const TextOptions &options, const std::vector<std::string> &reports)
{
    int code = 0;
    for (auto const &given : reports) {
        auto const [name, file] = target_of(given);
        auto const written = write_report(report, *report_format_from_string(name), options, file);
        if (!written) {
            print_error(written.error());
            code = exit_code(ErrorCode::environment);
        }
    }
    return code;
}

int deliver(const Report &report, const TextOptions &options, const std::string &format,
            const std::vector<std::string> &reports, const std::string &more)
{
    int code = write_reports(report, options, reports);
    if (!print(render_report(report, *report_format_from_string(format), options) + more))
        code = exit_code(ErrorCode::environment);
    return code;
}

}  // namespace imgport::cli
