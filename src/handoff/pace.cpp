#include "handoff/pace.hpp"

#include <algorithm>

#include <imgport/progress.hpp>

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;

// The signal handler cannot wake a condition.
constexpr std::chrono::milliseconds glance{100};
constexpr unsigned good_before_more = 8;

}  // namespace

bool Pace::over()
{
    if (interrupted())
        m_stopped = true;
    return m_stopped;
}

bool Pace::enter()
{
    std::unique_lock lock(m_mutex);
    while (!over()) {
        auto const now = Clock::now();
        if (m_running < m_allowed && now >= m_not_before) {
            ++m_running;
            return true;
        }
        auto const wait = now < m_not_before ? std::min<Clock::duration>(m_not_before - now, glance) : glance;
        m_changed.wait_for(lock, wait);
    }
    return false;
}

void Pace::leave(bool went_well)
{
    std::scoped_lock const lock(m_mutex);
    --m_running;
    m_good = went_well ? m_good + 1 : 0;
    if (m_good >= good_before_more * m_allowed && m_allowed < m_most) {
        ++m_allowed;
        m_good = 0;
    }
    m_changed.notify_all();
}

void Pace::slow_down(std::chrono::milliseconds wait)
{
    std::scoped_lock const lock(m_mutex);
    auto const now = Clock::now();
    // Those who were under way together are told together, and that counts once.
    if (now >= m_not_before)
        m_allowed = std::max(1U, m_allowed / 2);
    m_good = 0;
    m_not_before = std::max(m_not_before, now + wait);
}

bool Pace::sleep(std::chrono::milliseconds time)
{
    std::unique_lock lock(m_mutex);
    auto const until = Clock::now() + time;
    while (!over()) {
        auto const now = Clock::now();
        if (now >= until)
            return true;
        m_changed.wait_for(lock, std::min<Clock::duration>(until - now, glance));
    }
    return false;
}

void Pace::stop()
{
    std::scoped_lock const lock(m_mutex);
    m_stopped = true;
    m_changed.notify_all();
}

}  // namespace imgport
