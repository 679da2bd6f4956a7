// The jobs of a run on Slurm that have no task yet, and the job arrays that are made of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "batch/ledger.hpp"
#include "batch/slurm_folder.hpp"

namespace imgport {

struct SubmittedArray {
    std::uint64_t id = 0;
    std::string name;
    std::vector<SlurmEntry> entries;  // of its tasks 1, 2, ...
};

class SlurmQueue {
public:
    // `most_tasks`: of an array; `first`: the number of the next one.
    SlurmQueue(const Ledger &ledger, const SlurmFolder &folder, std::size_t most_tasks, unsigned first)
        : m_ledger(ledger), m_folder(folder), m_most_tasks(most_tasks), m_next(first)
    {}

    void add(std::size_t job) { m_jobs.push_back(job); }  // an index into the list
    bool empty() const { return m_jobs.empty(); }
    // Whether it was submitted so often that this is enough.
    bool tried_enough(std::size_t job) const;

    // As many of the jobs as an array takes, to run beside so many tasks of others. nullopt: there is nothing to
    // submit, or no room, or Slurm did not take so many; the next one is smaller. An error: Slurm took none.
    Result<std::optional<SubmittedArray>> submit(std::size_t running);

    // The newest array may run more at once where fewer tasks of others are left.
    void widen(std::size_t others);
    std::uint64_t newest() const { return m_newest; }  // 0: there is none

private:
    unsigned throttle(std::size_t others) const;
    Result<std::uint64_t> submit_array(unsigned number, const std::vector<SlurmEntry> &entries, unsigned at_once);

    const Ledger &m_ledger;
    const SlurmFolder &m_folder;
    std::size_t m_most_tasks;
    unsigned m_next;
    std::vector<std::size_t> m_jobs;
    std::map<std::size_t, unsigned> m_submissions;  // of a job
    std::uint64_t m_newest = 0;
    unsigned m_throttle = 0;  // of the newest
};

}  // namespace imgport
