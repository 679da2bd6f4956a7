// --report FORMAT=FILE: the same report in several forms beside the one on standard output.
#pragma once

#include <string>
#include <vector>

#include "cli.hpp"

namespace imgport::cli {

// --format with every form of the report, and --report, which may be repeated.
void add_report_options(CLI::App &verb, std::string &format, std::vector<std::string> &reports);

// --report alone.
void add_report_files(CLI::App &verb, std::vector<std::string> &reports);

// No report may replace an image or another report.
Result<void> check_report_files(const std::vector<std::string> &reports, const std::vector<std::string> &images);

// Writes the files, each whole or not at all; one of an earlier run is replaced. One that cannot be written does not
// keep the others from being written. The exit code: 0, or 4 where something could not be written.
int write_reports(const Report &report, const TextOptions &options, const std::vector<std::string> &reports);
// Prints it besides.
int deliver(const Report &report, const TextOptions &options, const std::string &format,
            const std::vector<std::string> &reports, const std::string &more = {});

}  // namespace imgport::cli
