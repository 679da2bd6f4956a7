// How many requests may be under way. When the store says that it is too much, all workers slow down together: half as
// many at a time, none before the wait that was asked for; after a while of success, one more.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace imgport {

class Pace {
public:
    explicit Pace(unsigned workers) : m_most(workers), m_allowed(workers) {}

    // Waits for a turn; false where the work was stopped. Each turn ends with leave().
    bool enter();
    void leave(bool went_well);

    void slow_down(std::chrono::milliseconds wait);
    // False where the work was stopped meanwhile.
    bool sleep(std::chrono::milliseconds time);

    // Wakes all who wait, for good.
    void stop();
    const std::atomic<bool> &stopped() const { return m_stopped; }

private:
    bool over();

    unsigned m_most;
    std::atomic<bool> m_stopped{false};

    std::mutex m_mutex;  // of what follows
    std::condition_variable m_changed;
    unsigned m_allowed;
    unsigned m_running = 0;
    unsigned m_good = 0;  // since the last change of m_allowed
    std::chrono::steady_clock::time_point m_not_before = {};
};

}  // namespace imgport
