#include "support/ordered_workers.hpp"

#include <atomic>
#include <chrono>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace imgport;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

namespace {

constexpr unsigned tasks = 300;

// Squares numbers, each after a delay of its own, so that they are done in no order.
class Squarer final : public OrderedWorker<unsigned, unsigned> {
public:
    Squarer(unsigned seed, std::atomic<unsigned> &stored, unsigned bad) : m_random(seed), m_stored(stored), m_bad(bad)
    {}

    Result<unsigned> work(unsigned task) override
    {
        std::this_thread::sleep_for(std::chrono::microseconds(m_random() % 300));
        if (task == m_bad || task == m_bad + 1)
            return fail(ErrorCode::unreadable, std::to_string(task));
        return task * task;
    }
    Result<void> store(unsigned) override
    {
        std::this_thread::sleep_for(std::chrono::microseconds(m_random() % 100));
        ++m_stored;
        return {};
    }

private:
    std::minstd_rand m_random;
    std::atomic<unsigned> &m_stored;
    unsigned m_bad;
};

struct Run {
    Result<void> result;
    std::vector<unsigned> placed;
    unsigned stored;
};

Run run_squares(unsigned threads, unsigned seed, unsigned bad = tasks)
{
    std::vector<unsigned> placed;
    std::atomic<unsigned> stored{0};
    unsigned next = 0;
    OrderedJob<unsigned, unsigned> job;
    job.next = [&]() -> Result<std::optional<unsigned>> {
        return next == tasks ? std::optional<unsigned>() : std::optional(next++);
    };
    job.make_worker = [&, seed]() mutable -> Result<std::unique_ptr<OrderedWorker<unsigned, unsigned>>> {
        return std::make_unique<Squarer>(seed++, stored, bad);
    };
    job.place = [&](unsigned &product) -> Result<void> {
        placed.push_back(product);
        return {};
    };
    auto result = run_ordered(job, threads);
    return {std::move(result), std::move(placed), stored};
}

}  // namespace

TEST(OrderedWorkers, PlacesInOrderHoweverTheThreadsAreDelayed)
{
    std::vector<unsigned> squares;
    for (unsigned i = 0; i < tasks; ++i)
        squares.push_back(i * i);
    for (unsigned const threads : {0U, 1U, 2U, 3U, 8U}) {
        for (unsigned seed = 1; seed <= 3; ++seed) {
            auto const run = run_squares(threads, seed);
            ASSERT_TRUE(run.result) << run.result.error().message;
            EXPECT_THAT(run.placed, ElementsAreArray(squares)) << threads << " threads, seed " << seed;
            EXPECT_EQ(run.stored, tasks);
        }
    }
}

TEST(OrderedWorkers, EndWithTheFirstErrorOfTheSequenceAndPlaceNothingBehindIt)
{
    for (unsigned const threads : {1U, 2U, 8U}) {
        auto const run = run_squares(threads, 7, 100);
        ASSERT_FALSE(run.result);
        EXPECT_EQ(run.result.error().code, ErrorCode::unreadable);
        EXPECT_EQ(run.result.error().message, "100") << threads << " threads";
        EXPECT_LE(run.placed.size(), 100U);
    }
}

TEST(OrderedWorkers, KeepFewTasksUnderWay)
{
    class Counter final : public OrderedWorker<int, int> {
    public:
        explicit Counter(std::atomic<int> &under_way) : m_under_way(under_way) {}
        Result<int> work(int task) override { return task; }
        Result<void> store(int) override
        {
            --m_under_way;
            return {};
        }

    private:
        std::atomic<int> &m_under_way;
    };
    std::atomic<int> under_way{0};
    int most = 0;
    int next = 0;
    OrderedJob<int, int> job;
    job.next = [&]() -> Result<std::optional<int>> {
        if (next == 2000)
            return std::nullopt;
        most = std::max(most, ++under_way);
        return next++;
    };
    job.make_worker = [&]() -> Result<std::unique_ptr<OrderedWorker<int, int>>> {
        return std::make_unique<Counter>(under_way);
    };
    job.place = [](int &) -> Result<void> { return {}; };
    ASSERT_TRUE(run_ordered(job, 4));
    EXPECT_LE(most, 12);
    EXPECT_EQ(under_way, 0);
}

TEST(OrderedWorkers, PlaceNothingAfterOneThatHadNoPlace)
{
    class Slow final : public OrderedWorker<int, int> {
    public:
        Result<int> work(int task) override
        {
            // Others come to place theirs while this one fails.
            std::this_thread::sleep_for(std::chrono::milliseconds(task % 3));
            return task;
        }
        Result<void> store(int) override { return {}; }
    };
    for (int round = 0; round < 20; ++round) {
        int next = 0;
        std::vector<int> placed;
        OrderedJob<int, int> job;
        job.next = [&]() -> Result<std::optional<int>> { return next++; };
        job.make_worker = []() -> Result<std::unique_ptr<OrderedWorker<int, int>>> { return std::make_unique<Slow>(); };
        job.place = [&](int &product) -> Result<void> {
            placed.push_back(product);
            return product == 5 ? Result<void>(fail(ErrorCode::unreadable, "five")) : Result<void>();
        };
        auto const result = run_ordered(job, 4);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().message, "five");
        EXPECT_THAT(placed, ElementsAre(0, 1, 2, 3, 4, 5));
    }
}

TEST(OrderedWorkers, TurnWhatIsThrownIntoAnError)
{
    class Thrower final : public OrderedWorker<int, int> {
    public:
        Result<int> work(int) override { throw std::bad_alloc(); }
        Result<void> store(int) override { return {}; }
    };
    int next = 0;
    OrderedJob<int, int> job;
    job.next = [&]() -> Result<std::optional<int>> { return next++; };
    job.make_worker = []() -> Result<std::unique_ptr<OrderedWorker<int, int>>> { return std::make_unique<Thrower>(); };
    job.place = [](int &) -> Result<void> { return {}; };
    auto const result = run_ordered(job, 3);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::environment);
}
