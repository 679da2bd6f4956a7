// The blocks of a file that takes long to answer: which to ask for, which to keep. Knows neither threads nor the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "support/buffer.hpp"

namespace imgport {

// Neighbouring blocks.
struct BlockRun {
    std::uint64_t first = 0;
    std::uint64_t count = 0;

    friend bool operator==(const BlockRun &, const BlockRun &) = default;
};

class BlockCache {
public:
    struct Block {
        Buffer bytes;
        bool ready = false;    // else it was asked for
        bool used = false;     // somebody read it; what was fetched ahead and not yet read is kept longer
        unsigned readers = 0;  // that asked for it and have not given it back
        std::uint64_t touched = 0;
    };

    // `capacity` in blocks. Who waits for a block gets it even beyond that.
    BlockCache(std::uint64_t size, std::size_t block_size, std::size_t capacity);

    // What to ask for, in this order, because somebody reads block `number` and then those up to `last`: that block
    // itself where it is not there, and where blocks are read one after the other the next ones in advance. They count
    // as asked for from then on, and block `number` stays until it is given back.
    std::vector<BlockRun> ask(std::uint64_t number, std::uint64_t last);
    // By who asked for it: read, or no longer wanted.
    void give_back(std::uint64_t number);

    // One that somebody asked for, or that is on its way.
    Block &at(std::uint64_t number) { return m_blocks.at(number); }
    std::size_t length_of(std::uint64_t number) const;
    std::size_t held() const { return m_blocks.size(); }

private:
    std::size_t room() const;
    void make_room();
    BlockRun add(std::uint64_t first, std::uint64_t most);
    void forget_what_was_ahead();

    std::uint64_t m_size;
    std::size_t m_block_size;
    std::size_t m_capacity;
    std::uint64_t m_end;  // blocks
    std::map<std::uint64_t, Block> m_blocks;
    std::vector<Buffer> m_spare;
    std::uint64_t m_clock = 0;
    std::uint64_t m_next = 0;    // behind what was asked for last
    std::uint64_t m_window = 0;  // how many blocks to be ahead of the reader
};

}  // namespace imgport
