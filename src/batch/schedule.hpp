// Which job is started next, and with how many threads: a pure function of what the machine has and what is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace imgport {

// What a job needs while it runs.
struct JobNeed {
    std::uint64_t disk = 0;    // bytes of the output volume that it will still take
    std::uint64_t memory = 0;  // bytes that it will still take
};

struct MachineRoom {
    unsigned cores = 1;
    unsigned most_jobs = 0;           // 0: no limit but the machine's
    std::uint64_t memory = 0;         // bytes available now
    std::uint64_t disk = 0;           // bytes free now on the output volume
    std::uint64_t memory_spared = 0;  // bytes that are left to others
    std::uint64_t disk_spared = 0;
};

enum class Hold {
    none,    // something is started
    empty,   // nothing waits
    busy,    // as many as may run are running
    memory,  // what is running must end first
    disk,    // likewise; or, where nothing runs, there must be more space
};

struct Decision {
    std::optional<std::size_t> start = {};  // an index into the waiting ones
    unsigned threads = 1;
    Hold hold = Hold::none;
    std::uint64_t missing = 0;  // bytes, where nothing is started for want of them
};

// The first that fits, in their order. Where nothing runs, memory holds nobody back: a job alone may always try.
Decision decide(const MachineRoom &room, std::span<const JobNeed> running, std::span<const JobNeed> waiting);

// How many jobs run at once where nothing but cores and the user's limit counts.
unsigned slots(const MachineRoom &room);

}  // namespace imgport
