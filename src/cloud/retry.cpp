#include "cloud/retry.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include <imgport/progress.hpp>

namespace imgport {
namespace {

using std::chrono::milliseconds;

// `time` is at least 0.
milliseconds half_to_whole(milliseconds time)
{
    thread_local std::minstd_rand random{std::random_device{}()};
    return milliseconds(std::uniform_int_distribution<milliseconds::rep>(time.count() / 2, time.count())(random));
}

}  // namespace

milliseconds wait_before(unsigned attempt, const RetryPolicy &policy, std::optional<milliseconds> asked)
{
    milliseconds whole = std::min(policy.first_wait, policy.longest_wait);
    for (unsigned i = 1; i < attempt && whole < policy.longest_wait; ++i)
        whole = whole > policy.longest_wait / 2 ? policy.longest_wait : whole * 2;
    return std::max(half_to_whole(std::max(whole, milliseconds(0))), asked.value_or(milliseconds(0)));
}

bool sleep_unless_interrupted(milliseconds time)
{
    // A signal handler cannot notify anyone, so it is looked at.
    constexpr milliseconds slice{50};
    auto const end = std::chrono::steady_clock::now() + time;
    for (;;) {
        if (interrupted())
            return false;
        auto const left = end - std::chrono::steady_clock::now();
        if (left <= left.zero())
            return true;
        std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, slice));
    }
}

}  // namespace imgport
