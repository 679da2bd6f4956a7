// The catalogue for people: `imgport rules` and `imgport explain`.
#include <imgport/report.hpp>

#include <fmt/format.h>

#include "report/style.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

std::string severities_of(const RuleInfo &rule, const Profile &profile)
{
    if (!has_rule(profile, rule.id))
        return "not in this profile";
    std::vector<std::string> words;
    for (auto const &[condition, grade] : grades_of(profile, rule.id))
        words.push_back(condition.empty() ? grade : fmt::format("{} ({})", grade, condition));
    return join(words, ", ");
}

}  // namespace

std::string rules_text(const Profile &profile)
{
    std::string out;
    std::string group;
    for (auto const &rule : rule_catalogue()) {
        if (!has_rule(profile, rule.id))
            continue;
        if (rule.group != group) {
            group = rule.group;
            out += fmt::format("{}{}\n", out.empty() ? "" : "\n", group);
        }
        out +=
            fmt::format("  {:<22} {:<14} {}\n", rule.id, split(severities_of(rule, profile), ' ').front(), rule.title);
    }
    return out;
}

std::string explain_text(const RuleInfo &rule, const Profile &profile, Color color)
{
    auto const section = [&](std::string_view name, std::string_view text) {
        return text.empty() ? std::string()
                            : fmt::format("\n{}\n  {}\n", styled(name, Style::bold, color), folded(text, 2));
    };
    return fmt::format("{}  {}\n", styled(rule.id, Style::bold, color), rule.title) +
           section("Severity under " + profile.name, severities_of(rule, profile)) + section("Why", rule.why) +
           section("How to mend it", rule.fix) + section("Source", rule.source);
}

}  // namespace imgport
