// What can be typed: the verbs with their options, as plain data for completions and manual pages. It is read off the
// parser, so it cannot disagree with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli.hpp"

namespace imgport::cli {

// The value of an option that takes a number.
inline constexpr std::string_view number = "N";

struct OptionText {
    std::vector<std::string> names;         // "-q", "--quiet"; one name without dashes for a positional argument
    std::string value = {};                 // "FILE", "auto|none|json"; empty: a flag
    std::vector<std::string> choices = {};  // where only these are valid, or likely
    std::string initial = {};               // the default, where there is one
    std::string what = {};
    std::string group = {};  // "Import parameters"; empty for the usual one
    bool required = false;
    bool repeatable = false;
};

struct VerbText {
    std::string name;
    std::string what;
    std::vector<OptionText> positionals = {};
    std::vector<OptionText> options = {};
    std::string footer = {};
    std::vector<VerbText> verbs = {};  // below this one; their names begin with its name and a blank
};

struct CommandLineText {
    VerbText program;  // its options go with every verb
    std::vector<VerbText> verbs = {};
};

CommandLineText describe_command_line(const CLI::App &app);

// With those below them, each after the one it belongs to.
std::vector<VerbText> flattened(const std::vector<VerbText> &verbs);

}  // namespace imgport::cli
