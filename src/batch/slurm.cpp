// The work of a run on Slurm: a job array whose tasks are `batch work` on the shared folder. Nothing is asked of a task
// but its result there. So a run that was killed can be taken up again while its tasks go on, and what a task says of
// itself by its exit code is of no account.
#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <sys/stat.h>

#include "batch/places.hpp"
#include "batch/run_parts.hpp"
#include "batch/slurm_calls.hpp"
#include "batch/slurm_folder.hpp"
#include "batch/slurm_queue.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int rest_per_answer = 20;
constexpr auto longest_rest = std::chrono::seconds(30);
// For tasks that were told to end.
constexpr auto leave = std::chrono::seconds(60);
constexpr std::size_t log_limit = std::size_t{1} << 20;

// Tells one version of a file from another that was put in its place.
struct FileMark {
    ino_t inode = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;

    static FileMark of(const std::string &path)
    {
        struct stat st {};
        if (::stat(path.c_str(), &st) != 0)
            return {};
        return {st.st_ino, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
    }
    friend bool operator==(const FileMark &, const FileMark &) = default;
};

struct Task {
    std::size_t index = 0;  // of its job
    FileMark before = {};   // the result that lay there when it was submitted
    bool adopted = false;   // from an earlier run
    bool running = false;
    std::string node = {};
    bool was_lost = false;
    bool hastened = false;
    Clock::time_point begun = {};
    std::optional<Clock::time_point> over = {};
};

class SlurmWork {
public:
    explicit SlurmWork(Ledger &ledger) : m_ledger(ledger), m_options(ledger.options()), m_folder(ledger.folder()) {}

    Result<void> run()
    {
        if (auto made = m_folder.make(); !made)
            return made;
        auto const most = most_slurm_tasks();
        if (!most)
            return fail(most.error());
        auto const numbers = m_folder.arrays();
        m_queue.emplace(m_ledger, m_folder, *most, numbers.empty() ? 1 : numbers.back() + 1);
        if (auto adopted = adopt(); !adopted)
            return adopted;
        if (auto followed = follow(); !followed)
            return followed;
        if (interrupted())
            call_back();
        if (m_tasks.empty()) {
            for (unsigned const number : m_folder.arrays())
                m_folder.forget(number);
        }
        return {};
    }

private:
    using Key = std::pair<std::uint64_t, std::uint64_t>;

    // Tasks of an earlier run that are still on their way, and queues what none of them does.
    Result<void> adopt()
    {
        std::map<std::string, unsigned> numbers;
        std::vector<std::string> names;
        for (unsigned const number : m_folder.arrays()) {
            names.push_back(m_folder.name_of(number));
            numbers[names.back()] = number;
        }
        auto const tasks = slurm_tasks(names);
        if (!tasks)
            return fail(tasks.error());
        std::map<std::string, std::vector<SlurmTask>> active;
        for (auto const &task : *tasks) {
            if (task.phase != SlurmPhase::over)
                active[task.name].push_back(task);
        }
        std::set<std::size_t> taken;
        for (auto const &[name, number] : numbers) {
            if (auto const found = active.find(name); found == active.end())
                m_folder.forget(number);
            else if (auto done = adopt_array(number, found->second, taken); !done)
                return done;
        }
        if (!m_tasks.empty())
            m_ledger.note(fmt::format("{} tasks of an earlier run are still on their way", m_tasks.size()));
        for (std::size_t const index : m_ledger.waiting()) {
            if (!taken.contains(index))
                m_queue->add(index);
        }
        return {};
    }

    Result<void> adopt_array(unsigned number, const std::vector<SlurmTask> &tasks, std::set<std::size_t> &taken)
    {
        auto const entries = m_folder.entries_of(number);
        bool const same =
            entries && std::all_of(entries->begin(), entries->end(), [&](const SlurmEntry &entry) {
                return entry.index < m_ledger.jobs().size() && m_ledger.jobs()[entry.index].name == entry.job;
            });
        if (!same) {
            m_ledger.note("the list is another one than that of the tasks on their way: they are cancelled");
            return cancel_on_slurm({tasks.front().array}, false);
        }
        auto const &waiting = m_ledger.waiting();
        for (auto const &task : tasks) {
            if (task.number == 0 || task.number > entries->size())
                continue;
            std::size_t const index = (*entries)[task.number - 1].index;
            if (std::find(waiting.begin(), waiting.end(), index) != waiting.end() && taken.insert(index).second)
                expect_task({task.array, task.number}, index, m_folder.name_of(number)).adopted = true;
        }
        return {};
    }

    Task &expect_task(Key key, std::size_t index, const std::string &name)
    {
        m_names[key.first] = name;
        return m_tasks[key] = {.index = index, .before = FileMark::of(result_path(index))};
    }

    std::string result_path(std::size_t index) const { return m_ledger.folder().result(m_ledger.jobs()[index].name); }

