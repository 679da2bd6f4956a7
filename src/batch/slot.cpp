#include "batch/slot.hpp"

#include <csignal>

#include <fmt/format.h>

#include "support/subprocess.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;

// Time for a worker that is told to end to remove its temporary files.
constexpr auto grace = std::chrono::seconds(5);

std::string last_line(const std::string &text)
{
    auto const lines = lines_of(text);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (!trim(*line).empty())
            return printable(trim(*line), 300);
    }
    return {};
}

// Of a worker that ended without a word. What was killed from outside (the kernel's want of memory, an operator) may
// end otherwise another time; a program that trips over an image does so again.
void explain(WorkerEnd &end, const CommandResult &ended)
{
    std::string const said = last_line(ended.err);
    end.reason = fmt::format("the worker ended without a result: {}{}", describe_status(ended.status),
                             said.empty() ? "" : ": " + said);
    // It may not even have begun: an option file that cannot be read.
    if (ended.status == 2 || ended.status == 3)
        end.exit_code = ended.status;
    end.again = ended.status == 128 + SIGKILL || ended.status == 128 + SIGTERM || ended.status == 130;
}

}  // namespace

std::vector<std::string> worker_command(const std::vector<std::string> &program, const std::string &output_dir,
                                        std::size_t index, unsigned threads)
{
    std::vector<std::string> command = program;
    for (auto const &word : {std::string("--output"), output_dir, std::string("--index"), std::to_string(index),
                             std::string("--threads"), std::to_string(threads)})
        command.push_back(word);
    return command;
}

WorkerEnd run_worker(const WorkerStart &start, const std::function<void(WorkerLine)> &hear)
{
    WorkerEnd end;
    Command command{.arguments = start.command};
    command.environment = Environment::inherited;
    command.timeout = start.timeout;
    command.grace = grace;
    command.on_output = [&](std::string_view text) {
        auto line = parse_worker_line(text);
        if (!line)
            return;
        if (line->result)
            end.result = std::move(line->result);
        else
            hear(std::move(*line));
    };
    auto const begun = Clock::now();
    auto const ended = run(command);
    end.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    if (end.result) {
        // It told its result and then ended; how, is of no account.
    } else if (!ended && ended.error().code == ErrorCode::interrupted) {
        end.stopped = true;
    } else if (!ended && start.timeout && end.seconds >= static_cast<double>(start.timeout->count())) {
        end.reason = fmt::format("was not done within {} s (--timeout-per-image)", start.timeout->count());
    } else if (!ended) {
        end.reason = describe(ended.error());
        end.again = true;
    } else {
        explain(end, *ended);
    }
    return end;
}

BatchResult result_of_end(const BatchFolder &folder, const BatchJob &job, const std::string &fingerprint,
                          const WorkerEnd &end)
{
    bool const told = end.result.has_value();
    BatchResult result = told ? *end.result : result_of_crash(job, fingerprint, end.reason, end.again);
    if (result.fingerprint.empty())
        result.fingerprint = fingerprint;
    if (!told) {
        result.exit_code = end.exit_code;
        take_over_files(folder, read_result(folder, job.name), result);
        // On a full disk it is lost; whoever reads the end is told all the same.
        [[maybe_unused]] auto const written = write_result(folder, result);
    }
    return result;
}

void Mailbox::put(WorkerNews news)
{
    std::scoped_lock const lock(m_mutex);
    m_news.push_back(std::move(news));
    m_arrived.notify_one();
}

std::deque<WorkerNews> Mailbox::take(std::chrono::milliseconds patience)
{
    std::unique_lock lock(m_mutex);
    m_arrived.wait_for(lock, patience, [&] { return !m_news.empty(); });
    return std::exchange(m_news, {});
}

std::jthread start_worker(WorkerStart start, Mailbox &mailbox)
{
    return std::jthread([start = std::move(start), &mailbox] {
        WorkerNews news{.job = start.job};
        news.end =
            run_worker(start, [&](WorkerLine line) { mailbox.put({.job = start.job, .line = std::move(line)}); });
        mailbox.put(std::move(news));
    });
}

}  // namespace imgport
