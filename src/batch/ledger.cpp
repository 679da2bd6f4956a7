#include "batch/ledger.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include <imgport/version.hpp>

#include "batch/estimate.hpp"
#include "batch/fingerprint.hpp"
#include "batch/machine.hpp"
#include "batch/run_parts.hpp"
#include "support/json_fields.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto pace = std::chrono::seconds(1);

double seconds_since(Clock::time_point then)
{
    return std::chrono::duration<double>(Clock::now() - then).count();
}

// What the journal says of the end of a job, as its result would.
BatchResult result_in(const JobRecord &record)
{
    return {.job = {},
            .path = {},
            .fingerprint = record.fingerprint,
            .exit_code = record.exit_code,
            .verdict = record.verdict,
            .reason = record.reason,
            .again = record.again,
            .files = record.files};
}

}  // namespace

Result<void> Ledger::open()
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
        note(fmt::format("{}: {} torn lines are left out", m_folder.journal(), records->broken_lines));
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
    m_bytes_before = m_bytes_ended;
    if (auto const finished = m_status.done + m_status.failed; finished > 0)
        note(fmt::format("{} of {} images are finished already", finished, m_status.images));
    return m_journal->flush(true);
}

Result<void> Ledger::check_retry() const
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
Result<void> Ledger::take_stock(const JournalRecords &records)
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
        JobRecord const record = found == records.jobs.end() ? JobRecord{} : found->second;
        course.status.attempts = record.attempts;
        course.asked_for = wanted_again(course, record);
        if (!course.asked_for && settled(i, record))
            continue;
        m_waiting.push_back(i);
        if (record.attempts > 0)
            cut_short.push_back(job.name);
    }
    m_status.images = m_jobs.size();
    note_lost_sources();
    remove_leftovers(m_folder, cut_short);
    return {};
}

bool Ledger::wanted_again(const Course &course, const JobRecord &record)
{
    bool const named =
        std::find(m_options.retry.begin(), m_options.retry.end(), course.job->name) != m_options.retry.end();
    if (!named && !m_options.retry_failed)
        return false;
    auto result = read_result(m_folder, course.job->name);
    // What a cluster's tasks have done since the journal's last word counts: they may have failed, or mended what
    // failed.
    bool const last_word = result && settles(m_folder, *result, course.fingerprint);
    bool const failed =
        (result && result->again) || (record.state == JobState::failed && !(last_word && result->exit_code == 0));
    // It was asked for before, and done since, but nobody saw the end: that was it.
    if ((record.retry && last_word) || (!named && !failed))
        return false;
    // The result first: a worker would take it for finished.
    if (result && !result->again) {
        result->again = true;
        if (auto const written = write_result(m_folder, *result); !written)
            note(describe(written.error()));
    }
    m_journal->append({.event = "retry", .job = course.job->name});
    return true;
}

bool Ledger::settled(std::size_t index, const JobRecord &record)
{
    auto &course = m_courses[index];
    bool const ended = record.state == JobState::done || record.state == JobState::failed;
    auto const told = result_in(record);
    auto const by_journal = [&] {
        count_end(course, told);
        course.status.seconds = record.seconds;
        return true;
    };
    if (ended && settles(m_folder, told, course.fingerprint))
        return by_journal();
    auto const result = read_result(m_folder, course.job->name);
    auto const by_result = [&] {
        auto line = end_line(*result, 0);
        line.recovered = true;
        m_journal->append(line);
        count_end(course, *result);
        return true;
    };
    if (result && settles(m_folder, *result, course.fingerprint))
        return by_result();
    bool const told_of = ended && outlives_source(m_folder, told, *course.job);
    if (!told_of && !(result && outlives_source(m_folder, *result, *course.job)))
        return false;
    m_lost_sources.push_back(index);
    return told_of ? by_journal() : by_result();
}

void Ledger::note_lost_sources() const
{
    if (m_lost_sources.empty())
        return;
    auto const &first = *m_courses[m_lost_sources.front()].job;
    if (m_lost_sources.size() == 1)
        note(fmt::format("{} is finished and its source is not there: it is left as it was", printable(first.name)));
    else
        note(
            fmt::format("{} images are finished and their sources are not there: they are left as they were; the first "
                        "is {}",
                        m_lost_sources.size(), printable(first.name)));
}

void Ledger::count_end(Course &course, const BatchResult &result)
{
    auto &status = course.status;
    status.state = result.exit_code == 0 ? JobState::done : JobState::failed;
    status.exit_code = result.exit_code;
    status.verdict = result.verdict;
    status.reason = result.reason;
    status.again = result.again;
    status.stage.clear();
    status.fraction = 1;
    status.artifact_bytes = 0;
    for (auto const &file : result.files)
        status.artifact_bytes += file.size;
    ++(result.exit_code == 0 ? m_status.done : m_status.failed);
    m_bytes_ended += status.source_bytes;
}

