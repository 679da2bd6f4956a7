#include "support/subprocess.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <imgport/progress.hpp>

#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t out_cap = 16 * 1024 * 1024;
constexpr std::size_t err_cap = 64 * 1024;

struct Pipe {
    Fd read_end;
    Fd write_end;
};

Result<Pipe> make_pipe()
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail(system_error(ErrorCode::environment, "no pipe can be made", "", errno));
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

bool is_meant(std::string_view name, std::string_view pattern)
{
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

std::vector<std::string> environment_of(const Command &command)
{
    std::vector<std::string> variables;
    if (command.environment == Environment::inherited) {
        for (char **entry = environ; *entry != nullptr; ++entry) {
            std::string_view const name = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
            if (std::none_of(command.without.begin(), command.without.end(),
                             [&](const std::string &pattern) { return is_meant(name, pattern); }))
                variables.emplace_back(*entry);
        }
    } else {
        for (const char *name : {"PATH", "HOME", "TMPDIR"}) {
            if (const char *value = std::getenv(name))
                variables.push_back(fmt::format("{}={}", name, value));
        }
        variables.emplace_back("LC_ALL=C");
    }
    variables.insert(variables.end(), command.extra.begin(), command.extra.end());
    return variables;
}

std::vector<char *> pointers_to(std::vector<std::string> &strings)
{
    std::vector<char *> pointers;
    pointers.reserve(strings.size() + 1);
    for (auto &text : strings)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

void limit(int resource, std::optional<std::uint64_t> value)
{
    if (!value)
        return;
    struct rlimit bound {};
    bound.rlim_cur = bound.rlim_max = *value;
    ::setrlimit(static_cast<__rlimit_resource>(resource), &bound);
}

// In the child, after fork: only async-signal-safe calls from here on.
[[noreturn]] void become(const Command &command, const char *program, char **arguments, char **environment,
                         const Pipe &in, const Pipe &out, const Pipe &err, const Pipe &failure, int parent)
{
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(127);
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(in.read_end ? in.read_end.get() : ::open("/dev/null", O_RDONLY), 0);
    ::dup2(out.write_end.get(), 1);
    if (!command.stderr_passes_through)
        ::dup2(err.write_end.get(), 2);
    for (int const fd : command.keep_fds)
        ::fcntl(fd, F_SETFD, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, command.max_file_size);
    limit(RLIMIT_AS, command.max_address_space);
    limit(RLIMIT_CPU, command.max_cpu_seconds);
    ::execve(program, arguments, environment);
    int const number = errno;
    [[maybe_unused]] auto const written = ::write(failure.write_end.get(), &number, sizeof number);
    ::_exit(127);
}

struct Child {
    int pid = -1;
    Fd in;
    Fd out;
    Fd err;
};

Result<Child> start_child(const Command &command)
{
    std::string const program = find_program(command.arguments.at(0));
    if (program.empty()) {
        Error error{ErrorCode::environment, fmt::format("the program {} is not installed", command.arguments[0])};
        error.hint = "imgport doctor tells what is needed";
        return fail(error);
    }
    auto in = command.piped ? make_pipe() : Result<Pipe>(Pipe{});
    auto out = make_pipe();
    auto err = make_pipe();
    auto failure = make_pipe();
    if (!in || !out || !err || !failure)
        return fail(ErrorCode::environment, "no pipe can be made: too many open files");
    auto arguments = command.arguments;
    auto environment = environment_of(command);
    auto argument_pointers = pointers_to(arguments);
    auto environment_pointers = pointers_to(environment);
    int const parent = ::getpid();
    int const pid = ::fork();
    if (pid < 0)
        return fail(system_error(ErrorCode::environment, "no process can be started", "", errno));
    if (pid == 0)
        become(command, program.c_str(), argument_pointers.data(), environment_pointers.data(), *in, *out, *err,
               *failure, parent);
    ::setpgid(pid, pid);  // in both processes, so that it is done whoever comes first
    failure->write_end.reset();
    int number = 0;
    ssize_t n = 0;
    do {
        n = ::read(failure->read_end.get(), &number, sizeof number);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        ::waitpid(pid, nullptr, 0);
        return fail(system_error(ErrorCode::environment, "cannot be started", program, number));
    }
    return Child{pid, std::move(in->write_end), std::move(out->read_end), std::move(err->read_end)};
}

// Reads what is there; false at the end of the stream.
bool drain(int fd, const std::function<void(std::string_view)> &take)
{
    std::array<char, 65536> buffer{};
    ssize_t const n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n > 0)
        take({buffer.data(), static_cast<std::size_t>(n)});
    return n > 0;
}

void keep_tail(std::string &text, std::string_view more)
{
    text += more;
    if (text.size() > err_cap)
        text.erase(0, text.size() - err_cap);
}

int kill_and_reap(int pid)
{
    ::kill(-pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

// Asks the program itself to end, and gives it so long. What it writes meanwhile is nobody's.
void ask_to_end(int pid, std::chrono::milliseconds grace)
{
    if (grace.count() == 0)
        return;
    auto const deadline = std::chrono::steady_clock::now() + grace;
    ::kill(pid, SIGTERM);
    ::kill(pid, SIGCONT);  // a stopped one would not hear it
    while (std::chrono::steady_clock::now() < deadline) {
        siginfo_t ended{};
        if (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == pid)
            return;
        ::poll(nullptr, 0, 10);
    }
}

int status_of(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

Result<CommandResult> run(const Command &command)
{
    auto child = start_child(command);
    if (!child)
        return fail(child.error());
    using Clock = std::chrono::steady_clock;
    auto const deadline = command.timeout ? std::optional(Clock::now() + *command.timeout) : std::nullopt;
    CommandResult result;
    std::string line;
    auto const take_out = [&](std::string_view text) {
        if (!command.on_output) {
            result.out += text.substr(0, out_cap - std::min(out_cap, result.out.size()));
            return;
        }
        for (char const c : text) {
            if (c != '\n' && c != '\r') {
                if (line.size() < err_cap)
                    line += c;
                continue;
            }
            command.on_output(line);
            line.clear();
        }
    };
    auto const take_err = [&](std::string_view text) { keep_tail(result.err, text); };

    std::array<pollfd, 2> watched{pollfd{child->out.get(), POLLIN, 0}, pollfd{child->err.get(), POLLIN, 0}};
    while (watched[0].fd >= 0 || watched[1].fd >= 0) {
        if (interrupted() && !command.even_when_interrupted) {
            ask_to_end(child->pid, command.grace);
            kill_and_reap(child->pid);
            return fail(ErrorCode::interrupted, "interrupted");
        }
        if (deadline && Clock::now() > *deadline) {
            ask_to_end(child->pid, command.grace);
            kill_and_reap(child->pid);
            return fail(ErrorCode::environment,
                        fmt::format("{} did not end within {} s", command.arguments[0], command.timeout->count()));
        }
        // A tenth of a second bounds how long an interrupt waits for us.
        if (::poll(watched.data(), watched.size(), 100) <= 0)
            continue;
        if (watched[0].fd >= 0 && watched[0].revents != 0 && !drain(watched[0].fd, take_out))
            watched[0].fd = -1;
        if (watched[1].fd >= 0 && watched[1].revents != 0 && !drain(watched[1].fd, take_err))
            watched[1].fd = -1;
    }
    int status = 0;
    while (::waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (interrupted() && !command.even_when_interrupted)
        return fail(ErrorCode::interrupted, "interrupted");
    if (!line.empty() && command.on_output)
        command.on_output(line);
    result.status = status_of(status);
    return result;
}

Result<Process> Process::start(const Command &command)
{
    auto child = start_child(command);
    if (!child)
        return fail(child.error());
    Process process;
    process.m_pid = child->pid;
    process.m_stderr = ::fcntl(child->err.get(), F_DUPFD_CLOEXEC, 3);
    ::fcntl(process.m_stderr, F_SETFL, O_NONBLOCK);
    if (command.piped) {
        process.m_input = std::move(child->in);
        process.m_output = std::move(child->out);
        ::fcntl(process.m_output.get(), F_SETFL, O_NONBLOCK);
    }
    return process;
}

Process::Process(Process &&other) noexcept
    : m_pid(std::exchange(other.m_pid, -1)), m_stderr(std::exchange(other.m_stderr, -1)), m_status(other.m_status),
      m_input(std::move(other.m_input)), m_output(std::move(other.m_output))
{}

Process &Process::operator=(Process &&other) noexcept
{
    std::swap(m_pid, other.m_pid);
    std::swap(m_stderr, other.m_stderr);
    std::swap(m_status, other.m_status);
    std::swap(m_input, other.m_input);
    std::swap(m_output, other.m_output);
    return *this;
}

Process::~Process()
{
    if (m_pid > 0)
        kill_and_reap(m_pid);
    if (m_stderr >= 0)
        ::close(m_stderr);
}

bool Process::running()
{
    int status = 0;
    if (m_pid > 0 && ::waitpid(m_pid, &status, WNOHANG) == m_pid) {
        m_pid = -1;
        m_status = status_of(status);
    }
    return m_pid > 0;
}

int Process::finish(std::chrono::milliseconds longest)
{
    m_input.reset();
    auto const deadline = std::chrono::steady_clock::now() + longest;
    while (running() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (m_pid > 0)
        m_status = status_of(kill_and_reap(std::exchange(m_pid, -1)));
    return m_status;
}

std::string Process::error_output()
{
    std::string text;
    while (drain(m_stderr, [&](std::string_view more) { keep_tail(text, more); }) && text.size() < err_cap) {
        pollfd ready{m_stderr, POLLIN, 0};
        if (::poll(&ready, 1, 0) <= 0)
            break;
    }
    return text;
}

std::string find_program(const std::string &name)
{
    if (name.find('/') != std::string::npos)
        return ::access(name.c_str(), X_OK) == 0 ? name : std::string();
    const char *const path = std::getenv("PATH");
    for (auto const &folder : split(path != nullptr ? path : "/usr/bin:/bin", ':')) {
        std::string candidate = folder;
        candidate.append("/").append(name);
        if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return {};
}

std::string describe_status(int status)
{
    if (status > 128)
        return fmt::format("killed by signal {} ({})", status - 128, ::strsignal(status - 128));
    return fmt::format("exit code {}", status);
}

}  // namespace imgport
