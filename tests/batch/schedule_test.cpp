// Which job is next, as a pure function.
#include "batch/schedule.hpp"

#include <gtest/gtest.h>

#include "batch/machine.hpp"

using namespace imgport;

namespace {

constexpr std::uint64_t GiB = std::uint64_t{1} << 30;
using Jobs = std::vector<JobNeed>;

MachineRoom four_cores()
{
    return {.cores = 4, .memory = 8 * GiB, .disk = 100 * GiB};
}

}  // namespace

TEST(Schedule, AsManyAsCoresOrAsTheUserSays)
{
    auto room = four_cores();
    Jobs const waiting(5, JobNeed{GiB, GiB / 8});
    EXPECT_TRUE(decide(room, Jobs(3), waiting).start);
    EXPECT_EQ(decide(room, Jobs(4), waiting).hold, Hold::busy);
    room.most_jobs = 1;
    EXPECT_EQ(decide(room, Jobs(1), waiting).hold, Hold::busy);
    room.most_jobs = 6;
    EXPECT_TRUE(decide(room, Jobs(5), waiting).start);
    EXPECT_EQ(decide(room, {}, {}).hold, Hold::empty);
}

TEST(Schedule, TheFirstThatFitsGoesFirst)
{
    auto room = four_cores();
    room.disk = 10 * GiB;
    room.disk_spared = GiB;
    Jobs const running{{4 * GiB, 0}};
    Jobs const waiting{{6 * GiB, 0}, {5 * GiB, 0}, {GiB, 0}};
    auto const decision = decide(room, running, waiting);
    ASSERT_TRUE(decision.start);
    EXPECT_EQ(*decision.start, 1U);  // 10 - 1 - 4 = 5 GiB
}

TEST(Schedule, TellsHowMuchSpaceIsMissing)
{
    auto room = four_cores();
    room.disk = GiB;
    auto const decision = decide(room, {}, Jobs{{5 * GiB, 0}, {3 * GiB, 0}});
    EXPECT_FALSE(decision.start);
    EXPECT_EQ(decision.hold, Hold::disk);
    EXPECT_EQ(decision.missing, 2 * GiB);
}

TEST(Schedule, MemoryHoldsBackAllButTheOnlyOne)
{
    auto room = four_cores();
    room.memory = GiB;
    room.memory_spared = GiB / 2;
    Jobs const waiting{{0, GiB}};
    EXPECT_EQ(decide(room, Jobs(1), waiting).hold, Hold::memory);
    EXPECT_TRUE(decide(room, {}, waiting).start);
}

TEST(Schedule, WhatRunsHasItsShareReserved)
{
    auto room = four_cores();
    room.memory = GiB;
    EXPECT_TRUE(decide(room, Jobs{{0, GiB / 2}}, Jobs{{0, GiB / 2}}).start);
    EXPECT_FALSE(decide(room, Jobs{{0, GiB / 2}, {0, 1}}, Jobs{{0, GiB / 2}}).start);
}

TEST(Schedule, CoresAreSharedAndTheLastOnesGetAll)
{
    auto room = four_cores();
    EXPECT_EQ(decide(room, {}, Jobs(10)).threads, 2U);
    EXPECT_EQ(decide(room, Jobs(1), Jobs(1)).threads, 3U);
    EXPECT_EQ(decide(room, {}, Jobs(1)).threads, 4U);
    room.cores = 64;
    EXPECT_EQ(decide(room, Jobs(20), Jobs(100)).threads, 2U);
    room.cores = 1;
    EXPECT_EQ(decide(room, {}, Jobs(100)).threads, 1U);
    room.most_jobs = 8;
    EXPECT_EQ(decide(room, Jobs(3), Jobs(100)).threads, 1U);
}

TEST(Machine, UnderstandsQuotas)
{
    EXPECT_EQ(cores_of_quota("max 100000\n"), 0U);
    EXPECT_EQ(cores_of_quota("200000 100000\n"), 2U);
    EXPECT_EQ(cores_of_quota("150000 100000"), 2U);
    EXPECT_EQ(cores_of_quota("1000 100000"), 1U);
    EXPECT_EQ(cores_of_quota(""), 0U);
    EXPECT_EQ(cores_of_quota("5 0"), 0U);
    EXPECT_GE(usable_cores(), 1U);
    EXPECT_GT(available_memory(), 0U);
}
