// imgport explain: what one rule wants, why, and how to mend it by hand.
#include <imgport/report.hpp>
#include <imgport/spelling.hpp>

#include <fmt/format.h>

#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::string rule;
    std::string profile = "alibaba";
};

int run_explain(Program &program, const Options &options)
{
    auto const profile = load_profile(options.profile);
    if (!profile)
        return print_error(profile.error());
    const RuleInfo *const rule = find_rule(options.rule);
    if (rule == nullptr) {
        std::vector<std::string> ids;
        for (auto const &known : rule_catalogue())
            ids.push_back(known.id);
        std::string const near = nearest(options.rule, ids);
        return print_error({ErrorCode::usage,
                            fmt::format("there is no rule {}", options.rule),
                            {},
                            {},
                            {},
                            near.empty() ? "imgport rules lists them" : fmt::format("did you mean {}?", near)});
    }
    return print(explain_text(*rule, *profile, program.color())) ? 0 : exit_code(ErrorCode::environment);
}

}  // namespace

void add_explain(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb("explain", "What one rule wants, why, and how to mend it by hand",
                                      "  imgport explain virtio-initramfs\n",
                                      [&program, options] { return run_explain(program, *options); });
    verb.add_option("RULE", options->rule, "The rule's id")->required();
    verb.add_option("--profile", options->profile, "Whose severity to tell")->capture_default_str();
}

}  // namespace imgport::cli
