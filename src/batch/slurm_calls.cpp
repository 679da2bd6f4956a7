#include "batch/slurm_calls.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "support/subprocess.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr auto patience = std::chrono::seconds(60);

// What a node gets of our environment. Not all of it, as by default: it may hold access keys, and Slurm would store
// them.
constexpr std::array passed_on{"HOME", "USER", "LOGNAME", "PATH", "LANG", "TZ", "XDG_CONFIG_HOME", "SOURCE_DATE_EPOCH"};

// States of what is on its way, and of what is over (squeue(1), JOB STATE CODES). A word of a later version waits: what
// is over is forgotten by Slurm after a while.
constexpr std::array waiting{"PENDING",      "CONFIGURING",  "REQUEUED",     "REQUEUE_FED",
                             "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"};
constexpr std::array ended{"BOOT_FAIL", "CANCELLED", "COMPLETED",     "DEADLINE", "FAILED",
                           "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY", "TIMEOUT"};

SlurmPhase phase_of(std::string_view state)
{
    auto const is = [&](const char *other) { return state == other; };
    if (std::any_of(waiting.begin(), waiting.end(), is))
        return SlurmPhase::pending;
    return std::any_of(ended.begin(), ended.end(), is) ? SlurmPhase::over : SlurmPhase::running;
}

// Variables that are a user's habits for these programs: they would make squeue and scancel look away, send one of them
// to another cluster than the rest, and let sbatch wait for the array's end. Of sbatch's others the options that we
// give win.
constexpr std::array habits{"SQUEUE_*", "SCANCEL_*", "SBATCH_CLUSTERS", "SLURM_CLUSTERS", "SBATCH_WAIT"};

Result<std::string> ask(const std::vector<std::string> &arguments)
{
    Command command{.arguments = arguments};
    command.environment = Environment::inherited;
    command.without.assign(habits.begin(), habits.end());
    command.timeout = patience;
    command.even_when_interrupted = true;  // what was submitted is called back then
    auto const answer = run(command);
    if (!answer)
        return fail(answer.error());
    if (answer->status != 0)
        return fail({.code = ErrorCode::environment,
                     .message = fmt::format("{} failed with {}: {}", arguments.front(), describe_status(answer->status),
                                            printable(trim(answer->err), 500))});
    return answer->out;
}

}  // namespace

std::optional<SlurmTask> parse_slurm_task(std::string_view line)
{
    auto const fields = split(trim(line), '|');
    if (fields.size() != 6)
        return std::nullopt;
    auto const array = parse_number(fields[0]);
    auto const number = parse_number(fields[1]);
    if (!array || !number)
        return std::nullopt;
    return SlurmTask{.array = *array,
                     .number = *number,
                     .phase = phase_of(fields[2]),
                     .state = fields[2],
                     .node = fields[3],
                     .reason = fields[4],
                     .name = fields[5]};
}

Result<std::vector<SlurmTask>> slurm_tasks(const std::vector<std::string> &names)
{
    std::vector<SlurmTask> tasks;
    if (names.empty())
        return tasks;
    // Hidden partitions as well.
    auto const text = ask({"squeue", "--noheader", "--array", "--all", "--states=all", "--name=" + join(names, ","),
                           "--format=%F|%K|%T|%N|%r|%j"});
    if (!text)
        return fail(text.error());
    for (auto const line : lines_of(*text)) {
        if (auto task = parse_slurm_task(line); task)
            tasks.push_back(std::move(*task));
    }
    return tasks;
}

std::vector<std::string> sbatch_command(const SlurmArray &array)
{
    std::vector<std::string> environment;
    for (const char *const name : passed_on) {
        if (std::getenv(name) != nullptr)
            environment.emplace_back(name);
    }
    std::vector<std::string> command{"sbatch", "--ntasks=1", fmt::format("--cpus-per-task={}", array.threads),
                                     // imgport and qemu-img; and the appliance, where an image needs it.
                                     "--mem=2G",
                                     // A lost node is Slurm's business.
                                     "--requeue",
                                     // Before the time limit: time for a clean stop.
                                     "--signal=B:TERM@60", "--export=" + join(environment, ",")};
    command.insert(command.end(), array.options.begin(), array.options.end());
    // What we find it again by is ours.
    std::string log;
    for (char const c : array.log_folder)
        log += c == '%' ? std::string("%%") : std::string(1, c);
    for (auto const &word :
         {std::string("--parsable"), "--job-name=" + array.name,
          fmt::format("--array=1-{}{}", array.tasks, array.at_once == 0 ? "" : fmt::format("%{}", array.at_once)),
          "--chdir=" + array.folder, "--output=" + log + "/%A_%a.log", std::string("--open-mode=append"), array.script})
        command.push_back(word);
    return command;
}

Result<void> check_sbatch_options(const std::vector<std::string> &options)
{
    for (auto const &option : options) {
        for (std::string_view const ours : {"-M", "--clusters", "--cluster", "-W", "--wait", "--wrap", "--test-only"}) {
            if (option == ours || option.starts_with(std::string(ours) + "=") ||
                (ours.size() == 2 && option.starts_with(ours)))
                return fail({.code = ErrorCode::usage,
                             .message = fmt::format("sbatch's {} does not go with a batch: its tasks could not be "
                                                    "followed",
                                                    ours),
                             .field = "sbatch"});
        }
    }
    return {};
}

Result<std::uint64_t> submit_to_slurm(const SlurmArray &array)
{
    auto const text = ask(sbatch_command(array));
    if (!text)
        return fail(text.error());
    // "12" or "12;cluster"
    auto const id = parse_number(split(trim(*text), ';').front());
    if (!id)
        return fail({.code = ErrorCode::environment,
                     .message = fmt::format("sbatch told no job id: {}", printable(trim(*text), 200))});
    return *id;
}

Result<std::size_t> most_slurm_tasks()
{
    auto const text = ask({"scontrol", "show", "config"});
    if (!text)
        return fail(text.error());
    for (auto const line : lines_of(*text)) {
        auto const words = split_blanks(line);
        // The largest number is one less (slurm.conf(5)); we begin with 1.
        if (words.size() == 3 && words[0] == "MaxArraySize") {
            if (auto const size = parse_number(words[2]); size && *size > 1)
                return static_cast<std::size_t>(*size - 1);
        }
    }
    return fail({.code = ErrorCode::environment, .message = "this Slurm takes no job arrays (MaxArraySize)"});
}

Result<void> cancel_on_slurm(const std::vector<std::uint64_t> &arrays, bool pending_only)
{
    if (arrays.empty())
        return {};
    std::vector<std::string> command{"scancel", "--quiet"};
    if (pending_only)
        command.emplace_back("--state=PENDING");
    for (std::uint64_t const array : arrays)
        command.push_back(std::to_string(array));
    if (auto const done = ask(command); !done)
        return fail(done.error());
    return {};
}

void set_slurm_throttle(std::uint64_t array, unsigned at_once)
{
    // Where it may not be changed, it stays as it was.
    [[maybe_unused]] auto const done =
        ask({"scontrol", "update", fmt::format("jobid={}", array), fmt::format("ArrayTaskThrottle={}", at_once)});
}

void hasten_on_slurm(const SlurmTask &task)
{
    // Where it may not be changed, it waits as Slurm wants it to.
    [[maybe_unused]] auto const done =
        ask({"scontrol", "update", fmt::format("jobid={}_{}", task.array, task.number), "StartTime=now"});
}

}  // namespace imgport
