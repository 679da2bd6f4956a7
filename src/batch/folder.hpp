// Where a batch keeps what it knows: DIR/.imgport-batch beside the artifacts. Everything in it is plain text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/batch.hpp>

#include "support/file.hpp"

namespace imgport {

class BatchFolder {
public:
    explicit BatchFolder(std::string output) : m_output(std::move(output)) {}

    const std::string &output() const { return m_output; }
    // The same as another machine has to spell it: absolute, without a slash at its end. Links stay links.
    std::string whole_output() const;
    std::string state() const { return m_output + "/.imgport-batch"; }
    std::string list() const { return state() + "/jobs.jsonl"; }
    std::string journal() const { return state() + "/journal.jsonl"; }
    std::string run_lock() const { return state() + "/lock"; }
    std::string cancel() const { return state() + "/cancel"; }
    std::string progress() const { return state() + "/progress.json"; }
    std::string result(const std::string &name) const { return state() + "/results/" + name + ".json"; }
    std::string claim(const std::string &name) const { return state() + "/claims/" + name; }

    Result<void> make() const;

private:
    std::string m_output;
};

// A lock that dies with its owner, however that dies: flock(2). On NFS the client turns it into a lock of the server,
// which holds between machines (Linux 2.6.12 and later) and is given up when the server has missed its owner for a
// lease's time.
class FileLock {
public:
    // nullopt: somebody else has it.
    static Result<std::optional<FileLock>> take(const std::string &path);
    // Waits so long for it.
    static Result<std::optional<FileLock>> take_within(const std::string &path, std::chrono::milliseconds patience);
    // Whether somebody has it; false where there is no such file.
    static bool held(const std::string &path);

    // What its owner wrote into the file: it outlives the lock.
    std::string text() const;
    Result<void> write(const std::string &text);

private:
    explicit FileLock(Fd fd, std::string path) : m_fd(std::move(fd)), m_path(std::move(path)) {}
    Fd m_fd;
    std::string m_path;
};

// The list of the run, one job a line, in one step.
Result<void> store_jobs(const BatchFolder &folder, const std::vector<BatchJob> &jobs);

}  // namespace imgport
