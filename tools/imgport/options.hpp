// Groups of options that several verbs share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <imgport/convert.hpp>
#include <imgport/lint.hpp>

#include "cli.hpp"

namespace imgport::cli {

// --allow-backing, --allow-extent, --remote-sudo.
void add_allowed(CLI::App &verb, AllowedFiles &allowed);

// --format text|json
void add_format(CLI::App &verb, std::string &format);

// --profile, --role, --fail-on, --allow-unknown, the import parameters: what a check needs.
struct CheckOptions {
    std::vector<std::string> profiles = {};  // none: imgport.toml's, else "alibaba"
    std::string role = "system";
    std::string fail_on = "unreachable";
    bool fail_on_given = false;
    std::string config = {};  // empty: imgport.toml in the current folder, where there is one
    bool no_config = false;
    std::string baseline = {};
    bool allow_unknown = false;
    std::vector<std::string> tags = {};
    ImportRequest request = {};
    AllowedFiles allowed = {};
    std::uint64_t max_unpacked = 0;
    std::string inspector = "auto";
};
void add_check_options(CLI::App &verb, CheckOptions &options);
void add_max_unpacked(CLI::App &verb, std::uint64_t &bytes);
// --inspector auto|native|appliance
void add_inspector(CLI::App &verb, std::string &inspector);
// imgport.toml, or what --config names; nothing where there is none.
Result<Config> check_config(const CheckOptions &options);
// The command line wins over `config`.
Result<LintOptions> lint_options(const CheckOptions &options, const Config &config, const Globals &globals);
// A note for each waiver that speaks of these images and matches nothing that was found.
void note_idle_waivers(const std::vector<Waiver> &waivers, const Report &report, ProgressSink &progress);

// How the output is made.
struct OutputOptions {
    std::string to = {};
    std::string compression;
    std::string vhd_type = "dynamic";
    std::string preallocation = "none";
    std::string verify;
    std::string engine = "auto";
    std::string grow = {};
    std::vector<std::string> drop = {};
    bool overwrite = false;
};
void add_output_options(CLI::App &verb, OutputOptions &options);
Result<ConvertOptions> convert_options(const OutputOptions &options, const Globals &globals);

}  // namespace imgport::cli