    // ---------------------------------------------------------------------------------------------------- submission

    Result<void> follow()
    {
        while (!interrupted()) {
            m_ledger.beat();
            if (interrupted())
                break;
            if (m_ledger.draining())
                withdraw_pending();
            else if (auto submitted = submit(); !submitted)
                return submitted;
            if (m_tasks.empty() && (m_queue->empty() || m_ledger.draining()))
                break;
            rest();
            poll();
            m_can_write = m_ledger.write_down(false);
        }
        return {};
    }

    std::size_t running_tasks() const
    {
        return static_cast<std::size_t>(
            std::count_if(m_tasks.begin(), m_tasks.end(), [](auto const &one) { return one.second.running; }));
    }

    // One array at a time has tasks that wait, so that its limit is that of the batch.
    Result<void> submit()
    {
        auto const running = static_cast<std::size_t>(
            std::count_if(m_tasks.begin(), m_tasks.end(), [](auto const &one) { return one.second.running; }));
        if (!m_can_write || running < m_tasks.size())
            return {};
        auto const array = m_queue->submit(running);
        if (!array) {
            // Where tasks are on their way it is tried again, else that is the end.
            if (m_tasks.empty())
                return fail(array.error());
            say_once(array.error());
            return {};
        }
        if (!*array)
            return {};
        auto const &[id, name, entries] = **array;
        for (std::size_t i = 0; i < entries.size(); ++i)
            expect_task({id, i + 1}, entries[i].index, name);
        m_said.clear();
        m_ledger.note(fmt::format("Slurm job {}: {} images", id, entries.size()));
        return {};
    }

    void say_once(const Error &error)
    {
        if (error.message != m_said)
            m_ledger.note(describe(error));
        m_said = error.message;
    }

    std::vector<std::uint64_t> arrays() const
    {
        std::vector<std::uint64_t> ids;
        for (auto const &[key, task] : m_tasks) {
            if (ids.empty() || ids.back() != key.first)
                ids.push_back(key.first);
        }
        return ids;
    }

    void withdraw_pending()
    {
        if (m_withdrawn)
            return;
        auto const cancelled = cancel_on_slurm(arrays(), true);
        m_withdrawn = cancelled.has_value();
        if (!cancelled)
            say_once(cancelled.error());
    }

    // The run is to stop at once: its tasks with it.
    void call_back()
    {
        if (auto cancelled = cancel_on_slurm(arrays(), false); !cancelled)
            m_ledger.note(describe(cancelled.error()));
        auto const deadline = Clock::now() + leave;
        while (!m_tasks.empty() && Clock::now() < deadline) {
            std::this_thread::sleep_for(m_options.slurm.pace);
            poll();
        }
    }

    // ------------------------------------------------------------------------------------------------------ following

    void rest()
    {
        auto const until = Clock::now() + std::clamp<Clock::duration>(m_answer_took * rest_per_answer,
                                                                      m_options.slurm.pace, longest_rest);
        while (!interrupted() && Clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            m_ledger.beat();
        }
    }

    void poll()
    {
        std::vector<std::string> names;
        for (std::uint64_t const id : arrays())
            names.push_back(m_names[id]);
        auto const begun = Clock::now();
        auto const answer = slurm_tasks(names);
        m_answer_took = Clock::now() - begun;
        if (!answer) {
            // Its controller may be restarting; the tasks go on.
            say_once(answer.error());
            m_ledger.waits_for("Slurm: " + answer.error().message);
            return;
        }
        m_ledger.waits_for({});
        std::set<Key> seen;
        for (auto const &task : *answer) {
            Key const key{task.array, task.number};
            seen.insert(key);
            if (auto const found = m_tasks.find(key); found != m_tasks.end())
                update(found->second, task);
        }
        for (auto const &[key, task] : std::map(m_tasks)) {
            if (!seen.contains(key))
                update(m_tasks.at(key), {.array = key.first,
                                         .number = key.second,
                                         .phase = SlurmPhase::over,
                                         .state = "no longer known to Slurm"});
        }
        // The last tasks of older arrays end, and the newest one may take their places.
        m_queue->widen(static_cast<std::size_t>(std::count_if(
            m_tasks.begin(), m_tasks.end(), [&](auto const &one) { return one.first.first != m_queue->newest(); })));
    }

    void update(Task &task, const SlurmTask &news)
    {
        switch (news.phase) {
        case SlurmPhase::pending:
            task.over.reset();  // a lost node's task is over for a moment before it waits again
            if (task.running)
                lost(task);
            if (task.was_lost && news.reason == "BeginTime" && !std::exchange(task.hastened, true))
                hasten_on_slurm(news);
            m_ledger.waits_for("Slurm: " + printable(news.reason, 100));
            break;
        case SlurmPhase::running:
            task.over.reset();
            start(task, news);
            break;
        case SlurmPhase::over: end(task, news); break;
        }
    }

