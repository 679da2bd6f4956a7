#include "support/block_cache.hpp"

#include <deque>
#include <random>
#include <set>

#include <gtest/gtest.h>

using namespace imgport;

namespace {

constexpr std::size_t block = 16;

// Answers at once, and counts.
struct Source {
    BlockCache cache;
    std::uint64_t fetched = 0;
    std::uint64_t requests = 0;
    std::size_t most_held = 0;

    Source(std::uint64_t blocks, std::size_t capacity) : cache(blocks * block, block, capacity) {}

    void read(std::uint64_t first, std::uint64_t last)
    {
        for (auto number = first; number <= last; ++number) {
            for (auto const &run : cache.ask(number, last)) {
                ++requests;
                for (std::uint64_t i = 0; i < run.count; ++i)
                    cache.at(run.first + i).ready = true;
                fetched += run.count;
            }
            most_held = std::max(most_held, cache.held());
            ASSERT_TRUE(cache.at(number).ready);
            cache.give_back(number);
        }
    }
};

}  // namespace

TEST(BlockCache, ReadsAheadOfWhoReadsOneAfterTheOther)
{
    Source source(1000, 128);
    for (std::uint64_t i = 0; i < 1000; i += 4)
        source.read(i, i + 3);
    EXPECT_EQ(source.fetched, 1000U);  // each once
    EXPECT_LT(source.requests, 100U);  // and many at a time
    EXPECT_LE(source.most_held, 128U);
}

TEST(BlockCache, FetchesNoMoreThanWasAskedForHereAndThere)
{
    Source source(100000, 128);
    std::uint64_t reads = 0;
    for (std::uint64_t i = 90000; i > 1000; i -= 1000, ++reads)
        source.read(i, i);
    EXPECT_EQ(source.fetched, reads);
}

TEST(BlockCache, KeepsWhatIsReadAgain)
{
    Source source(100000, 128);
    for (int round = 0; round < 5; ++round) {
        for (std::uint64_t i = 90000; i > 40000; i -= 1000)
            source.read(i, i);
    }
    EXPECT_EQ(source.fetched, 50U);
}

TEST(BlockCache, AForwardGapDoesNotEndTheReadingAhead)
{
    Source source(10000, 128);
    std::uint64_t read = 0;
    for (std::uint64_t i = 0; i + 30 < 10000; i += 40, read += 4)
        source.read(i, i + 3);
    EXPECT_LT(source.requests, 1000U);
    EXPECT_LE(source.most_held, 128U);
}

// Pieces of 4 blocks read by several threads, the answers coming in the order of the requests.
TEST(BlockCache, ServesReadersSideBySideWithoutFetchingTwice)
{
    constexpr std::uint64_t end = 4000;
    BlockCache cache(end * block, block, 128);
    std::deque<std::uint64_t> asked;
    std::uint64_t fetched = 0;
    struct Reader {
        std::uint64_t at = 0;
        std::uint64_t last = 0;
        bool busy = false;
        bool waits = false;
    };
    std::vector<Reader> readers(6);
    std::uint64_t next_piece = 0;
    std::uint64_t read = 0;
    for (int turn = 0; read < end; ++turn) {
        ASSERT_LT(turn, 100000);
        for (auto &reader : readers) {
            if (!reader.busy && next_piece < end) {
                reader = {next_piece, next_piece + 3, true};
                next_piece += 4;
            }
            if (!reader.busy)
                continue;
            if (!reader.waits) {
                for (auto const &run : cache.ask(reader.at, reader.last)) {
                    fetched += run.count;
                    for (std::uint64_t i = 0; i < run.count; ++i)
                        asked.push_back(run.first + i);
                }
                reader.waits = true;
            }
            auto &wanted = cache.at(reader.at);
            if (!wanted.ready)
                continue;
            cache.give_back(reader.at);
            reader.waits = false;
            ++read;
            reader.busy = reader.at++ != reader.last;
        }
        ASSERT_LE(cache.held(), 128U);
        if (!asked.empty()) {
            cache.at(asked.front()).ready = true;
            asked.pop_front();
        }
    }
    EXPECT_EQ(fetched, end);
}

TEST(BlockCache, WhoWaitsGetsABlockEvenWhereAllAreTaken)
{
    BlockCache cache(1000 * block, block, 8);
    std::set<std::uint64_t> got;
    for (std::uint64_t i = 0; i < 20; ++i) {
        auto const number = (i * 450) % 1000;
        for (auto const &run : cache.ask(number, number)) {
            for (std::uint64_t j = 0; j < run.count; ++j)
                got.insert(run.first + j);
        }
        // None of them gives it back.
        EXPECT_TRUE(got.contains(number));
    }
}

// A full cache, in which the next blocks are fetched ahead because of the very one that lies there longest.
TEST(BlockCache, WhatIsAskedForIsNotGivenUpForWhatComesNext)
{
    Source source(100000, 16);
    std::mt19937 random(3);
    for (int i = 0; i < 20000; ++i) {
        auto const first = random() % 40;
        source.read(first, first + random() % 8);
    }
    EXPECT_LE(source.most_held, 16U);
}

TEST(BlockCache, EndsWithTheFile)
{
    BlockCache cache(5 * block + 3, block, 128);
    EXPECT_EQ(cache.length_of(4), block);
    EXPECT_EQ(cache.length_of(5), 3U);
    std::uint64_t count = 0;
    for (auto const &run : cache.ask(0, 0)) {
        EXPECT_LE(run.first + run.count, 6U);
        count += run.count;
    }
    for (auto const &run : cache.ask(5, 5))
        count += run.count;
    EXPECT_LE(count, 6U);
    EXPECT_NO_THROW(cache.at(5));
}
