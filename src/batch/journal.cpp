#include "batch/journal.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/json_fields.hpp"
#include "support/time_text.hpp"

namespace imgport {
namespace {

constexpr const char *schema = "imgport.batch-journal/1";
// Longer than any line we write; what is longer is none of ours.
constexpr std::size_t longest_line = std::size_t{1} << 20;
// Room that is kept ready, so that a disk filled by images still takes the lines that say so.
constexpr off_t room_ahead = 256 * 1024;

bool take(JournalRecords &records, const std::string &text)
{
    try {
        JournalLine line;
        from_json(Json::parse(text), line);
        apply(records, line);
        return true;
    } catch (const Json::exception &) {
        return false;
    }
}

}  // namespace

void apply(JournalRecords &records, const JournalLine &line)
{
    if (!line.job)
        return;
    auto &record = records.jobs[*line.job];
    if (line.event == "start") {
        ++record.attempts;
        record.state = JobState::running;
        record.fingerprint = line.fingerprint.value_or("");
    } else if (line.event == "done" || line.event == "failed") {
        record.state = line.event == "done" ? JobState::done : JobState::failed;
        record.fingerprint = line.fingerprint.value_or("");
        record.exit_code = line.exit_code.value_or(0);
        record.verdict = line.verdict.value_or("");
        record.reason = line.reason.value_or("");
        record.again = line.again.value_or(false);
        record.retry = false;
        record.seconds = line.seconds.value_or(0);
        record.files = line.files.value_or(std::vector<RecordedFile>{});
    } else if (line.event == "retry") {
        record.again = record.retry = true;
    } else if (line.event == "stopped") {
        record.state = JobState::waiting;
    }
}

Result<JournalRecords> read_batch_journal(const std::string &path)
{
    JournalRecords records;
    Fd const fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        if (errno == ENOENT)
            return records;
        return fail(system_error(ErrorCode::environment, "cannot be opened", path, errno));
    }
    std::array<char, 65536> buffer{};
    std::string line;
    bool too_long = false;
    for (;;) {
        ssize_t const n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(system_error(ErrorCode::environment, "cannot be read", path, errno));
        if (n == 0)
            break;
        for (char const c : std::string_view(buffer.data(), static_cast<std::size_t>(n))) {
            if (c != '\n') {
                too_long = too_long || line.size() >= longest_line;
                if (!too_long)
                    line += c;
                continue;
            }
            if (!line.empty() && (too_long || !take(records, line)))
                ++records.broken_lines;
            line.clear();
            too_long = false;
        }
    }
    // Only its line end may be missing: an object without its last brace is none.
    if (!line.empty() && (too_long || !take(records, line)))
        ++records.broken_lines;
    return records;
}

Result<Journal> Journal::open(const std::string &path)
{
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!fd)
        return fail(system_error(ErrorCode::environment, "cannot be opened", path, errno));
    struct stat st {};
    char last = '\n';
    if (::fstat(fd.get(), &st) != 0 || (st.st_size > 0 && ::pread(fd.get(), &last, 1, st.st_size - 1) != 1))
        return fail(system_error(ErrorCode::environment, "cannot be read", path, errno));
    Journal journal(std::move(fd), path);
    if (last != '\n')
        journal.m_pending = "\n";
    return journal;
}

void Journal::append(JournalLine line)
{
    line.at = iso_time(std::chrono::system_clock::now());
    Json json{{"schema", schema}};
    json.update(to_json(line));
    m_pending += json.dump() + "\n";
}

Result<void> Journal::flush(bool sync)
{
    // A wish only: not every filesystem can.
    struct stat st {};
    if (::fstat(m_fd.get(), &st) == 0 && st.st_blocks * 512 < st.st_size + room_ahead / 2) [[maybe_unused]]
        int const kept = ::fallocate(m_fd.get(), FALLOC_FL_KEEP_SIZE, st.st_size, room_ahead);
    while (!m_pending.empty()) {
        ssize_t const n = ::write(m_fd.get(), m_pending.data(), m_pending.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(system_error(ErrorCode::environment, "cannot be written", m_path, errno));
        m_pending.erase(0, static_cast<std::size_t>(n));
    }
    if (sync && ::fdatasync(m_fd.get()) != 0)
        return fail(system_error(ErrorCode::environment, "cannot be synced", m_path, errno));
    return {};
}

}  // namespace imgport
