#include "batch/schedule.hpp"

#include <algorithm>

namespace imgport {
namespace {

std::uint64_t without(std::uint64_t have, std::uint64_t taken)
{
    return have > taken ? have - taken : 0;
}

// Half as many again as there are cores, over all jobs: a job looks into its guest, syncs and verifies on one thread,
// and what it leaves idle is another's.
unsigned threads_for(unsigned cores, std::size_t at_once)
{
    auto const share = (std::size_t{cores} * 3 / 2 + at_once - 1) / at_once;
    return static_cast<unsigned>(std::clamp<std::size_t>(share, 1, cores));
}

}  // namespace

unsigned slots(const MachineRoom &room)
{
    unsigned const cores = std::max(1U, room.cores);
    return room.most_jobs == 0 ? cores : room.most_jobs;
}

Decision decide(const MachineRoom &room, std::span<const JobNeed> running, std::span<const JobNeed> waiting)
{
    if (waiting.empty())
        return {.hold = Hold::empty};
    if (running.size() >= slots(room))
        return {.hold = Hold::busy};
    std::uint64_t disk = without(room.disk, room.disk_spared);
    std::uint64_t memory = without(room.memory, room.memory_spared);
    for (auto const &job : running) {
        disk = without(disk, job.disk);
        memory = without(memory, job.memory);
    }
    auto const fits = [&](const JobNeed &job) { return job.disk <= disk; };
    auto const found = std::find_if(waiting.begin(), waiting.end(), fits);
    if (found == waiting.end()) {
        auto const least = std::min_element(waiting.begin(), waiting.end(),
                                            [](auto const &a, auto const &b) { return a.disk < b.disk; });
        return {.hold = Hold::disk, .missing = without(least->disk, disk)};
    }
    if (!running.empty() && found->memory > memory)
        return {.hold = Hold::memory, .missing = found->memory - memory};
    std::size_t const at_once = std::min<std::size_t>(slots(room), running.size() + waiting.size());
    return {.start = static_cast<std::size_t>(found - waiting.begin()),
            .threads = threads_for(std::max(1U, room.cores), at_once)};
}

}  // namespace imgport
