#include "cli.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include <imgport/remote_source.hpp>
#include <imgport/spelling.hpp>
#include <imgport/version.hpp>

#include "progress.hpp"

namespace imgport::cli {
namespace {

constexpr int usage_exit = 2;

std::vector<std::string> option_names(const CLI::App &app)
{
    std::vector<std::string> names;
    for (const CLI::Option *option : app.get_options()) {
        for (auto const &name : option->get_lnames())
            names.push_back("--" + name);
    }
    return names;
}

}  // namespace

Program::Program()
    : m_app("Makes disk images ready for a cloud: probes them, looks at the guest inside, checks them\n"
            "against the target's import rules, converts, verifies and hands them over.")
{
    m_app.name("imgport");
    m_app.set_version_flag("--version", std::string("imgport ") + version());
    m_app.require_subcommand(1);
    m_app.fallthrough();
    m_app.get_formatter()->column_width(36);
    m_app.add_flag("-q,--quiet", m_globals.quiet, "Nothing on standard error but errors");
    m_app.add_flag("-v,--verbose", m_globals.verbose, "Everything, the rules that passed included");
    add_choice(m_app, "--color", m_globals.color, {"auto", "always", "never"},
               "Colours in text (NO_COLOR is respected)");
    add_choice(m_app, "--progress", m_globals.progress, {"auto", "none", "json"},
               "How far the work is: a bar or lines, nothing, or JSON lines on standard error");
    m_app.add_option("--threads", m_globals.threads, "How many threads to use (default: one per core)");
    m_app.add_option("--temp-dir", m_globals.temp_dir, "Where large temporary files go (default: TMPDIR or /var/tmp)");
    m_app.footer(
        "imgport VERB --help tells more, with examples.\n"
        "Exit codes: 0 good, 1 findings, 2 wrong usage, 3 bad or unsafe input, 4 the machine or a remote side\n"
        "failed, 5 the output did not verify, 130 interrupted.");
}

Color Program::color() const
{
    if (m_globals.color != "auto")
        return m_globals.color == "always" ? Color::yes : Color::no;
    const char *const no_color = std::getenv("NO_COLOR");
    bool const wanted = no_color == nullptr || *no_color == '\0';
    return wanted && ::isatty(STDOUT_FILENO) == 1 ? Color::yes : Color::no;
}

ProgressSink &Program::progress()
{
    if (!m_progress)
        m_progress = make_progress(m_globals);
    return *m_progress;
}

CLI::App &Program::add_verb(const std::string &name, const std::string &what, const std::string &examples,
                            std::function<int()> run)
{
    return add_verb(m_app, name, what, examples, std::move(run));
}

CLI::App &Program::add_verb(CLI::App &parent, const std::string &name, const std::string &what,
                            const std::string &examples, std::function<int()> run)
{
    CLI::App &verb = *parent.add_subcommand(name, what);
    verb.footer("Examples:\n" + examples);
    verb.callback([this, run = std::move(run)] { m_chosen = run; });
    return verb;
}

CLI::App &Program::add_parent_verb(const std::string &name, const std::string &what, const std::string &examples)
{
    CLI::App &verb = *m_app.add_subcommand(name, what);
    verb.footer("Examples:\n" + examples);
    verb.require_subcommand(1);
    return verb;
}

int Program::run(int argc, char **argv)
{
    try {
        m_app.parse(argc, argv);
    } catch (const CLI::Success &success) {  // --help, --version
        return m_app.exit(success);
    } catch (const CLI::ParseError &error) {
        return report_usage(error, argc, argv);
    }
    int const code = m_chosen ? m_chosen() : usage_exit;
    return interrupted() ? exit_code(ErrorCode::interrupted) : code;
}

// CLI11 says what it did not expect; we say what was probably meant.
int Program::report_usage(const CLI::ParseError &error, int argc, char **argv)
{
    // "batch", "run": the verbs that were understood, from the outside in; then those that could come next.
    std::vector<const CLI::App *> chosen;
    const CLI::App *last = &m_app;
    for (auto next = m_app.get_subcommands(); !next.empty(); next = last->get_subcommands())
        chosen.push_back(last = next.front());
    std::vector<std::string> verbs;
    for (const CLI::App *verb : last->get_subcommands([](const CLI::App *) { return true; }))
        verbs.push_back(verb->get_name());
    std::string hint;
    auto const meant = [](const std::string &word, const std::vector<std::string> &words) {
        std::string const near = nearest(word, words);
        return near == word ? std::string() : near;
    };
    for (int i = 1; i < argc && hint.empty(); ++i) {
        std::string const word = argv[i];
        if (word.starts_with("--")) {
            auto names = option_names(m_app);
            for (const CLI::App *verb : chosen) {
                auto const more = option_names(*verb);
                names.insert(names.end(), more.begin(), more.end());
            }
            hint = meant(word.substr(0, word.find('=')), names);
        } else if (!verbs.empty() && !word.starts_with("-") && (chosen.empty() || word != chosen.back()->get_name())) {
            hint = meant(word, verbs);
        }
    }
    print_error(error.what() + (hint.empty() ? std::string() : fmt::format("\ndid you mean {}?", hint)));
    std::string verb;
    for (const CLI::App *const one : chosen)
        verb += one->get_name() + " ";
    fmt::print(stderr, "imgport {}--help tells how it is used\n", verb);
    return usage_exit;
}

bool print(std::string_view text)
{
    bool const written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (!written)
        print_error("standard output cannot be written");
    return written;
}

void print_error(std::string_view message)
{
    fmt::print(stderr, "imgport: {}\n", message);
}

int print_error(const Error &error)
{
    print_error(describe(error));
    return exit_code(error.code);
}

CLI::Option *add_choice(CLI::App &verb, const std::string &name, std::string &value,
                        const std::vector<std::string> &choices, const std::string &what)
{
    CLI::Option *const option = verb.add_option(name, value, what);
    option->capture_default_str();
    option->type_name(fmt::format("{}", fmt::join(choices, "|")));
    option->check([name, choices](const std::string &given) {
        for (auto const &choice : choices) {
            if (given == choice)
                return std::string();
        }
        std::string const near = nearest(given, choices);
        return fmt::format("{} is not one of {}{}", given, fmt::join(choices, ", "),
                           near.empty() ? std::string() : fmt::format("; did you mean {}?", near));
    });
    return option;
}

std::string is_no_image(const std::string &image)
{
    if (image == "-")
        return "\"-\" is not a disk image: imgport needs a file it can read at any place";
    auto const good = check_source_address(image);
    return good ? std::string() : describe(good.error());
}

void add_images(CLI::App &verb, std::vector<std::string> &images)
{
    verb.add_option("IMAGE", images, "Disk images, block devices, or ssh://[USER@]HOST[:PORT]/PATH")
        ->required()
        ->check(is_no_image);
}

void add_image(CLI::App &verb, const std::string &name, std::string &image, const std::string &what)
{
    verb.add_option(name, image, what)->required()->check(is_no_image);
}

}  // namespace imgport::cli
