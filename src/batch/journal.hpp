// What happened, one line per change of a job's state: JSON lines, only ever appended to. Whoever writes it holds the
// run's lock. What a crash tears off is the last line at most, and that is no loss: a result lies beside the journal
// before its line is written, and a start without an end is done again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <imgport/batch.hpp>

#include "support/file.hpp"

namespace imgport {

// A file of the output folder.
struct RecordedFile {
    std::string file;        // its name there
    std::uint64_t size = 0;  // bytes

    static void fields(auto &self, auto &&visit)
    {
        visit("file", self.file);
        visit("size", self.size);
    }
};

// The events: "run" and "stop" of a run; "start", "done", "failed", "stopped" (by whoever stopped the run, or put
// back with a reason), "retry" (it is to be done again) of a job.
struct JournalLine {
    std::string at = {};  // ISO 8601, UTC; append() fills it in
    std::string event;
    std::optional<std::string> job = {};
    std::optional<std::string> fingerprint = {};
    std::optional<int> exit_code = {};
    std::optional<std::string> verdict = {};
    std::optional<std::string> reason = {};
    std::optional<bool> again = {};
    std::optional<bool> recovered = {};  // its end was found in its result, and not seen
    std::optional<double> seconds = {};
    std::optional<std::vector<RecordedFile>> files = {};
    std::optional<std::string> tool = {};
    std::optional<std::string> host = {};
    std::optional<std::uint64_t> pid = {};
    std::optional<std::uint64_t> images = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("at", self.at);
        visit("event", self.event);
        visit("job", self.job);
        visit("fingerprint", self.fingerprint);
        visit("exit_code", self.exit_code);
        visit("verdict", self.verdict);
        visit("reason", self.reason);
        visit("again", self.again);
        visit("recovered", self.recovered);
        visit("seconds", self.seconds);
        visit("files", self.files);
        visit("tool", self.tool);
        visit("host", self.host);
        visit("pid", self.pid);
        visit("images", self.images);
    }
};

// What the lines say of one job in the end.
struct JobRecord {
    JobState state = JobState::waiting;
    std::string fingerprint = {};
    int exit_code = 0;
    std::string verdict = {};
    std::string reason = {};
    bool again = false;
    bool retry = false;  // it was to be done again, and no end of that is told
    double seconds = 0;
    unsigned attempts = 0;
    std::vector<RecordedFile> files = {};
};
struct JournalRecords {
    std::map<std::string, JobRecord> jobs = {};
    std::size_t broken_lines = 0;  // torn by a crash
};
// Nothing where there is no journal yet.
Result<JournalRecords> read_batch_journal(const std::string &path);
void apply(JournalRecords &records, const JournalLine &line);

class Journal {
public:
    // What a crash left of a last line is ended with a line end, so that the next line is whole.
    static Result<Journal> open(const std::string &path);

    void append(JournalLine line);
    // Writes what was appended; on a full disk it is kept for the next time. `sync`: it must survive a power cut.
    Result<void> flush(bool sync);
    bool empty() const { return m_pending.empty(); }

private:
    Journal(Fd fd, std::string path) : m_fd(std::move(fd)), m_path(std::move(path)) {}
    Fd m_fd;
    std::string m_path;
    std::string m_pending;
};

}  // namespace imgport
