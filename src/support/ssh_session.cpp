#include "support/ssh_session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t longest_line = std::size_t{64} << 10;
constexpr int cannot_read = 3;
constexpr auto last_words = std::chrono::seconds(2);

// What runs over there, in POSIX's words. It stands between single quotes in a command line whose shell may be any
// (sh, csh, fish), so it has no single quote, no backslash, no exclamation mark and no line end in it; and the path
// comes by standard input, so no shell ever takes it for a command.
//
// dd says at its end how many records it has read; where that is not what was asked for, the loop ends.
constexpr std::string_view far_loop =
    "PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin; LC_ALL=C; export PATH LC_ALL; exec 3>&1; "
    "IFS= read -r f || exit 1; "
    // What an earlier reading left in the cache of a mounted disk's device is old: GNU dd drops it, others cannot.
    "if [ -b \"$f\" ]; then dd if=\"$f\" iflag=nocache count=0 >/dev/null 2>&1; fi; "
    "say() { "
    "if [ -b \"$f\" ]; then if [ -r \"$f\" ]; then "
    "r=$(readlink -f \"$f\"); r=${r##*/}; s=$(blockdev --getsize64 \"$f\" 2>/dev/null) || "
    "{ s=; read -r n </sys/class/block/$r/size && s=${n}s; } 2>/dev/null; "
    "echo \"imgport-1 device ${s:-0} $r $(cat /sys/class/block/$r/diskseq 2>/dev/null)\"; "
    "else echo imgport-1 denied; fi; "
    "elif [ -f \"$f\" ]; then if [ -r \"$f\" ]; then "
    "t=$(stat -L -c \"%s %i %Y %y\" \"$f\" 2>/dev/null) || "
    "t=$(set -f; set -- $(ls -dnL \"$f\"); echo \"$5 $6 $7 $8\"); echo \"imgport-1 file $t\"; "
    "else echo imgport-1 denied; fi; "
    "elif [ -d \"$f\" ]; then echo imgport-1 folder; elif [ -e \"$f\" ]; then echo imgport-1 other; "
    "else echo imgport-1 missing; fi; }; "
    "tree() { (echo imgport-1 devices; cd /sys/class/block && "
    "for d in *; do read -r m <$d/dev && echo \"$d $m\"; done; "
    "echo imgport-1 partitions; for p in /sys/block/*/*/partition; do echo \"$p\"; done; "
    "echo imgport-1 slaves; for p in /sys/class/block/*/slaves/*; do echo \"$p\"; done; "
    "echo imgport-1 mounts; cat /proc/self/mountinfo; echo imgport-1 swaps; cat /proc/swaps) 2>/dev/null; "
    "echo imgport-1 end; }; "
    "say; "
    "while read -r b s c x; do case $b in say) say;; tree) tree;; *) "
    "e=$(dd if=\"$f\" bs=$b skip=$s count=$c 2>&1 >&3); "
    "case $e in \"$x records in\"*) ;; *) echo \"$e\" >&2; exit 3;; esac;; esac; done";

Command command_of(const SshAddress &address, RemoteUser user)
{
    Command command;
    // The user's own configuration, keys and agent; but nothing is asked, forwarded, or left behind.
    command.environment = Environment::inherited;
    command.piped = true;
    command.arguments = {"ssh", "-T", "-x", "-a"};
    for (const char *option :
         {"BatchMode=yes", "ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=4", "ControlMaster=no",
          "ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none", "LogLevel=ERROR"}) {
        command.arguments.emplace_back("-o");
        command.arguments.emplace_back(option);
    }
    if (!address.user.empty())
        command.arguments.insert(command.arguments.end(), {"-l", address.user});
    if (address.port)
        command.arguments.insert(command.arguments.end(), {"-p", std::to_string(*address.port)});
    command.arguments.insert(
        command.arguments.end(),
        {"--", address.host,
         fmt::format("exec {}/bin/sh -c '{}'", user == RemoteUser::root ? "sudo -n " : "", far_loop)});
    return command;
}

struct Remedy {
    std::string_view said;
    const char *hint;
};

// What ssh and sudo say, and what to do about it.
constexpr Remedy remedies[]{
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", "the machine is another one, or was set up anew: see ssh-keygen -R"},
    {"Host key verification failed",
     "connect once by hand with ssh, and accept the machine's key if it is the right one"},
    {"Permission denied", "no password is asked for: have a key for that machine in ssh's configuration or an agent"},
    {"Too many authentication failures", "name the key for that machine in ssh's configuration (IdentityFile)"},
    {"Could not resolve hostname", "is the name right? ssh's configuration may give it a HostName"},
    {"sudo:", "--remote-sudo needs a rule there that lets this user run /bin/sh without a password (NOPASSWD)"},
    {"not found", "--remote-sudo needs sudo there; without it, log in as a user who may read the device"},
};

// The part of what was said that tells most: the last line, and of dd the first.
std::string telling_line(std::string_view text, bool first)
{
    std::string found;
    for (auto const line : lines_of(text)) {
        auto const trimmed = trim(line);
        if (trimmed.empty() || (first && !found.empty()))
            continue;
        found = trimmed;
    }
    return printable(found, 300);
}

}  // namespace

