// The run: what is finished is left alone, the rest is done by workers, and each change is told to the journal first.
#include "batch/run.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include <imgport/version.hpp>

#include "batch/estimate.hpp"
#include "batch/fingerprint.hpp"
#include "batch/machine.hpp"
#include "batch/schedule.hpp"
#include "batch/slot.hpp"
#include "support/json_fields.hpp"

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

// One job's way through the run.
struct Course {
    const BatchJob *job = nullptr;
    std::string fingerprint = {};
    JobStatus status = {};
    std::uint64_t reserve = 0;
    unsigned tries_for_space = 0;
    Clock::time_point begun = {};
};

class Run {
public:
    Run(const std::vector<BatchJob> &jobs, const BatchOptions &options, BatchWatcher &watcher)
        : m_jobs(jobs), m_options(options), m_watcher(watcher), m_folder(options.output_dir)
    {}

    Result<BatchOutcome> run()
    {
        if (auto ready = begin(); !ready)
            return fail(ready.error());
        loop();
        return end();
    }

private:
    Result<void> begin()
    {
        if (auto made = m_folder.make(); !made)
            return made;
        auto lock = FileLock::take_within(m_folder.run_lock(), std::chrono::seconds(2));
        if (!lock)
            return fail(lock.error());
        if (!*lock)
            return fail({.code = ErrorCode::environment,
                         .message = "another run is at work there",
                         .file = m_folder.output(),
                         .hint = fmt::format("imgport batch status {} tells of it", m_folder.output())});
        m_lock = std::move(*lock);
        ::unlink(m_folder.cancel().c_str());
        auto records = read_batch_journal(m_folder.journal());
        if (!records)
            return fail(records.error());
        if (records->broken_lines > 0)
            m_watcher.note(fmt::format("{}: {} torn lines are left out", m_folder.journal(), records->broken_lines));
        auto journal = Journal::open(m_folder.journal());
        if (!journal)
            return fail(journal.error());
        m_journal = std::move(*journal);
        if (auto known = check_retry(); !known)
            return known;
        if (auto done = take_stock(*records); !done)
            return done;
        if (auto stored = store_jobs(m_folder, m_jobs); !stored)
            return stored;
        m_journal->append({.event = "run",
                           .tool = std::string("imgport ") + version(),
                           .host = host_name(),
                           .pid = static_cast<std::uint64_t>(::getpid()),
                           .images = m_jobs.size()});
        m_begun = Clock::now();
        if (auto const finished = m_status.done + m_status.failed; finished > 0)
            m_watcher.note(fmt::format("{} of {} images are finished already", finished, m_status.images));
        return m_journal->flush(true);
    }

    Result<void> check_retry() const
    {
        std::vector<std::string> names;
        for (auto const &job : m_jobs)
            names.push_back(job.name);
        for (auto const &name : m_options.retry) {
            if (std::find(names.begin(), names.end(), name) != names.end())
                continue;
            std::string const near = nearest(name, names);
            return fail({.code = ErrorCode::usage,
                         .message = fmt::format("no image of the list is called '{}'", printable(name)),
                         .hint = near.empty() ? std::string() : fmt::format("did you mean {}?", near)});
        }
        return {};
    }

    // What is finished, what was finished without its line, and what is left.
    Result<void> take_stock(const JournalRecords &records)
    {
        Fingerprints fingerprints;
        std::vector<std::string> cut_short;
        m_courses.resize(m_jobs.size());
        for (std::size_t i = 0; i < m_jobs.size(); ++i) {
            auto &course = m_courses[i];
            auto const &job = m_jobs[i];
            course.job = &job;
            course.fingerprint = fingerprints.of(job);
            course.status.name = job.name;
            course.status.path = job.path;
            course.status.source_bytes = source_bytes(job);
            auto const meaning = m_options.meaning(job);
            if (!meaning)
                return fail(meaning.error());
            course.reserve = reserve_for(job.path, course.status.source_bytes, *meaning);
            m_status.bytes += course.status.source_bytes;
            auto const found = records.jobs.find(job.name);
            JobRecord record = found == records.jobs.end() ? JobRecord{} : found->second;
            course.status.attempts = record.attempts;
            if (record.state == JobState::running)
                cut_short.push_back(job.name);
            if (wanted_again(course, record) || !settled(course, record))
                m_waiting.push_back(i);
        }
        m_status.images = m_jobs.size();
        remove_leftovers(m_folder, cut_short);
        return {};
    }

