// Other programs: started with nothing of our environment but what they need, bounded, and never left behind.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>

#include "support/file.hpp"

namespace imgport {

enum class Environment { scrubbed, inherited };

struct Command {
    std::vector<std::string> arguments;  // [0] is the program, looked up in PATH
    // Descriptors the child keeps, under the same numbers: reachable there as /proc/self/fd/N.
    std::vector<int> keep_fds = {};
    // scrubbed: only PATH, HOME, TMPDIR, and LC_ALL=C. `extra` is added to either: "NAME=value".
    Environment environment = Environment::scrubbed;
    std::vector<std::string> extra = {};
    std::vector<std::string> without = {};                // names that are not inherited; "A_*": all that begin so
    std::optional<std::uint64_t> max_file_size = {};      // RLIMIT_FSIZE, bytes
    std::optional<std::uint64_t> max_address_space = {};  // RLIMIT_AS, bytes: only for what reads metadata
    std::optional<std::uint64_t> max_cpu_seconds = {};    // RLIMIT_CPU
    std::optional<std::chrono::seconds> timeout = {};     // wall clock
    // How long the program has to clean up after a SIGTERM before its group is killed; 0: none.
    std::chrono::milliseconds grace = std::chrono::milliseconds(0);
    bool stderr_passes_through = false;  // else it is captured
    bool even_when_interrupted = false;  // it is part of the clean end
    // Of a Process: pipes to write its standard input and read its standard output. Else it has neither.
    bool piped = false;
    // Called with each piece of standard output that ends in CR or LF. Without it, output is captured.
    std::function<void(std::string_view)> on_output = {};
};

struct CommandResult {
    int status = 0;   // exit code, or 128 + the signal's number
    std::string out;  // captured, capped at 16 MiB
    std::string err;  // captured, the last 64 KiB
};

// Runs it to its end in a process group of its own, which dies with us. An error (environment) where it cannot be
// started or ran out of time; (interrupted) where the user stopped us: the group is killed and reaped first.
// A non-zero exit is not an error here: the caller knows what it means.
Result<CommandResult> run(const Command &command);

// A program that runs beside us (qemu-nbd). Its group is killed and reaped when the object goes.
class Process {
public:
    static Result<Process> start(const Command &command);
    Process(Process &&other) noexcept;
    Process &operator=(Process &&other) noexcept;
    ~Process();

    int pid() const { return m_pid; }
    bool running();
    // What it wrote to standard error so far, capped; for the message when it died.
    std::string error_output();

    // Of one that is `piped`. They never block the reader; writing to one that ended raises SIGPIPE.
    int input() const { return m_input.get(); }
    int output() const { return m_output.get(); }
    int errors() const { return m_stderr; }
    // Its exit code, or 128 + the signal's number: at the latest when `longest` is over and it was killed.
    int finish(std::chrono::milliseconds longest);

private:
    Process() = default;
    int m_pid = -1;
    int m_stderr = -1;
    int m_status = 0;
    Fd m_input;
    Fd m_output;
};

// The path of a program in PATH; empty where there is none.
std::string find_program(const std::string &name);

// "killed by signal 9 (Killed)" or "exit code 1".
std::string describe_status(int status);

}  // namespace imgport
