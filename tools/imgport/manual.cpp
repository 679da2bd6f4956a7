// imgport manual: the manual pages, in the man(7) language. The build runs it, `cmake --install` installs them.
#include <algorithm>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <imgport/version.hpp>

#include "command_line.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

// Plain text for roff: what it would take for a command or an escape is protected.
std::string roff(std::string_view text)
{
    std::string out;
    bool line_start = true;
    for (char const c : text) {
        if (line_start && (c == '.' || c == '\''))
            out += "\\&";
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
        line_start = c == '\n';
    }
    return out;
}

// A description on one line.
std::string one_line(std::string_view text)
{
    std::string out(text);
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
}

std::string heading(const std::string &page, std::string_view what)
{
    return fmt::format(".TH {} 1 \"\" \"imgport {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n", page, version(),
                       roff(page), roff(one_line(what)));
}

std::string paragraph(const OptionText &option)
{
    std::string names;
    for (auto const &name : option.names)
        names += fmt::format("{}\\fB{}\\fR", names.empty() ? "" : ", ", roff(name));
    std::string out = fmt::format(".TP\n{}", names);
    if (!option.value.empty() && option.names.front().starts_with("-"))
        out += fmt::format(" \\fI{}\\fR", roff(option.value));
    out += fmt::format("\n{}.", roff(one_line(option.what)));
    if (!option.initial.empty())
        out += fmt::format(" Default: {}.", roff(option.initial));
    return out + "\n";
}

std::string paragraphs(const std::vector<OptionText> &options)
{
    std::string out;
    std::string group;
    for (auto const &option : options) {
        if (option.group != group) {
            group = option.group;
            out += fmt::format(".SS {}\n", roff(group));
        }
        out += paragraph(option);
    }
    return out;
}

// "Examples:\n  imgport ...": as it stands.
std::string verbatim(const std::string &title, std::string_view text)
{
    return fmt::format(".SH {}\n.nf\n{}\n.fi\n", title, roff(text));
}

// "imgport-batch-run"
std::string page_name(const std::string &verb)
{
    std::string name = verb.empty() ? "imgport" : "imgport-" + verb;
    std::replace(name.begin(), name.end(), ' ', '-');
    return name;
}

std::string page_of_verb(const VerbText &verb)
{
    std::string usage = fmt::format("\\fBimgport {}\\fR [\\fIOPTION\\fR...]", verb.name);
    for (auto const &positional : verb.positionals) {
        std::string const name =
            fmt::format("\\fI{}\\fR{}", positional.names.front(), positional.repeatable ? "..." : "");
        usage += positional.required ? " " + name : " [" + name + "]";
    }
    std::string const marker = "Examples:\n";
    std::string const examples = verb.footer.starts_with(marker) ? verb.footer.substr(marker.size()) : verb.footer;
    return heading(page_name(verb.name), verb.what) + ".SH SYNOPSIS\n" + usage + "\n.SH OPTIONS\n" +
           paragraphs(verb.positionals) + paragraphs(verb.options) + verbatim("EXAMPLES", examples) +
           ".SH SEE ALSO\n\\fBimgport\\fR(1)\n";
}

std::string page_of_program(const CommandLineText &line)
{
    std::string out = heading("imgport", "makes disk images ready for a cloud") +
                      ".SH SYNOPSIS\n\\fBimgport\\fR \\fIVERB\\fR [\\fIOPTION\\fR...]\n.SH DESCRIPTION\n" +
                      roff(one_line(line.program.what)) + "\n.SH VERBS\n";
    std::string also;
    for (auto const &verb : flattened(line.verbs)) {
        out += fmt::format(".TP\n\\fB{}\\fR\n{}.\n", roff(verb.name), roff(one_line(verb.what)));
        also += fmt::format("{}\\fB{}\\fR(1)", also.empty() ? "" : ",\n", roff(page_name(verb.name)));
    }
    return out + ".SH OPTIONS\nThese go with every verb.\n" + paragraphs(line.program.options) + ".SH EXIT STATUS\n" +
           roff(one_line(line.program.footer)) + "\n.SH SEE ALSO\n" + also + "\n";
}

// "" for imgport itself; nullopt where there is no such verb.
std::optional<std::string> page_of(const CommandLineText &line, const std::string &name)
{
    if (name.empty())
        return page_of_program(line);
    for (auto const &verb : flattened(line.verbs)) {
        if (verb.name == name)
            return page_of_verb(verb);
    }
    return std::nullopt;
}

int write_all(const CommandLineText &line, const std::string &folder)
{
    std::vector<std::string> names{""};
    for (auto const &verb : flattened(line.verbs))
        names.push_back(verb.name);
    for (auto const &name : names) {
        std::string const path = fmt::format("{}/{}.1", folder, page_name(name));
        std::ofstream file(path);
        if (!(file << *page_of(line, name) << std::flush)) {
            print_error(path + " cannot be written");
            return exit_code(ErrorCode::environment);
        }
    }
    return 0;
}

struct Options {
    std::string verb;
    std::string folder;
};

int run_manual(const Program &program, const Options &options)
{
    auto const line = describe_command_line(program.app());
    if (!options.folder.empty())
        return write_all(line, options.folder);
    auto const page = page_of(line, options.verb);
    if (!page) {
        print_error("there is no verb " + options.verb);
        return exit_code(ErrorCode::usage);
    }
    return print(*page) ? 0 : exit_code(ErrorCode::environment);
}

}  // namespace

void add_manual(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb("manual", "Prints a manual page", "  imgport manual check | man -l -\n",
                                      [&program, options] { return run_manual(program, *options); });
    verb.add_option("VERB", options->verb, "Whose page; without it, the one of imgport itself");
    verb.add_option("--all", options->folder, "Write every page into this folder instead")->type_name("DIR");
}

}  // namespace imgport::cli