    bool wanted_again(const Course &course, const JobRecord &record)
    {
        bool const named =
            std::find(m_options.retry.begin(), m_options.retry.end(), course.job->name) != m_options.retry.end();
        bool const failed = m_options.retry_failed && record.state == JobState::failed;
        if (!named && !failed)
            return false;
        // The result first: a worker would take it for finished.
        if (auto result = read_result(m_folder, course.job->name); result && !result->again) {
            result->again = true;
            [[maybe_unused]] auto const written = write_result(m_folder, *result);
        }
        m_journal->append({.event = "retry", .job = course.job->name});
        return true;
    }

    bool settled(Course &course, const JobRecord &record)
    {
        bool const ended = record.state == JobState::done || record.state == JobState::failed;
        if (ended && record.fingerprint == course.fingerprint && !record.again && files_there(m_folder, record.files)) {
            count_end(course, record.exit_code, record.verdict, record.reason, false, record.files);
            course.status.seconds = record.seconds;
            return true;
        }
        auto const result = read_result(m_folder, course.job->name);
        if (!result || result->fingerprint != course.fingerprint || result->again ||
            !files_there(m_folder, result->files))
            return false;
        auto line = end_line(*result, 0);
        line.recovered = true;
        m_journal->append(line);
        count_end(course, result->exit_code, result->verdict, result->reason, false, result->files);
        return true;
    }

    void count_end(Course &course, int exit_code, const std::string &verdict, const std::string &reason, bool again,
                   const std::vector<RecordedFile> &files)
    {
        auto &status = course.status;
        status.state = exit_code == 0 ? JobState::done : JobState::failed;
        status.exit_code = exit_code;
        status.verdict = verdict;
        status.reason = reason;
        status.again = again;
        status.stage.clear();
        status.fraction = 1;
        status.artifact_bytes = 0;
        for (auto const &file : files)
            status.artifact_bytes += file.size;
        ++(exit_code == 0 ? m_status.done : m_status.failed);
        m_bytes_ended += status.source_bytes;
    }

    // -------------------------------------------------------------------------------------------------- the loop

    void loop()
    {
        m_bytes_before = m_bytes_ended;
        while (!interrupted()) {
            look_for_cancel();
            if (!m_draining)
                start_what_fits();
            if (m_running.empty() && (m_waiting.empty() || m_draining || m_stuck))
                break;
            // What takes its time is done while workers are at theirs.
            now_and_then();
            bool const idle = m_running.empty();
            for (auto &news : m_mailbox.take(idle ? slow_pace : pace))
                hear(news);
            write_down(false);
        }
        // Interrupted: the workers are told so by their threads, which then end.
        while (!m_running.empty()) {
            for (auto &news : m_mailbox.take(pace))
                hear(news);
            write_down(false);
        }
    }

    void look_for_cancel()
    {
        if (Clock::now() < m_next_look)
            return;
        m_next_look = Clock::now() + slow_pace;
        auto const word = read_text_file(m_folder.cancel(), 64);
        if (!word)
            return;
        m_draining = true;
        if (trim(*word) != "finish-running")
            request_interrupt();
    }

    MachineRoom room() const
    {
        return {.cores = m_cores,
                .most_jobs = m_options.jobs,
                .memory = available_memory(),
                .disk = free_space(m_folder.output()).value_or(~std::uint64_t{0}),
                .memory_spared = memory_spared,
                .disk_spared = disk_spared};
    }

    JobNeed need_of_running(const Course &course) const
    {
        // What a job has written is no longer free, and what it has taken of memory neither.
        double const left = 1 - std::min(1.0, course.status.fraction / 0.7);
        bool const fresh = Clock::now() - course.begun < std::chrono::seconds(3);
        return {static_cast<std::uint64_t>(static_cast<double>(course.reserve) * left), fresh ? memory_of_worker : 0};
    }