Result<SshSession> SshSession::start(const SshAddress &address, RemoteUser user)
{
    auto process = Process::start(command_of(address, user));
    if (!process)
        return fail(process.error());
    SshSession session(std::move(*process));
    session.send(address.path + "\n");
    return session;
}

std::string SshSession::data_request(std::uint64_t block, std::uint64_t first, std::uint64_t count, std::uint64_t size)
{
    bool const short_last = (first + count) * block > size;
    return fmt::format("{} {} {} {}+{}\n", block, first, count, short_last ? count - 1 : count, short_last ? 1 : 0);
}

Result<RemoteDescription> SshSession::parse_description(const SshAddress &address, std::string_view line)
{
    auto const words = split_blanks(line.substr(std::min(mark.size(), line.size())));
    std::string const kind = words.empty() ? std::string() : words[0];
    Error error{ErrorCode::unreadable, "cannot be read"};
    error.file = address.text();
    if (kind == "missing") {
        error.message = "is not there, or in a folder that is closed to the user who logs in";
    } else if (kind == "denied") {
        error.message = "may not be read by the user who logs in";
        error.hint = "log in as one who may (ssh://root@...), or let sudo read it with --remote-sudo";
    } else if (kind == "folder") {
        error.message = "is a folder, not a disk image";
    } else if (kind == "other") {
        error.message = "is neither a regular file nor a block device";
    } else if ((kind == "device" || kind == "file") && words.size() >= 2) {
        RemoteDescription found;
        found.device = kind == "device";
        bool const sectors = words[1].ends_with('s');
        auto const number = parse_number(sectors ? words[1].substr(0, words[1].size() - 1) : words[1]);
        auto const size = number && sectors ? checked_mul(*number, std::uint64_t{512}) : number;
        if (!size || *size > (std::uint64_t{1} << 62)) {
            error.message = "has no size that can be told";
            return fail(error);
        }
        found.size = *size;
        if (found.device && words.size() >= 3)
            found.name = words[2];
        for (std::size_t i = found.device ? 3 : 2; i < words.size(); ++i)
            found.stamp += words[i] + " ";
        return found;
    } else {
        error.code = ErrorCode::remote;
        error.message = fmt::format("the machine answers strangely: {}", printable(line, 200));
    }
    return fail(error);
}

bool SshSession::send(std::string_view request)
{
    while (!request.empty() && !m_ended) {
        ssize_t const n = ::write(m_process.input(), request.data(), request.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            m_ended = true;
        else
            request.remove_prefix(static_cast<std::size_t>(n));
    }
    return !m_ended;
}

std::size_t SshSession::receive(std::span<std::byte> out)
{
    if (!m_line.empty()) {
        std::size_t const n = std::min(out.size(), m_line.size());
        std::memcpy(out.data(), m_line.data(), n);
        m_line.erase(0, n);
        return n;
    }
    ssize_t const n = ::read(m_process.output(), out.data(), out.size());
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        m_ended = true;
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}

void SshSession::fill()
{
    std::array<char, 16384> buffer{};
    ssize_t const n = ::read(m_process.output(), buffer.data(), buffer.size());
    if (n > 0)
        m_line.append(buffer.data(), static_cast<std::size_t>(n));
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        m_ended = true;
}

std::optional<std::string> SshSession::receive_line()
{
    auto end = m_line.find('\n');
    if (end == std::string::npos) {
        fill();
        end = m_line.find('\n');
    }
    if (end == std::string::npos) {
        // No line of ours is so long.
        m_ended = m_ended || m_line.size() > longest_line;
        return std::nullopt;
    }
    std::string line = m_line.substr(0, end);
    m_line.erase(0, end + 1);
    return line;
}

void SshSession::receive_errors()
{
    m_errors += m_process.error_output();
    if (m_errors.size() > longest_line)
        m_errors.erase(0, m_errors.size() - longest_line);
}

Error SshSession::failure(const SshAddress &address, RemoteUser user)
{
    m_ended = true;
    int const status = m_process.finish(last_words);
    receive_errors();
    Error error{ErrorCode::remote, {}, address.text()};
    if (status == cannot_read) {
        error.code = ErrorCode::unreadable;
        std::string const said = telling_line(m_errors, true);
        error.message = said.find("records in") == std::string::npos ? fmt::format("cannot be read there: {}", said)
                                                                     : std::string("ends sooner than its size says");
        return error;
    }
    std::string const said = telling_line(m_errors, false);
    error.message = fmt::format("the connection to {} {}: {}", address.shown_host(), status == 255 ? "failed" : "ended",
                                !said.empty()   ? said
                                : status == 255 ? "it was closed"
                                                : describe_status(status));
    for (auto const &remedy : remedies) {
        bool const about_sudo = remedy.said == "sudo:" || remedy.said == "not found";
        if ((user == RemoteUser::root || !about_sudo) && m_errors.find(remedy.said) != std::string::npos) {
            error.hint = remedy.hint;
            break;
        }
    }
    return error;
}

}  // namespace imgport
