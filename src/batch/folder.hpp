// Where a batch keeps what it knows: DIR/.imgport-batch beside the artifacts. Everything in it is plain text.
#pragma once

#include <string>
#include <vector>

#include <imgport/batch.hpp>

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

// The list of the run, one job a line, in one step.
Result<void> store_jobs(const BatchFolder &folder, const std::vector<BatchJob> &jobs);

}  // namespace imgport