    void start_what_fits()
    {
        m_status.waiting_for.clear();
        m_stuck = false;
        while (!m_waiting.empty() && m_journal_works && !interrupted()) {
            if (m_running.size() >= slots({.cores = m_cores, .most_jobs = m_options.jobs}))
                return;
            std::vector<JobNeed> running;
            for (auto const &[index, thread] : m_running)
                running.push_back(need_of_running(m_courses[index]));
            std::size_t const window = m_running.empty() ? m_waiting.size() : std::min(m_waiting.size(), looked_at);
            std::vector<JobNeed> waiting;
            for (std::size_t i = 0; i < window; ++i)
                waiting.push_back({m_courses[m_waiting[i]].reserve, memory_of_worker});
            auto const decision = decide(room(), running, waiting);
            if (!decision.start) {
                say_why(decision);
                return;
            }
            start(*decision.start, decision.threads);
        }
        m_stuck = !m_journal_works && m_running.empty() && !m_options.wait_for_space;
    }

    void say_why(const Decision &decision)
    {
        if (decision.hold == Hold::memory)
            m_status.waiting_for = fmt::format("memory: {} more", human_size(decision.missing));
        if (decision.hold != Hold::disk)
            return;
        m_status.waiting_for =
            fmt::format("space in {}: {} more", printable(m_folder.output()), human_size(decision.missing));
        m_stuck = m_running.empty() && !m_options.wait_for_space;
        if (m_running.empty() && !m_said_full) {
            m_said_full = true;
            m_watcher.note(fmt::format("{} images wait for {}{}", m_waiting.size(), m_status.waiting_for,
                                       m_stuck ? "; make room and run the same again, or use --wait-for-space" : ""));
        }
    }

    void start(std::size_t place, unsigned threads)
    {
        std::size_t const index = m_waiting[place];
        m_waiting.erase(m_waiting.begin() + static_cast<std::ptrdiff_t>(place));
        auto &course = m_courses[index];
        course.begun = Clock::now();
        course.status.state = JobState::running;
        course.status.stage = "start";
        course.status.fraction = 0;
        ++course.status.attempts;
        m_journal->append({.event = "start", .job = course.job->name, .fingerprint = course.fingerprint});
        write_down(false);
        WorkerStart worker{.job = index, .command = m_options.worker, .timeout = m_options.timeout};
        for (auto const &word : {std::string("--output"), m_folder.output(), std::string("--index"),
                                 std::to_string(index), std::string("--threads"), std::to_string(threads)})
            worker.command.push_back(word);
        m_running.emplace_back(index, start_worker(std::move(worker), m_mailbox));
        m_said_full = false;
        tell(course);
    }

    void hear(WorkerNews &news)
    {
        auto &course = m_courses[news.job];
        if (news.end) {
            ended(news.job, *news.end);
            return;
        }
        if (!news.line.note.empty())
            m_watcher.remark(course.status, news.line.note);
        if (!news.line.stage.empty())
            course.status.stage = news.line.stage;
        // It never goes back, whatever order the stages come in.
        if (!news.line.stage.empty() || news.line.fraction)
            course.status.fraction =
                std::max(course.status.fraction, fraction_of_job(course.status.stage, news.line.fraction.value_or(0)));
    }

    void ended(std::size_t index, WorkerEnd &end)
    {
        auto &course = m_courses[index];
        auto const found =
            std::find_if(m_running.begin(), m_running.end(), [&](auto const &one) { return one.first == index; });
        m_running.erase(found);  // joins its thread, which has nothing more to do
        course.status.seconds = end.seconds;
        if (end.stopped) {
            course.status.state = JobState::waiting;
            m_journal->append({.event = "stopped", .job = course.job->name});
            return;
        }
        bool const told = end.result.has_value();
        BatchResult result =
            told ? std::move(*end.result) : result_of_crash(*course.job, course.fingerprint, end.reason, end.again);
        if (!told)
            result.exit_code = end.exit_code;
        if (result.fingerprint.empty())
            result.fingerprint = course.fingerprint;
        if (!told) {
            // A full disk: the journal says it too.
            [[maybe_unused]] auto const written = write_result(m_folder, result);
        }
        m_journal->append(end_line(result, end.seconds));
        if (m_options.wait_for_space && result.again && for_want_of_space(result.reason) &&
            ++course.tries_for_space < most_tries_for_space) {
            // It needs more than there was.
            course.reserve =
                std::max(course.reserve + course.reserve / 2, free_space(m_folder.output()).value_or(0) + disk_spared);
            course.status.state = JobState::waiting;
            course.status.reason = result.reason;
            m_waiting.push_back(index);
            tell(course);
            return;
        }
        count_end(course, result.exit_code, result.verdict, result.reason, result.again, result.files);
        tell(course);
    }

    void tell(const Course &course)
    {
        refresh();
        m_watcher.changed(course.status, m_status);
    }

