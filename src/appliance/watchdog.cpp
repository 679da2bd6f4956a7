#include "appliance/watchdog.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <signal.h>
#include <unistd.h>

#include <imgport/progress.hpp>

#include "support/text.hpp"

namespace imgport {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto heartbeat = 100ms;

std::string proc_file(const std::filesystem::path &folder, const char *name)
{
    std::ifstream file(folder / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// proc(5): the parent is the second field behind the name, which stands in parentheses and may hold anything.
bool is_our_child(const std::filesystem::path &folder)
{
    std::string const stat = proc_file(folder, "stat");
    auto const name_end = stat.rfind(')');
    if (name_end == std::string::npos)
        return false;
    auto const fields = split_blanks(stat.substr(name_end + 1));
    return fields.size() > 1 && fields[1] == std::to_string(::getpid());
}

void kill_child(const std::string &marker)
{
    std::error_code error;
    for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
         entry.increment(error)) {
        auto const pid = parse_number(entry->path().filename().native());
        if (!pid || !is_our_child(entry->path()))
            continue;
        auto const arguments = split(proc_file(entry->path(), "cmdline"), '\0');
        if (std::find(arguments.begin(), arguments.end(), marker) != arguments.end())
            ::kill(static_cast<pid_t>(*pid), SIGKILL);
    }
}

}  // namespace

Watchdog::Watchdog(std::string marker) : m_marker(std::move(marker)), m_thread([this] { watch(); }) {}

Watchdog::~Watchdog()
{
    {
        std::lock_guard const lock(m_mutex);
        m_done = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

Watchdog::Guard::Guard(Watchdog &dog, std::chrono::seconds limit) : m_dog(dog)
{
    std::lock_guard const lock(m_dog.m_mutex);
    // A sleeping watchdog wakes up by itself soon enough: calls that take no time cost no switch of threads.
    m_dog.m_deadline = Clock::now() + limit;
}

Watchdog::Guard::~Guard()
{
    std::lock_guard const lock(m_dog.m_mutex);
    m_dog.m_deadline.reset();
}

bool Watchdog::timed_out()
{
    std::lock_guard const lock(m_mutex);
    return m_timed_out;
}

void Watchdog::watch()
{
    std::unique_lock lock(m_mutex);
    while (!m_changed.wait_for(lock, heartbeat, [this] { return m_done; })) {
        if (!m_deadline)
            continue;
        bool const late = Clock::now() >= *m_deadline;
        m_timed_out = m_timed_out || late;
        // The lock is held, so the call that is waited for cannot end unseen and another begin.
        if (late || interrupted())
            kill_child(m_marker);
    }
}

}  // namespace imgport
