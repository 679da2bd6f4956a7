#include "command_line.hpp"

#include <imgport/check.hpp>
#include <imgport/profile.hpp>

namespace imgport::cli {
namespace {

std::vector<std::string> words_between_bars(const std::string &text)
{
    std::vector<std::string> words;
    std::size_t start = 0;
    for (std::size_t bar = text.find('|'); bar != std::string::npos; bar = text.find('|', start)) {
        words.push_back(text.substr(start, bar - start));
        start = bar + 1;
    }
    if (start > 0)
        words.push_back(text.substr(start));
    return words;
}

std::vector<std::string> choices_of(const std::string &name, const std::string &value)
{
    if (name == "--profile")
        return profile_names();
    if (name == "RULE") {
        std::vector<std::string> ids;
        for (auto const &rule : rule_catalogue())
            ids.push_back(rule.id);
        return ids;
    }
    return words_between_bars(value);
}

// "SIZE:SIZE [b, kb(=1024b), ...]" is CLI11's way to say SIZE.
std::string value_name(const CLI::Option &option)
{
    std::string const name = option.get_type_name();
    if (name == "UINT")
        return std::string(number);
    return name == "TEXT" ? "VALUE" : name.substr(0, name.find(':'));
}

OptionText text_of(const CLI::Option &option)
{
    OptionText text;
    for (auto const &name : option.get_snames())
        text.names.push_back("-" + name);
    for (auto const &name : option.get_lnames())
        text.names.push_back("--" + name);
    if (text.names.empty())
        text.names.push_back(option.get_single_name());
    if (option.get_items_expected_max() > 0)
        text.value = value_name(option);
    text.choices = choices_of(text.names.back(), text.value);
    text.initial = option.get_default_str();
    text.what = option.get_description();
    text.group = option.get_group() == "Options" ? "" : option.get_group();
    text.required = option.get_required();
    text.repeatable = option.get_expected_max() > 1;
    return text;
}

VerbText text_of(const CLI::App &app, const std::string &prefix = {})
{
    VerbText verb;
    verb.name = prefix + app.get_name();
    verb.what = app.get_description();
    verb.footer = app.get_footer();
    for (const CLI::Option *option : app.get_options()) {
        if (!option->get_group().empty())
            (option->get_positional() ? verb.positionals : verb.options).push_back(text_of(*option));
    }
    if (app.get_parent() == nullptr)
        return verb;
    OptionText below{.names = {"VERB"}, .what = "One of its verbs", .required = true};
    for (const CLI::App *const child : app.get_subcommands([](const CLI::App *) { return true; })) {
        verb.verbs.push_back(text_of(*child, verb.name + " "));
        below.choices.push_back(child->get_name());
    }
    if (!verb.verbs.empty())
        verb.positionals.push_back(std::move(below));
    return verb;
}

}  // namespace

CommandLineText describe_command_line(const CLI::App &app)
{
    CommandLineText text{text_of(app)};
    for (const CLI::App *verb : app.get_subcommands({})) {
        if (!verb->get_group().empty())
            text.verbs.push_back(text_of(*verb));
    }
    return text;
}

std::vector<VerbText> flattened(const std::vector<VerbText> &verbs)
{
    std::vector<VerbText> all;
    for (auto const &verb : verbs) {
        all.push_back(verb);
        auto const below = flattened(verb.verbs);
        all.insert(all.end(), below.begin(), below.end());
    }
    return all;
}

}  // namespace imgport::cli
