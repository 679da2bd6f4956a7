// Ends a child process that takes too long, or when the user stops us, while this thread waits for it inside a
// library call that knows of neither.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace imgport {

class Watchdog {
public:
    // The process is the child of ours that has `marker` as one of its arguments.
    explicit Watchdog(std::string marker);
    ~Watchdog();
    Watchdog(const Watchdog &) = delete;
    Watchdog &operator=(const Watchdog &) = delete;

    // Watches for as long as it lives. One at a time.
    class Guard {
    public:
        Guard(Watchdog &dog, std::chrono::seconds limit);
        ~Guard();
        Guard(const Guard &) = delete;
        Guard &operator=(const Guard &) = delete;

    private:
        Watchdog &m_dog;
    };

    // Whether a limit was reached.
    bool timed_out();

private:
    void watch();

    std::string m_marker;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::optional<std::chrono::steady_clock::time_point> m_deadline;
    bool m_timed_out = false;
    bool m_done = false;
    std::thread m_thread;
};

}  // namespace imgport
