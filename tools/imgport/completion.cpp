// imgport completion: what a shell needs to complete imgport's verbs, options and values.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command_line.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

// A description inside '...' for a shell.
std::string quoted(const std::string &text)
{
    return "'" + replaced(text.substr(0, text.find('\n')), "'", "'\\''") + "'";
}

std::vector<OptionText> all_options(const CommandLineText &line, const VerbText &verb)
{
    auto options = verb.options;
    for (auto const &option : line.program.options) {
        bool const known = std::any_of(options.begin(), options.end(),
                                       [&](auto const &other) { return other.names.back() == option.names.back(); });
        if (!known && option.names.back() != "--version")
            options.push_back(option);
    }
    return options;
}

// Files complete where nothing better is known.
std::string bash_values(const OptionText &option)
{
    if (!option.choices.empty())
        return fmt::format("compgen -W '{}' -- \"$word\"", fmt::join(option.choices, " "));
    if (option.value == number)
        return ":";
    return option.value == "DIR" ? "compgen -d -- \"$word\"" : "compgen -f -- \"$word\"";
}

std::string bash(const CommandLineText &line)
{
    std::string verbs;
    std::string cases;
    std::string deeper;
    for (auto const &verb : line.verbs)
        verbs += (verbs.empty() ? "" : " ") + verb.name;
    for (auto const &verb : flattened(line.verbs)) {
        if (!verb.verbs.empty())
            deeper += fmt::format("    {}) case ${{COMP_WORDS[i + 1]-}} in {}) ((i + 1 < COMP_CWORD)) && "
                                  "verb+=\" ${{COMP_WORDS[i + 1]}}\" ;; esac ;;\n",
                                  verb.name, fmt::join(verb.positionals.back().choices, "|"));
        std::string names;
        std::string values;
        for (auto const &option : all_options(line, verb)) {
            for (auto const &name : option.names)
                names += (names.empty() ? "" : " ") + name;
            if (!option.value.empty())
                values += fmt::format("        {}) mapfile -t COMPREPLY < <({}); return ;;\n",
                                      fmt::join(option.names, "|"), bash_values(option));
        }
        std::string const rest = verb.positionals.empty() ? ":" : bash_values(verb.positionals.front());
        cases += fmt::format("    {}){}\n      case $before in\n{}      esac\n"
                             "      if [[ $word == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\")\n"
                             "      else mapfile -t COMPREPLY < <({}); fi ;;\n",
                             quoted(verb.name), "", values, names, rest);
    }
    return fmt::format("# bash completion for imgport\n"
                       "_imgport() {{\n"
                       "  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} verb= i\n"
                       "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                       "    case ${{COMP_WORDS[i]}} in {}) verb=${{COMP_WORDS[i]}}; break ;; esac\n"
                       "  done\n"
                       "  case $verb in\n"
                       "{}"
                       "  esac\n"
                       "  COMPREPLY=()\n"
                       "  case $verb in\n"
                       "    '') mapfile -t COMPREPLY < <(compgen -W '{} --help --version' -- \"$word\") ;;\n"
                       "{}"
                       "  esac\n"
                       "}}\n"
                       "complete -o filenames -F _imgport imgport\n",
                       replaced(verbs, " ", "|"), deeper, verbs, cases);
}

std::string zsh_action(const OptionText &option)
{
    if (!option.choices.empty())
        return fmt::format("({})", fmt::join(option.choices, " "));
    return option.value == "DIR" ? "_files -/" : "_files";
}

// A colon or a bracket has a meaning in a specification of _arguments.
std::string zsh_text(const std::string &text)
{
    std::string const first = text.substr(0, text.find('\n'));
    return replaced(replaced(replaced(replaced(first, "'", "'\\''"), "[", "\\["), "]", "\\]"), ":", "\\:");
}

std::string zsh(const CommandLineText &line)
{
    std::string verbs;
    std::string cases;
    std::string deeper;
    for (auto const &verb : line.verbs)
        verbs += fmt::format("    '{}:{}'\n", verb.name, zsh_text(verb.what));
    for (auto const &verb : flattened(line.verbs)) {
        if (!verb.verbs.empty())
            deeper += fmt::format("    {0}) if (( CURRENT > 2 )); then verb=\"{0} $words[2]\"; shift words; "
                                  "(( CURRENT-- )); fi ;;\n",
                                  verb.name);
        std::string arguments;
        for (auto const &option : all_options(line, verb)) {
            for (auto const &name : option.names) {
                std::string const value = option.value.empty() ? "" : fmt::format(":value:{}", zsh_action(option));
                arguments += fmt::format(" \\\n        '{}{}[{}]{}'", option.repeatable ? "*" : "", name,
                                         zsh_text(option.what), value);
            }
        }
        for (auto const &positional : verb.positionals)
            arguments += fmt::format(" \\\n        '{}:{}:{}'", positional.repeatable ? "*" : "",
                                     positional.names.front(), zsh_action(positional));
        cases += fmt::format("    {}) _arguments -s{} ;;\n", quoted(verb.name), arguments);
    }
    return fmt::format("#compdef imgport\n"
                       "_imgport() {{\n"
                       "  local -a verbs\n"
                       "  verbs=(\n{}  )\n"
                       "  if (( CURRENT == 2 )); then _describe -t commands 'imgport verb' verbs; return; fi\n"
                       "  local verb=$words[2]\n"
                       "  shift words; (( CURRENT-- ))\n"
                       "  case $verb in\n{}  esac\n"
                       "  case $verb in\n{}  esac\n"
                       "}}\n"
                       "_imgport \"$@\"\n",
                       verbs, deeper, cases);
}

std::string fish(const CommandLineText &line)
{
    std::string out = "# fish completion for imgport\n";
    std::string names;
    for (auto const &verb : line.verbs)
        names += " " + verb.name;
    for (auto const &verb : line.verbs)
        out += fmt::format("complete -c imgport -n 'not __fish_seen_subcommand_from{}' -f -a {} -d {}\n", names,
                           verb.name, quoted(verb.what));
    for (auto const &verb : flattened(line.verbs)) {
        std::string const seen = fmt::format("complete -c imgport -n '__fish_seen_subcommand_from {}'",
                                             replaced(verb.name, " ", "; and __fish_seen_subcommand_from "));
        for (auto const &option : all_options(line, verb)) {
            out += seen;
            for (auto const &name : option.names)
                out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            if (!option.choices.empty())
                out += fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
            else if (!option.value.empty())
                out += " -r";
            out += fmt::format(" -d {}\n", quoted(option.what));
        }
        for (auto const &positional : verb.positionals) {
            if (!positional.choices.empty())
                out += fmt::format("{} -f -a '{}'\n", seen, fmt::join(positional.choices, " "));
        }
    }
    return out;
}

}  // namespace

void add_completion(Program &program)
{
    auto const shell = std::make_shared<std::string>();
    CLI::App &verb = program.add_verb(
        "completion", "Prints what a shell needs to complete imgport's commands",
        "  source <(imgport completion bash)\n"
        "  imgport completion zsh > \"${fpath[1]}/_imgport\"\n"
        "  imgport completion fish > ~/.config/fish/completions/imgport.fish\n",
        [&program, shell] {
            auto const line = describe_command_line(program.app());
            std::string const text = *shell == "bash" ? bash(line) : *shell == "zsh" ? zsh(line) : fish(line);
            return print(text) ? 0 : exit_code(ErrorCode::environment);
        });
    add_choice(verb, "SHELL", *shell, {"bash", "zsh", "fish"}, "Which shell")->required();
}

}  // namespace imgport::cli
