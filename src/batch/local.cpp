// The work of a run on this machine: a process per image, as many as cores, memory and disk space allow.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "batch/ledger.hpp"
#include "batch/machine.hpp"
#include "batch/places.hpp"
#include "batch/run_parts.hpp"
#include "batch/schedule.hpp"
#include "batch/slot.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto pace = std::chrono::milliseconds(200);
constexpr auto slow_pace = std::chrono::seconds(1);
// What a worker takes at most where the appliance is not needed, buffers of the compressor included.
constexpr std::uint64_t memory_of_worker = std::uint64_t{192} << 20;
constexpr std::uint64_t memory_spared = std::uint64_t{128} << 20;
// For manifests, results and the journal.
constexpr std::uint64_t disk_spared = std::uint64_t{16} << 20;
// Where something runs, it is not worth while to look further down a list for what would fit.
constexpr std::size_t looked_at = 64;
constexpr unsigned most_tries_for_space = 3;

class LocalWork {
public:
    explicit LocalWork(Ledger &ledger) : m_ledger(ledger), m_options(ledger.options()) {}

    void run()
    {
        while (!interrupted()) {
            if (!m_ledger.draining())
                start_what_fits();
            if (m_workers.empty() && (m_ledger.waiting().empty() || m_ledger.draining() || m_stuck))
                break;
            // What takes its time is done while workers are at theirs.
            m_ledger.beat();
            listen(m_workers.empty() ? slow_pace : pace);
        }
        // Interrupted: the workers are told so by their threads, which then end.
        while (!m_workers.empty())
            listen(pace);
    }

private:
    void listen(std::chrono::milliseconds patience)
    {
        for (auto &news : m_mailbox.take(patience)) {
            if (news.end)
                ended(news.job, *news.end);
            else
                m_ledger.heard(news.job, news.line);
        }
        m_can_write = m_ledger.write_down(false);
    }

    MachineRoom room() const
    {
        return {.cores = m_cores,
                .most_jobs = m_options.jobs,
                .memory = available_memory(),
                .disk = free_space(m_ledger.folder().output()).value_or(~std::uint64_t{0}),
                .memory_spared = memory_spared,
                .disk_spared = disk_spared};
    }

    static JobNeed need_of_running(const Course &course)
    {
        // What a job has written is no longer free, and what it has taken of memory neither.
        double const left = 1 - std::min(1.0, course.status.fraction / 0.7);
        bool const fresh = Clock::now() - course.begun < std::chrono::seconds(3);
        return {static_cast<std::uint64_t>(static_cast<double>(course.reserve) * left), fresh ? memory_of_worker : 0};
    }

    void start_what_fits()
    {
        auto const &waiting = m_ledger.waiting();
        m_ledger.waits_for({});
        m_stuck = false;
        while (!waiting.empty() && m_can_write && !interrupted()) {
            if (m_workers.size() >= slots({.cores = m_cores, .most_jobs = m_options.jobs}))
                return;
            std::vector<JobNeed> running;
            for (std::size_t const index : m_ledger.running())
                running.push_back(need_of_running(m_ledger.course(index)));
            std::size_t const window = m_workers.empty() ? waiting.size() : std::min(waiting.size(), looked_at);
            std::vector<JobNeed> needs;
            for (std::size_t i = 0; i < window; ++i)
                needs.push_back({m_ledger.course(waiting[i]).reserve, memory_of_worker});
            auto const decision = decide(room(), running, needs);
            if (!decision.start) {
                say_why(decision);
                return;
            }
            start(waiting[*decision.start], decision.threads);
        }
        m_stuck = !m_can_write && m_workers.empty() && !m_options.wait_for_space;
    }

    void say_why(const Decision &decision)
    {
        if (decision.hold == Hold::memory)
            m_ledger.waits_for(fmt::format("memory: {} more", human_size(decision.missing)));
        if (decision.hold != Hold::disk)
            return;
        std::string const space =
            fmt::format("space in {}: {} more", printable(m_ledger.folder().output()), human_size(decision.missing));
        m_ledger.waits_for(space);
        m_stuck = m_workers.empty() && !m_options.wait_for_space;
        if (m_workers.empty() && !m_said_full) {
            m_said_full = true;
            m_ledger.note(fmt::format("{} images wait for {}{}", m_ledger.waiting().size(), space,
                                      m_stuck ? "; make room and run the same again, or use --wait-for-space" : ""));
        }
    }

    void start(std::size_t index, unsigned threads)
    {
        m_ledger.started(index);
        m_workers.emplace_back(
            index, start_worker({.job = index,
                                 .command = worker_command(m_options.worker, m_options.output_dir, index, threads),
                                 .timeout = m_options.timeout},
                                m_mailbox));
        m_said_full = false;
    }

    // It needs more than there was, some times: then that is its outcome. It waits for more than there is now only
    // where that is little. Else others may have had the room for a while, or it is another volume that is full
    // (temporary files, a destination): waiting for room here would never end.
    bool tries_for_space(std::size_t index)
    {
        auto const &course = m_ledger.course(index);
        std::uint64_t const free = free_space(m_ledger.folder().output()).value_or(0);
        std::uint64_t const more = course.reserve + course.reserve / 2;
        if (++m_tries_for_space[index] >= most_tries_for_space)
            return false;
        m_ledger.reserve(index, free < more + disk_spared ? std::max(more, free + disk_spared) : more);
        return true;
    }

    void ended(std::size_t index, const WorkerEnd &end)
    {
        // Joins its thread, which has nothing more to do.
        std::erase_if(m_workers, [&](auto const &worker) { return worker.first == index; });
        if (end.stopped) {
            m_ledger.put_back(index, {});
            return;
        }
        auto const &course = m_ledger.course(index);
        auto const result = result_of_end(m_ledger.folder(), *course.job, course.fingerprint, end);
        if (m_options.wait_for_space && result.again && for_want_of_space(result.reason) && tries_for_space(index)) {
            m_ledger.put_back(index, result.reason);
            return;
        }
        m_ledger.ended(index, result, end.seconds);
    }

    Ledger &m_ledger;
    const BatchOptions &m_options;
    unsigned m_cores = m_options.threads != 0 ? m_options.threads : usable_cores();
    Mailbox m_mailbox;
    std::vector<std::pair<std::size_t, std::jthread>> m_workers;
    std::map<std::size_t, unsigned> m_tries_for_space;
    bool m_stuck = false;
    bool m_said_full = false;
    bool m_can_write = true;
};

}  // namespace

void work_here(Ledger &ledger)
{
    LocalWork(ledger).run();
}

}  // namespace imgport
