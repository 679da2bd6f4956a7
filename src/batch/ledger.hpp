// What a run knows of its jobs, and tells: which are finished, which wait, which are under way. Each change goes into
// the journal first. Whoever does the work (processes here, a cluster) reports to it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/folder.hpp"
#include "batch/journal.hpp"
#include "batch/result.hpp"
#include "batch/worker_report.hpp"
#include "support/file_lock.hpp"

namespace imgport {

// One job's way through a run.
struct Course {
    const BatchJob *job = nullptr;
    std::string fingerprint = {};
    JobStatus status = {};
    bool asked_for = false;     // by `retry`, whatever came of it before
    std::uint64_t reserve = 0;  // bytes of the output volume that it may take
    std::chrono::steady_clock::time_point begun = {};
};

class Ledger {
public:
    Ledger(const std::vector<BatchJob> &jobs, const BatchOptions &options, BatchWatcher &watcher)
        : m_jobs(jobs), m_options(options), m_watcher(watcher), m_folder(options.output_dir)
    {}

    // Takes the folder's lock, finds what is finished, stores the list.
    Result<void> open();

    const BatchFolder &folder() const { return m_folder; }
    const BatchOptions &options() const { return m_options; }
    const std::vector<BatchJob> &jobs() const { return m_jobs; }
    const Course &course(std::size_t index) const { return m_courses[index]; }
    void reserve(std::size_t index, std::uint64_t bytes) { m_courses[index].reserve = bytes; }

    // Indices into the list, in the order in which they came.
    const std::vector<std::size_t> &waiting() const { return m_waiting; }
    const std::vector<std::size_t> &running() const { return m_running; }

    // A job that waited is under way; `host`: on another machine.
    void started(std::size_t index, const std::string &host = {});
    void heard(std::size_t index, const WorkerLine &line);
    void ended(std::size_t index, const BatchResult &result, double seconds);
    // It waits again: for the next run where `reason` is empty (this one stops), else for its turn in this one.
    void put_back(std::size_t index, const std::string &reason);

    // What is left is done elsewhere when this run has ended: that is no failure.
    void leave_the_rest() { m_rest_is_elsewhere = true; }
    // It failed there, by its result, and is tried again: that is one.
    void failed_elsewhere(std::size_t index, const BatchResult &result);

    void note(std::string_view text) const { m_watcher.note(text); }
    void remark(std::size_t index, std::string_view text) const { m_watcher.remark(m_courses[index].status, text); }
    // What nothing can be started for; empty: nothing.
    void waits_for(const std::string &what) { m_status.waiting_for = what; }

    // Once a second: the journal is synced, the watcher told, the word to stop looked for.
    void beat();
    // Writes down what happened; false while that fails, and then nothing should be started.
    bool write_down(bool sync);
    // Nothing more is to be started.
    bool draining() const { return m_draining; }

    BatchOutcome close();

private:
    Result<void> check_retry() const;
    Result<void> take_stock(const JournalRecords &records);
    bool wanted_again(const Course &course, const JobRecord &record);
    bool settled(std::size_t index, const JobRecord &record);
    void note_lost_sources() const;
    void count_end(Course &course, const BatchResult &result);
    void look_for_cancel();
    void tell(const Course &course);
    void refresh();
    void publish() const;

    const std::vector<BatchJob> &m_jobs;
    const BatchOptions &m_options;
    BatchWatcher &m_watcher;
    BatchFolder m_folder;
    std::optional<FileLock> m_lock;
    std::optional<Journal> m_journal;
    std::vector<Course> m_courses;
    std::vector<std::size_t> m_lost_sources;  // of finished jobs, which are left as they are
    std::vector<std::size_t> m_waiting;
    std::vector<std::size_t> m_running;
    BatchStatus m_status;
    std::uint64_t m_bytes_ended = 0;
    std::uint64_t m_bytes_before = 0;  // of what was finished when the run began
    bool m_draining = false;
    bool m_rest_is_elsewhere = false;
    bool m_journal_works = true;
    std::chrono::steady_clock::time_point m_begun = {};
    std::chrono::steady_clock::time_point m_next_beat = {};
};

}  // namespace imgport