    void refresh()
    {
        m_status.active = true;
        m_status.running = m_running.size();
        m_status.left = m_status.images - m_status.done - m_status.failed;
        m_status.seconds = std::chrono::duration<double>(Clock::now() - m_begun).count();
        m_status.jobs.clear();
        double now = 0;
        for (auto const &[index, thread] : m_running) {
            auto &status = m_courses[index].status;
            status.seconds = std::chrono::duration<double>(Clock::now() - m_courses[index].begun).count();
            now += status.fraction * static_cast<double>(status.source_bytes);
            m_status.jobs.push_back(status);
        }
        m_status.bytes_done = m_bytes_ended + static_cast<std::uint64_t>(now);
        double const done_here = static_cast<double>(m_status.bytes_done - m_bytes_before);
        m_status.seconds_left.reset();
        if (done_here > 0 && m_status.seconds > 1)
            m_status.seconds_left =
                static_cast<double>(m_status.bytes - m_status.bytes_done) * m_status.seconds / done_here;
    }

    void write_down(bool sync)
    {
        auto const flushed = m_journal->flush(sync);
        if (!flushed && m_journal_works)
            m_watcher.note(describe(flushed.error()));
        m_journal_works = flushed.has_value();
    }

    // The journal is made to survive a power cut, which may wait a second: results are synced by those who made them.
    void now_and_then()
    {
        if (Clock::now() < m_next_sync)
            return;
        write_down(true);
        m_next_sync = Clock::now() + slow_pace;
        refresh();
        m_watcher.tick(m_status);
        publish();
    }

    // For `status`, in one step, and lost without harm.
    void publish() const
    {
        std::string const temporary = m_folder.progress() + ".new";
        std::FILE *const file = std::fopen(temporary.c_str(), "we");
        if (file == nullptr)
            return;
        std::string const text = to_json(m_status).dump() + "\n";
        bool const written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
        if (std::fclose(file) == 0 && written)
            ::rename(temporary.c_str(), m_folder.progress().c_str());
    }

    // ---------------------------------------------------------------------------------------------------- the end

    BatchOutcome end()
    {
        m_journal->append({.event = "stop",
                           .reason = interrupted()        ? "interrupted"
                                     : m_draining         ? "told to stop"
                                     : !m_waiting.empty() ? "waiting for " + m_status.waiting_for
                                                          : "finished"});
        auto const flushed = m_journal->flush(true);
        ::unlink(m_folder.progress().c_str());
        ::unlink(m_folder.cancel().c_str());
        refresh();
        BatchOutcome outcome;
        std::vector<int> codes;
        m_status.active = false;
        m_status.jobs.clear();
        for (auto const &course : m_courses) {
            m_status.jobs.push_back(course.status);
            if (course.status.state == JobState::failed)
                codes.push_back(course.status.exit_code);
        }
        if (interrupted() || m_draining)
            codes.push_back(exit_code(ErrorCode::interrupted));
        if (!flushed)
            m_watcher.note(describe(flushed.error()));
        if (!flushed || m_status.left > 0)
            codes.push_back(exit_code(ErrorCode::environment));
        outcome.status = m_status;
        outcome.exit_code = worst_exit_code(codes);
        return outcome;
    }

    const std::vector<BatchJob> &m_jobs;
    const BatchOptions &m_options;
    BatchWatcher &m_watcher;
    BatchFolder m_folder;
    unsigned m_cores = m_options.threads != 0 ? m_options.threads : usable_cores();
    std::optional<FileLock> m_lock;
    std::optional<Journal> m_journal;
    std::vector<Course> m_courses;
    std::vector<std::size_t> m_waiting;
    Mailbox m_mailbox;
    std::vector<std::pair<std::size_t, std::jthread>> m_running;
    BatchStatus m_status;
    std::uint64_t m_bytes_ended = 0;
    std::uint64_t m_bytes_before = 0;
    bool m_draining = false;
    bool m_stuck = false;
    bool m_said_full = false;
    bool m_journal_works = true;
    Clock::time_point m_begun = {};
    Clock::time_point m_next_look = {};
    Clock::time_point m_next_sync = {};
};

}  // namespace

Result<BatchOutcome> run_batch(const std::vector<BatchJob> &jobs, const BatchOptions &options, BatchWatcher &watcher)
{
    return Run(jobs, options, watcher).run();
}

}  // namespace imgport
