// What every verb shares: the global options, where results and errors go, and how a verb is added.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include <imgport/error.hpp>
#include <imgport/progress.hpp>
#include <imgport/report.hpp>

namespace imgport::cli {

struct Globals {
    bool quiet = false;
    bool verbose = false;
    std::string color = "auto";     // auto, always, never
    std::string progress = "auto";  // auto, none, json
    unsigned threads = 0;           // 0: one per core
    std::string temp_dir = {};
};

class Program {
public:
    Program();

    Globals &globals() { return m_globals; }
    const Globals &globals() const { return m_globals; }
    // Whether text for standard output is coloured.
    Color color() const;
    ProgressSink &progress();
    const CLI::App &app() const { return m_app; }

    // A verb: `run` is called after everything was parsed and gives the exit code. `examples` end its help.
    CLI::App &add_verb(const std::string &name, const std::string &what, const std::string &examples,
                       std::function<int()> run);
    // The same below another verb: "batch plan". What has such verbs below it does nothing by itself.
    CLI::App &add_verb(CLI::App &parent, const std::string &name, const std::string &what, const std::string &examples,
                       std::function<int()> run);
    CLI::App &add_parent_verb(const std::string &name, const std::string &what, const std::string &examples);

    int run(int argc, char **argv);

private:
    int report_usage(const CLI::ParseError &error, int argc, char **argv);

    CLI::App m_app;
    Globals m_globals;
    std::unique_ptr<ProgressSink> m_progress;
    std::function<int()> m_chosen;
};

// Results go to standard output; a full disk or a closed pipe there is an error: false.
bool print(std::string_view text);
// "imgport: ..." on standard error.
void print_error(std::string_view message);
int print_error(const Error &error);  // its exit code

// An option whose value must be one of these; a mistyped one is answered with the nearest.
CLI::Option *add_choice(CLI::App &verb, const std::string &name, std::string &value,
                        const std::vector<std::string> &choices, const std::string &what);

// Why a path cannot be that of an image; empty where it can.
std::string is_no_image(const std::string &image);

// IMAGE... : at least one, each a good one by is_no_image().
void add_images(CLI::App &verb, std::vector<std::string> &images);
void add_image(CLI::App &verb, const std::string &name, std::string &image, const std::string &what);

}  // namespace imgport::cli
