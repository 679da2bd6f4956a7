#include "handoff/pace.hpp"

#include <thread>

#include <gtest/gtest.h>

using namespace imgport;
using namespace std::chrono_literals;

namespace {

// How many get a turn within a moment.
unsigned turns(Pace &pace)
{
    std::atomic<unsigned> entered = 0;
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < 6; ++i)
            all.emplace_back([&] {
                if (pace.enter())
                    ++entered;
            });
        std::this_thread::sleep_for(300ms);
        pace.stop();
    }
    return entered;
}

}  // namespace

TEST(Pace, LetsAsManyInAsThereAreWorkers)
{
    Pace pace(4);
    EXPECT_EQ(turns(pace), 4U);
}

TEST(Pace, HalvesOnceForThoseWhoWereToldTogether)
{
    Pace pace(4);
    for (int i = 0; i < 4; ++i)
        pace.slow_down(50ms);
    EXPECT_EQ(turns(pace), 2U);
}

TEST(Pace, LetsNobodyInBeforeTheWait)
{
    Pace pace(4);
    pace.slow_down(80ms);
    auto const start = std::chrono::steady_clock::now();
    ASSERT_TRUE(pace.enter());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 80ms);
}

TEST(Pace, GrowsBackWithSuccess)
{
    Pace pace(4);
    pace.slow_down(1ms);
    for (int i = 0; i < 60; ++i) {
        ASSERT_TRUE(pace.enter());
        pace.leave(true);
    }
    EXPECT_EQ(turns(pace), 4U);
}

TEST(Pace, WakesWhoSleepsWhenItStops)
{
    Pace pace(1);
    std::jthread const stopper([&] {
        std::this_thread::sleep_for(20ms);
        pace.stop();
    });
    EXPECT_FALSE(pace.sleep(60s));
    EXPECT_FALSE(pace.enter());
}
