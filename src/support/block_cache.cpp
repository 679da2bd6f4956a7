#include "support/block_cache.hpp"

#include <algorithm>

namespace imgport {
namespace {

// Blocks that one request asks for at most when it reads ahead.
constexpr std::uint64_t stride = 16;
constexpr std::uint64_t smallest_window = 4;

}  // namespace

BlockCache::BlockCache(std::uint64_t size, std::size_t block_size, std::size_t capacity)
    : m_size(size), m_block_size(block_size), m_capacity(capacity), m_end(size / block_size + (size % block_size != 0))
{}

std::size_t BlockCache::length_of(std::uint64_t number) const
{
    return static_cast<std::size_t>(std::min<std::uint64_t>(m_block_size, m_size - number * m_block_size));
}

void BlockCache::give_back(std::uint64_t number)
{
    Block &block = at(number);
    --block.readers;
    block.used = block.used || block.ready;
    block.touched = ++m_clock;
}

// How many more could be asked for without giving up one that somebody waits for or has yet to read.
std::size_t BlockCache::room() const
{
    auto const kept = static_cast<std::size_t>(std::ranges::count_if(
        m_blocks, [](auto const &entry) { return !entry.second.used || entry.second.readers != 0; }));
    return m_capacity - std::min(m_capacity, kept);
}

// Gives up the one that was read longest ago; where all have yet to be read, the one that came first.
void BlockCache::make_room()
{
    while (m_blocks.size() >= m_capacity) {
        auto victim = m_blocks.end();
        for (auto entry = m_blocks.begin(); entry != m_blocks.end(); ++entry) {
            auto const &block = entry->second;
            if (!block.ready || block.readers != 0)
                continue;
            if (victim == m_blocks.end() ||
                std::pair(!block.used, block.touched) < std::pair(!victim->second.used, victim->second.touched))
                victim = entry;
        }
        if (victim == m_blocks.end())
            return;
        m_spare.push_back(std::move(victim->second.bytes));
        m_blocks.erase(victim);
    }
}

// Up to `most` blocks from `first` on, which is not there; ends before one that is.
BlockRun BlockCache::add(std::uint64_t first, std::uint64_t most)
{
    BlockRun run{first, 0};
    while (run.count < most && first + run.count < m_end && !m_blocks.contains(first + run.count)) {
        make_room();
        Block block;
        if (m_spare.empty()) {
            block.bytes = Buffer(m_block_size);
        } else {
            block.bytes = std::move(m_spare.back());
            m_spare.pop_back();
        }
        block.touched = ++m_clock;
        m_blocks.emplace(first + run.count, std::move(block));
        ++run.count;
    }
    return run;
}

void BlockCache::forget_what_was_ahead()
{
    for (auto &entry : m_blocks)
        entry.second.used = entry.second.used || entry.second.ready;
}

std::vector<BlockRun> BlockCache::ask(std::uint64_t number, std::uint64_t last)
{
    std::vector<BlockRun> runs;
    std::uint64_t const widest = m_capacity / 2;
    if (!m_blocks.contains(number)) {
        // Several threads read neighbouring pieces in any order, and a reader may leave small parts out.
        bool const near = number + widest >= m_next && number <= m_next + widest;
        if (near) {
            m_window = std::clamp(m_window * 2, smallest_window, std::max(widest, smallest_window));
        } else {
            m_window = 0;
            forget_what_was_ahead();
        }
        std::uint64_t const wanted = std::max(last - number + 1, std::min(m_window, stride));
        runs.push_back(add(number, std::clamp<std::uint64_t>(wanted, 1, std::max<std::size_t>(room(), 1))));
        std::uint64_t const behind = number + runs.back().count;
        m_next = near ? std::max(m_next, behind) : behind;
    }
    ++at(number).readers;
    // A quarter of the window at a time, so that requests do not become many and small.
    while (m_window != 0 && m_next < m_end && m_next < number + m_window) {
        std::uint64_t const missing = number + m_window - m_next;
        std::uint64_t const most = std::min({missing, stride, static_cast<std::uint64_t>(room())});
        bool const worth_it = most >= std::min({m_window / 4, stride, m_end - m_next});
        if (!worth_it || most == 0)
            break;
        // It pays: so the next time from further ahead.
        m_window = std::min(m_window * 2, std::max(widest, smallest_window));
        auto const run = add(m_next, most);
        m_next += std::max<std::uint64_t>(run.count, 1);
        if (run.count != 0)
            runs.push_back(run);
    }
    return runs;
}

}  // namespace imgport
