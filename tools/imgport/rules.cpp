// imgport rules: the catalogue.
#include <imgport/report.hpp>

#include <fmt/format.h>

#include "options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::string format = "text";
    std::string profile = "alibaba";
    bool profiles = false;
};

int run_rules(const Options &options)
{
    auto const profile = load_profile(options.profile);
    if (!profile)
        return print_error(profile.error());
    std::string text;
    if (options.profiles) {
        for (auto const &name : profile_names()) {
            auto const known = load_profile(name);
            text += fmt::format("{:<14} {} ({})\n", name, known ? known->title : "", known ? known->date : "");
        }
    } else {
        text = options.format == "json" ? rules_json() : rules_text(*profile);
    }
    return print(text) ? 0 : exit_code(ErrorCode::environment);
}

}  // namespace

void add_rules(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb("rules", "Lists the rules, or the profiles",
                                      "  imgport rules --profile alibaba-2026\n"
                                      "  imgport rules --format json | jq -r '.rules[].id'\n",
                                      [options] { return run_rules(*options); });
    add_format(verb, options->format);
    verb.add_option("--profile", options->profile, "Whose severities to show")->capture_default_str();
    verb.add_flag("--profiles", options->profiles, "List the profiles instead");
}

}  // namespace imgport::cli
