#include "batch/slurm_queue.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned most_submissions = 3;
constexpr unsigned usual_threads = 2;

// Where a user may have so many tasks only, smaller arrays may do.
bool is_too_many(const Error &error)
{
    std::string const said = to_lower(error.message);
    return said.find("limit") != std::string::npos || said.find("unable to accept job") != std::string::npos;
}

}  // namespace

bool SlurmQueue::tried_enough(std::size_t job) const
{
    auto const found = m_submissions.find(job);
    return found != m_submissions.end() && found->second >= most_submissions;
}

Result<std::optional<SubmittedArray>> SlurmQueue::submit(std::size_t running)
{
    unsigned const limit = m_ledger.options().jobs;
    if (m_jobs.empty() || (limit != 0 && running >= limit))
        return std::optional<SubmittedArray>();
    std::vector<SlurmEntry> entries;
    for (std::size_t i = 0; i < std::min(m_jobs.size(), m_most_tasks); ++i)
        entries.push_back({m_jobs[i], m_ledger.jobs()[m_jobs[i]].name});
    unsigned const number = m_next++;
    unsigned const at_once = throttle(running);
    auto const id = submit_array(number, entries, at_once);
    if (!id && entries.size() > 1 && is_too_many(id.error())) {
        m_most_tasks = entries.size() / 2;
        return std::optional<SubmittedArray>();
    }
    if (!id)
        return fail(id.error());
    for (auto const &entry : entries)
        ++m_submissions[entry.index];
    m_jobs.erase(m_jobs.begin(), m_jobs.begin() + static_cast<std::ptrdiff_t>(entries.size()));
    m_newest = *id;
    m_throttle = at_once;
    return SubmittedArray{.id = *id, .name = m_folder.name_of(number), .entries = std::move(entries)};
}

// What the newest array may run beside so many tasks of others; 0: no limit.
unsigned SlurmQueue::throttle(std::size_t others) const
{
    unsigned const limit = m_ledger.options().jobs;
    if (limit == 0)
        return 0;
    return others >= limit ? 1 : limit - static_cast<unsigned>(others);
}

void SlurmQueue::widen(std::size_t others)
{
    unsigned const wanted = throttle(others);
    if (m_newest == 0 || wanted <= m_throttle)
        return;
    m_throttle = wanted;
    set_slurm_throttle(m_newest, wanted);
}

Result<std::uint64_t> SlurmQueue::submit_array(unsigned number, const std::vector<SlurmEntry> &entries,
                                               unsigned at_once)
{
    auto const &options = m_ledger.options();
    auto command = options.slurm.program;
    if (options.timeout) {
        command.emplace_back("--timeout-per-image");
        command.push_back(std::to_string(options.timeout->count()));
    }
    if (auto stored = m_folder.store(number, entries, command); !stored)
        return fail(stored.error());
    auto id = submit_to_slurm({.name = m_folder.name_of(number),
                               .script = m_folder.script_of(number),
                               .folder = m_folder.output(),
                               .log_folder = m_folder.log_folder(),
                               .tasks = entries.size(),
                               .at_once = at_once,
                               .threads = options.threads == 0 ? usual_threads : options.threads,
                               .options = options.slurm.sbatch});
    if (id)
        return id;
    // The answer may have been lost, and the array not. One that is over had the same name in an earlier run.
    for (auto const &task : slurm_tasks({m_folder.name_of(number)}).value_or(std::vector<SlurmTask>())) {
        if (task.phase != SlurmPhase::over)
            return task.array;
    }
    m_folder.forget(number);
    return id;
}

}  // namespace imgport
