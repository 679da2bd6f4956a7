#include "progress.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace imgport::cli {
namespace {

using Clock = std::chrono::steady_clock;

// What the three have in common: the stage, how far it is, and not speaking too often. Several images may be worked
// on at once, so each call takes the lock.
class Paced : public ProgressSink {
public:
    explicit Paced(std::chrono::milliseconds pace) : m_pace(pace) {}

    void begin(std::string_view stage, std::string_view subject) override
    {
        std::scoped_lock const lock(m_mutex);
        m_stage = stage;
        m_subject = subject;
        m_next = Clock::now() + m_pace;
    }
    void update(std::uint64_t done, std::uint64_t total) override
    {
        std::scoped_lock const lock(m_mutex);
        if (total == 0 || Clock::now() < m_next)
            return;
        m_next = Clock::now() + m_pace;
        show(std::min(100.0, 100.0 * static_cast<double>(done) / static_cast<double>(total)));
    }
    void end() override
    {
        std::scoped_lock const lock(m_mutex);
        finish();
    }
    void note(std::string_view text) override
    {
        std::scoped_lock const lock(m_mutex);
        finish();
        say(text);
    }

protected:
    virtual void show(double percent) = 0;
    virtual void finish() {}
    virtual void say(std::string_view text) { fmt::print(stderr, "imgport: {}\n", text); }

    std::string m_stage;
    std::string m_subject;

private:
    std::mutex m_mutex;
    std::chrono::milliseconds m_pace;
    Clock::time_point m_next;
};

class Bar final : public Paced {
public:
    Bar() : Paced(std::chrono::milliseconds(100)) {}

protected:
    void show(double percent) override
    {
        constexpr int width = 40;
        int const filled = static_cast<int>(percent / 100 * width);
        fmt::print(stderr, "\r{:<8} [{:=<{}}{:{}}] {:5.1f} %", m_stage, "", filled, "", width - filled, percent);
        m_drawn = true;
    }
    void finish() override
    {
        if (m_drawn)
            fmt::print(stderr, "\r{:70}\r", "");
        m_drawn = false;
    }

private:
    bool m_drawn = false;
};

class Log final : public Paced {
public:
    Log() : Paced(std::chrono::seconds(10)) {}

protected:
    void show(double percent) override
    {
        fmt::print(stderr, "imgport: {} {}: {:.0f} %\n", m_stage, m_subject, percent);
    }
};

class JsonLines final : public Paced {
public:
    JsonLines() : Paced(std::chrono::milliseconds(200)) {}

    void begin(std::string_view stage, std::string_view subject) override
    {
        Paced::begin(stage, subject);
        line({{"event", "begin"}});
    }

protected:
    void show(double percent) override { line({{"event", "progress"}, {"percent", percent}}); }
    void finish() override
    {
        if (!m_stage.empty())
            line({{"event", "end"}});
        m_stage.clear();
    }
    void say(std::string_view text) override { line({{"event", "note"}, {"text", text}}); }

private:
    void line(const nlohmann::ordered_json &more) const
    {
        nlohmann::ordered_json out{{"schema", "imgport.progress/1"}};
        if (!m_stage.empty()) {
            out["stage"] = m_stage;
            out["subject"] = m_subject;
        }
        out.update(more);
        // Paths need not be valid UTF-8; what is broken is replaced.
        fmt::print(stderr, "{}\n", out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
};

// No progress; with --quiet no notes either.
class Still final : public Paced {
public:
    explicit Still(bool quiet) : Paced(std::chrono::hours(1)), m_quiet(quiet) {}

protected:
    void show(double) override {}
    void say(std::string_view text) override
    {
        if (!m_quiet)
            Paced::say(text);
    }

private:
    bool m_quiet;
};

}  // namespace

std::unique_ptr<ProgressSink> make_progress(const Globals &globals)
{
    if (globals.progress == "json")
        return std::make_unique<JsonLines>();
    if (globals.progress == "none" || globals.quiet)
        return std::make_unique<Still>(globals.quiet);
    if (::isatty(STDERR_FILENO) == 1)
        return std::make_unique<Bar>();
    return std::make_unique<Log>();
}

}  // namespace imgport::cli