// ------------------------------------------------------------------------------------------------------ what happens

void Ledger::started(std::size_t index, const std::string &host)
{
    std::erase(m_waiting, index);
    m_running.push_back(index);
    auto &course = m_courses[index];
    course.begun = Clock::now();
    course.status.state = JobState::running;
    course.status.stage = "start";
    course.status.fraction = 0;
    ++course.status.attempts;
    JournalLine line{.event = "start", .job = course.job->name, .fingerprint = course.fingerprint};
    if (!host.empty())
        line.host = host;
    m_journal->append(std::move(line));
    write_down(false);
    tell(course);
}

void Ledger::heard(std::size_t index, const WorkerLine &line)
{
    auto &status = m_courses[index].status;
    if (!line.note.empty())
        m_watcher.remark(status, line.note);
    if (!line.stage.empty())
        status.stage = line.stage;
    // It never goes back, whatever order the stages come in.
    if (!line.stage.empty() || line.fraction)
        status.fraction = std::max(status.fraction, fraction_of_job(status.stage, line.fraction.value_or(0)));
}

void Ledger::ended(std::size_t index, const BatchResult &result, double seconds)
{
    std::erase(m_running, index);
    auto &course = m_courses[index];
    course.status.seconds = seconds;
    m_journal->append(end_line(result, seconds));
    count_end(course, result);
    tell(course);
}

void Ledger::put_back(std::size_t index, const std::string &reason)
{
    std::erase(m_running, index);
    auto &course = m_courses[index];
    course.status.state = JobState::waiting;
    course.status.reason = reason;
    m_waiting.push_back(index);
    JournalLine line{.event = "stopped", .job = course.job->name};
    if (!reason.empty())
        line.reason = reason;
    m_journal->append(std::move(line));
    if (!reason.empty())
        tell(course);
}

void Ledger::failed_elsewhere(std::size_t index, const BatchResult &result)
{
    auto &status = m_courses[index].status;
    status.exit_code = result.exit_code;
    status.reason = result.reason;
    status.again = true;
}

void Ledger::tell(const Course &course)
{
    refresh();
    m_watcher.changed(course.status, m_status);
}

void Ledger::refresh()
{
    m_status.active = true;
    m_status.running = m_running.size();
    m_status.left = m_status.images - m_status.done - m_status.failed;
    m_status.seconds = seconds_since(m_begun);
    m_status.jobs.clear();
    double now = 0;
    for (std::size_t const index : m_running) {
        auto &status = m_courses[index].status;
        status.seconds = seconds_since(m_courses[index].begun);
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

bool Ledger::write_down(bool sync)
{
    auto const flushed = m_journal->flush(sync);
    if (!flushed && m_journal_works)
        note(describe(flushed.error()));
    m_journal_works = flushed.has_value();
    return m_journal_works;
}

// The journal is made to survive a power cut, which may wait a second: results are synced by those who made them.
void Ledger::beat()
{
    if (Clock::now() < m_next_beat)
        return;
    m_next_beat = Clock::now() + pace;
    look_for_cancel();
    write_down(true);
    refresh();
    m_watcher.tick(m_status);
    publish();
}

void Ledger::look_for_cancel()
{
    auto const word = read_text_file(m_folder.cancel(), 64);
    if (!word)
        return;
    m_draining = true;
    if (trim(*word) != "finish-running")
        request_interrupt();
}

// For `status`, in one step, and lost without harm.
void Ledger::publish() const
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

// ----------------------------------------------------------------------------------------------------------- the end

BatchOutcome Ledger::close()
{
    m_journal->append({.event = "stop",
                       .reason = interrupted()                   ? "interrupted"
                                 : m_draining                    ? "told to stop"
                                 : m_waiting.empty()             ? "finished"
                                 : !m_status.waiting_for.empty() ? "waiting for " + m_status.waiting_for
                                                                 : "images are left"});
    bool const written = write_down(true);
    ::unlink(m_folder.progress().c_str());
    ::unlink(m_folder.cancel().c_str());
    refresh();
    BatchOutcome outcome;
    std::vector<int> codes;
    m_status.active = false;
    m_status.jobs.clear();
    for (auto const &course : m_courses) {
        m_status.jobs.push_back(course.status);
        if (course.status.state == JobState::failed || course.status.again)
            codes.push_back(course.status.exit_code);
    }
    if (interrupted() || m_draining)
        codes.push_back(exit_code(ErrorCode::interrupted));
    if (!written || (m_status.left > 0 && !m_rest_is_elsewhere))
        codes.push_back(exit_code(ErrorCode::environment));
    outcome.status = m_status;
    outcome.exit_code = worst_exit_code(codes);
    return outcome;
}

}  // namespace imgport
