#include "cloud/retry.hpp"

#include <set>

#include <gtest/gtest.h>

using namespace imgport;
using std::chrono::milliseconds;

namespace {

struct Failure {
    Error error{ErrorCode::remote, "busy"};
    bool retry = true;
    std::optional<milliseconds> wait = {};
};
using Outcome = tl::expected<int, Failure>;

constexpr RetryPolicy quick{.attempts = 5, .first_wait = milliseconds(1), .longest_wait = milliseconds(2)};

}  // namespace

TEST(WaitBefore, DoublesUpToTheLongest)
{
    RetryPolicy const policy{.first_wait = milliseconds(200), .longest_wait = milliseconds(1000)};
    constexpr long wholes[] = {200, 400, 800, 1000, 1000};
    std::set<long> seen;
    for (int round = 0; round < 200; ++round) {
        for (unsigned attempt = 1; attempt <= 5; ++attempt) {
            auto const wait = wait_before(attempt, policy, std::nullopt).count();
            EXPECT_GE(wait, wholes[attempt - 1] / 2) << attempt;
            EXPECT_LE(wait, wholes[attempt - 1]) << attempt;
            seen.insert(wait);
        }
    }
    EXPECT_GT(seen.size(), 100U) << "it is not random";
    EXPECT_LE(wait_before(4'000'000'000U, policy, std::nullopt), milliseconds(1000));
}

TEST(WaitBefore, IsNeverLessThanWhatTheServerAskedFor)
{
    RetryPolicy const policy{.first_wait = milliseconds(200), .longest_wait = milliseconds(1000)};
    EXPECT_EQ(wait_before(1, policy, milliseconds(5000)), milliseconds(5000));
    EXPECT_GE(wait_before(3, policy, milliseconds(1)), milliseconds(400));
}

TEST(WithRetries, GoesOnUntilItSucceeds)
{
    int calls = 0;
    int told = 0;
    auto const result = with_retries(
        quick, [&]() -> Outcome { return ++calls < 3 ? Outcome(tl::unexpected(Failure{})) : Outcome(7); },
        [&](const Failure &failure, milliseconds wait) {
            ++told;
            EXPECT_EQ(failure.error.message, "busy");
            EXPECT_GE(wait.count(), 0);
        });
    EXPECT_EQ(result.value(), 7);
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(told, 2);
}

TEST(WithRetries, GivesUp)
{
    int calls = 0;
    auto const result = with_retries(
        quick, [&]() -> Outcome { return ++calls, tl::unexpected(Failure{}); }, [](auto &&...) {});
    EXPECT_FALSE(result);
    EXPECT_EQ(calls, 5);
}

TEST(WithRetries, DoesNotRepeatWhatWillNotChange)
{
    int calls = 0;
    auto const result = with_retries(
        quick, [&]() -> Outcome { return ++calls, tl::unexpected(Failure{.retry = false}); },
        [](auto &&...) { FAIL(); });
    EXPECT_FALSE(result);
    EXPECT_EQ(calls, 1);
}

TEST(WithRetries, WaitsAsLongAsItWasAsked)
{
    auto const start = std::chrono::steady_clock::now();
    int calls = 0;
    auto const result = with_retries(
        quick,
        [&]() -> Outcome {
            return ++calls == 1 ? Outcome(tl::unexpected(Failure{.wait = milliseconds(120)})) : Outcome(1);
        },
        [](auto &&...) {});
    EXPECT_TRUE(result);
    EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(120));
}
