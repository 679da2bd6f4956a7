// imgport: makes disk images ready for a cloud.
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include <imgport/error.hpp>
#include <imgport/progress.hpp>
#include <imgport/version.hpp>

#include "cli.hpp"
#include "verbs.hpp"

namespace {

extern "C" void on_signal(int number)
{
    imgport::request_interrupt();
    // The second one from a terminal ends us at once. SIGTERM comes twice where a cluster ends a task: to each process
    // of it, and from the one that watches.
    if (number == SIGINT)
        std::signal(number, SIG_DFL);
}

int run(int argc, char **argv)
{
    imgport::cli::Program program;

    // One small file per verb.
    imgport::cli::add_probe(program);
    imgport::cli::add_inspect(program);
    imgport::cli::add_check(program);
    imgport::cli::add_convert(program);
    imgport::cli::add_prepare(program);
    imgport::cli::add_verify(program);
    imgport::cli::add_digest(program);
    imgport::cli::add_upload(program);
    imgport::cli::add_uploads(program);
    imgport::cli::add_import(program);
    imgport::cli::add_batch(program);
    imgport::cli::add_rules(program);
    imgport::cli::add_explain(program);
    imgport::cli::add_doctor(program);
    imgport::cli::add_completion(program);
    imgport::cli::add_manual(program);

    return program.run(argc, argv);
}

}  // namespace

int main(int argc, char **argv)
{
    // Long work looks at the interrupt and cleans up; a closed pipe is a write error, not a death.
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    std::signal(SIGPIPE, SIG_IGN);

    // Too little memory, or no room for the messages: no reason to leave temporary files behind.
    try {
        return run(argc, argv);
    } catch (const std::bad_alloc &) {
        std::fputs("imgport: there is not enough memory\n", stderr);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "imgport: %s\n", error.what());
    }
    return imgport::exit_code(imgport::ErrorCode::environment);
}
