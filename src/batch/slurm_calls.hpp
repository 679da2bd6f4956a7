// What Slurm is asked, through its own programs: they are what every installation has and every version understands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

enum class SlurmPhase {
    pending,
    running,
    over,  // for whatever reason: it will not run again
};

// One task of a job array, as squeue shows it.
struct SlurmTask {
    std::uint64_t array = 0;   // the array's job id
    std::uint64_t number = 0;  // its place in the array
    SlurmPhase phase = SlurmPhase::pending;
    std::string state = {};   // Slurm's word: "NODE_FAIL"
    std::string node = {};    // where it runs or ran
    std::string reason = {};  // why it waits
    std::string name = {};    // of the array
};

// A line of squeue in our format; nullopt: it is none, or shows tasks that are not told apart.
std::optional<SlurmTask> parse_slurm_task(std::string_view line);

// All tasks of our arrays of these names that Slurm still knows of; of what is over it forgets after a while
// (MinJobAge, 300 s by default).
Result<std::vector<SlurmTask>> slurm_tasks(const std::vector<std::string> &names);

struct SlurmArray {
    std::string name;
    std::string script;  // a file
    std::string folder;  // to work in
    std::string log_folder;
    std::size_t tasks = 0;
    unsigned at_once = 0;  // 0: no limit
    unsigned threads = 1;
    std::vector<std::string> options = {};  // of sbatch; they win over ours, but for its name, its tasks and its log
};
// A usage error where they would take the array out of our sight.
Result<void> check_sbatch_options(const std::vector<std::string> &options);
std::vector<std::string> sbatch_command(const SlurmArray &array);
// The array's job id. Its tasks are numbered from 1.
Result<std::uint64_t> submit_to_slurm(const SlurmArray &array);

// How many tasks an array may have here.
Result<std::size_t> most_slurm_tasks();

// All of these arrays; `pending_only`: what runs goes on.
Result<void> cancel_on_slurm(const std::vector<std::uint64_t> &arrays, bool pending_only);

// How many of an array's tasks may run at once from now on.
void set_slurm_throttle(std::uint64_t array, unsigned at_once);

// A task that Slurm would start again only after its waiting time for lost nodes (two minutes) may start now.
void hasten_on_slurm(const SlurmTask &task);

}  // namespace imgport