    void lost(Task &task)
    {
        task.running = false;
        task.was_lost = true;
        m_ledger.put_back(task.index, fmt::format("{} was lost, Slurm starts it anew", printable(task.node, 100)));
    }

    void start(Task &task, const SlurmTask &news)
    {
        // Between two looks it may have waited for another node.
        if (task.running && !news.node.empty() && task.node != news.node)
            lost(task);
        if (task.running)
            return;
        task.running = true;
        task.node = news.node;
        task.hastened = false;
        task.begun = Clock::now();
        m_ledger.started(task.index, news.node);
    }

    // The job's result, if its task has one to show. What lay there before is one where it is the job's last word: a
    // task that found its image finished wrote nothing.
    std::optional<BatchResult> result_of_task(const Task &task) const
    {
        auto result = read_result(m_ledger.folder(), m_ledger.jobs()[task.index].name);
        if (!result)
            return result;
        auto const &fingerprint = m_ledger.course(task.index).fingerprint;
        if (FileMark::of(result_path(task.index)) == task.before)
            return settles(m_ledger.folder(), *result, fingerprint) ? std::move(result) : std::nullopt;
        // Of what was submitted before this run, the source or the options may be others by now.
        if (task.adopted && result->fingerprint != fingerprint) {
            result->again = true;
            result->reason = "was done with another source or other options";
        }
        return result;
    }

    void end(Task &task, const SlurmTask &news)
    {
        auto result = result_of_task(task);
        bool const cancelled = news.state == "CANCELLED";
        bool const stopping = interrupted() || m_ledger.draining();
        if (!result && !cancelled) {
            if (!task.over)
                task.over = Clock::now();
            if (Clock::now() - *task.over < m_options.slurm.arrival)
                return;
        }
        Task const ended = task;
        m_tasks.erase({news.array, news.number});  // `task` is gone with it
        if (!result && stopping) {
            if (ended.running)
                m_ledger.put_back(ended.index, {});
            return;
        }
        if (!ended.running)
            m_ledger.started(ended.index, news.node);
        auto const &job = m_ledger.jobs()[ended.index];
        if (!result) {
            result = result_of_crash(job, m_ledger.course(ended.index).fingerprint, story_of(news), true);
            take_over_files(m_ledger.folder(), read_result(m_ledger.folder(), job.name), *result);
            [[maybe_unused]] auto const written = write_result(m_ledger.folder(), *result);
        }
        // What the user has to mend is no better on another node.
        bool const users_turn = result->exit_code == exit_code(ErrorCode::usage);
        bool const another_try = result->again && !users_turn && !cancelled && !stopping &&
                                 !for_want_of_space(result->reason) && !m_queue->tried_enough(ended.index);
        if (another_try) {
            m_ledger.put_back(ended.index, result->reason);
            m_queue->add(ended.index);
            return;
        }
        m_ledger.ended(ended.index, *result,
                       ended.running ? std::chrono::duration<double>(Clock::now() - ended.begun).count() : 0);
    }

    // Of a task that left no result.
    std::string story_of(const SlurmTask &news) const
    {
        if (news.state == "CANCELLED")
            return "was cancelled in Slurm";
        std::string story = fmt::format("its task ended without a result: {}{}", printable(news.state, 40),
                                        news.node.empty() ? "" : " on " + printable(news.node, 100));
        auto const log = read_text_file(m_folder.log_of(news), log_limit);
        auto const lines = log ? lines_of(*log) : std::vector<std::string_view>();
        return lines.empty() ? story : story + ": " + printable(trim(lines.back()), 300);
    }

    Ledger &m_ledger;
    const BatchOptions &m_options;
    SlurmFolder m_folder;
    std::map<Key, Task> m_tasks;                   // on their way
    std::map<std::uint64_t, std::string> m_names;  // of arrays, by their id
    std::optional<SlurmQueue> m_queue;
    Clock::duration m_answer_took = {};
    std::string m_said;
    bool m_withdrawn = false;
    bool m_can_write = true;
};

}  // namespace

Result<void> work_on_slurm(Ledger &ledger)
{
    return SlurmWork(ledger).run();
}

Result<bool> cancel_slurm_arrays(const BatchFolder &batch, bool pending_only)
{
    SlurmFolder const folder(batch);
    std::vector<std::string> names;
    for (unsigned const number : folder.arrays())
        names.push_back(folder.name_of(number));
    auto const tasks = slurm_tasks(names);
    if (!tasks)
        return fail(tasks.error());
    std::set<std::uint64_t> ids;
    for (auto const &task : *tasks) {
        if (task.phase != SlurmPhase::over)
            ids.insert(task.array);
    }
    if (auto cancelled = cancel_on_slurm({ids.begin(), ids.end()}, pending_only); !cancelled)
        return fail(cancelled.error());
    return !ids.empty();
}

}  // namespace imgport
