// How a run is watched: a table on a terminal, a line per change in a log, JSON lines for programs.
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

#include "batch.hpp"

namespace imgport::cli {
namespace {

// "3/60 done web-1 (12 s, 512 MiB)"
std::string line_of(const JobStatus &job, const BatchStatus &all)
{
    std::string line = fmt::format("[{}/{}] ", all.done + all.failed, all.images);
    switch (job.state) {
    case JobState::running: return line + job.name + ": started";
    case JobState::waiting: return line + job.name + ": put back: " + job.reason;
    case JobState::done: return line + fmt::format("{}: done in {:.1f} s", job.name, job.seconds);
    case JobState::failed:
        return line + fmt::format("{}: failed after {:.1f} s, exit code {}: {}", job.name, job.seconds, job.exit_code,
                                  job.reason);
    }
    return line;
}

void print_line(const std::string &text)
{
    fmt::print(stderr, "imgport: {}\n", text);
}

// Hundreds of images have the same to say: their remarks are for those who ask.
std::string remark_of(const JobStatus &job, std::string_view text)
{
    return fmt::format("{}: {}", job.name, text);
}

class Log final : public BatchWatcher {
public:
    explicit Log(bool verbose) : m_verbose(verbose) {}
    void note(std::string_view text) override { print_line(std::string(text)); }
    void remark(const JobStatus &job, std::string_view text) override
    {
        if (m_verbose)
            print_line(remark_of(job, text));
    }
    void changed(const JobStatus &job, const BatchStatus &all) override { print_line(line_of(job, all)); }
    void tick(const BatchStatus &all) override
    {
        if (!all.waiting_for.empty() && all.waiting_for != m_waiting_for)
            print_line("waiting for " + all.waiting_for);
        m_waiting_for = all.waiting_for;
    }

private:
    bool m_verbose;
    std::string m_waiting_for;
};

// Drawn over itself; what is finished scrolls away above it.
class Table final : public BatchWatcher {
public:
    explicit Table(bool verbose) : m_verbose(verbose) {}
    ~Table() override { clear(); }

    void note(std::string_view text) override
    {
        clear();
        print_line(std::string(text));
    }
    void remark(const JobStatus &job, std::string_view text) override
    {
        if (m_verbose)
            note(remark_of(job, text));
    }
    void changed(const JobStatus &job, const BatchStatus &all) override
    {
        if (job.state == JobState::failed) {
            clear();
            print_line(line_of(job, all));
        }
        tick(all);
    }
    void tick(const BatchStatus &all) override
    {
        winsize size{};
        bool const known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 && size.ws_col > 1;
        std::string const table = batch_table(all, known ? size.ws_row - 1U : 20U, known ? size.ws_col - 1U : 79U);
        clear();
        fmt::print(stderr, "{}", table);
        std::fflush(stderr);
        m_lines = static_cast<unsigned>(std::count(table.begin(), table.end(), '\n'));
    }

private:
    void clear()
    {
        if (m_lines > 0)
            fmt::print(stderr, "\x1b[{}A\r\x1b[J", m_lines);
        m_lines = 0;
    }
    bool m_verbose;
    unsigned m_lines = 0;
};

class JsonLines final : public BatchWatcher {
public:
    void note(std::string_view text) override { line({{"event", "note"}, {"text", text}}); }
    void remark(const JobStatus &job, std::string_view text) override
    {
        line({{"event", "remark"}, {"job", job.name}, {"text", text}});
    }
    void changed(const JobStatus &job, const BatchStatus &all) override
    {
        nlohmann::ordered_json out{{"event", to_string(job.state)}, {"job", job.name}, {"path", job.path}};
        if (job.state == JobState::done || job.state == JobState::failed) {
            out["exit_code"] = job.exit_code;
            out["seconds"] = job.seconds;
        }
        if (!job.reason.empty())
            out["reason"] = job.reason;
        out.update(sums(all));
        line(out);
    }
    void tick(const BatchStatus &all) override
    {
        nlohmann::ordered_json out{{"event", "progress"}};
        out.update(sums(all));
        out["jobs"] = nlohmann::ordered_json::array();
        for (auto const &job : all.jobs)
            out["jobs"].push_back({{"job", job.name},
                                   {"stage", job.stage},
                                   {"percent", job.fraction * 100},
                                   {"seconds", job.seconds},
                                   {"bytes", job.source_bytes}});
        line(out);
    }

private:
    static nlohmann::ordered_json sums(const BatchStatus &all)
    {
        nlohmann::ordered_json out{{"images", all.images},        {"done", all.done}, {"failed", all.failed},
                                   {"running", all.running},      {"left", all.left}, {"bytes", all.bytes},
                                   {"bytes_done", all.bytes_done}};
        if (all.seconds_left)
            out["seconds_left"] = *all.seconds_left;
        if (!all.waiting_for.empty())
            out["waiting_for"] = all.waiting_for;
        return out;
    }
    static void line(const nlohmann::ordered_json &more)
    {
        nlohmann::ordered_json out{{"schema", "imgport.batch-progress/1"}};
        out.update(more);
        fmt::print(stderr, "{}\n", out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
};

class Still final : public BatchWatcher {
public:
    explicit Still(bool quiet) : m_quiet(quiet) {}
    void note(std::string_view text) override
    {
        if (!m_quiet)
            print_line(std::string(text));
    }
    void remark(const JobStatus &, std::string_view) override {}
    void changed(const JobStatus &, const BatchStatus &) override {}
    void tick(const BatchStatus &) override {}

private:
    bool m_quiet;
};

}  // namespace

std::unique_ptr<BatchWatcher> make_batch_watcher(const Globals &globals)
{
    if (globals.progress == "json")
        return std::make_unique<JsonLines>();
    if (globals.progress == "none" || globals.quiet)
        return std::make_unique<Still>(globals.quiet);
    if (::isatty(STDERR_FILENO) == 1)
        return std::make_unique<Table>(globals.verbose);
    return std::make_unique<Log>(globals.verbose);
}

}  // namespace imgport::cli
