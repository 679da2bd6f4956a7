// DIR/.imgport-batch/slurm: the job arrays of a batch, numbered in the order of their submission. For each there is the
// list of its tasks and the script that they run; both are there before it is submitted, so that it can be understood
// whatever happens then: it is found again by its name.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "batch/folder.hpp"
#include "batch/slurm_calls.hpp"

namespace imgport {

// What a task of an array means. The name tells whether the list is still the one that it was.
struct SlurmEntry {
    std::size_t index = 0;  // into the batch's list
    std::string job;
};

class SlurmFolder {
public:
    explicit SlurmFolder(const BatchFolder &batch);

    Result<void> make() const;

    std::vector<unsigned> arrays() const;  // their numbers, in order
    std::string name_of(unsigned number) const;
    // nullopt: there is no such list, or none that can be read.
    std::optional<std::vector<SlurmEntry>> entries_of(unsigned number) const;
    // `command`: the program's words, before those that name the job.
    Result<void> store(unsigned number, const std::vector<SlurmEntry> &entries,
                       const std::vector<std::string> &command) const;
    void forget(unsigned number) const;

    const std::string &output() const { return m_output; }  // absolute
    std::string script_of(unsigned number) const;
    std::string log_folder() const;
    std::string log_of(const SlurmTask &task) const;

private:
    std::string tasks_of(unsigned number) const;

    std::string m_output;
    std::string m_path;
    std::string m_name;
};

}  // namespace imgport
