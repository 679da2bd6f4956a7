// When a request is made again.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include <imgport/error.hpp>

namespace imgport {

struct RetryPolicy {
    unsigned attempts = 10;                     // in all
    std::chrono::milliseconds first_wait{200};  // doubled each time, and a random part of it is taken
    std::chrono::milliseconds longest_wait{20'000};
};

// The wait before attempt `attempt` (the first retry is 1): at least half of, at most the whole of the doubled one, and
// never less than what the server asked for.
std::chrono::milliseconds wait_before(unsigned attempt, const RetryPolicy &policy,
                                      std::optional<std::chrono::milliseconds> asked);

// Sleeps; false where the user stopped the work meanwhile.
bool sleep_unless_interrupted(std::chrono::milliseconds time);

// Calls `attempt` until it succeeds, fails for good (its failure has retry == false) or the policy gives up; its
// failure type has `error`, `retry`, and perhaps `wait` (StoreFailure, ApiFailure). `on_retry` is told before each
// wait.
template <typename Attempt, typename OnRetry>
auto with_retries(const RetryPolicy &policy, Attempt attempt, OnRetry on_retry) -> decltype(attempt())
{
    for (unsigned count = 1;; ++count) {
        auto result = attempt();
        if (result || !result.error().retry || count >= policy.attempts)
            return result;
        auto const wait = wait_before(count, policy, result.error().wait);
        on_retry(result.error(), wait);
        if (!sleep_unless_interrupted(wait)) {
            result.error().error = Error{ErrorCode::interrupted, "interrupted"};
            result.error().retry = false;
            return result;
        }
    }
}

}  // namespace imgport
