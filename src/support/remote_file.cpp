#include "support/remote_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <imgport/progress.hpp>

#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t block_size = std::size_t{256} << 10;
constexpr std::size_t cached_blocks = 64;  // 16 MiB
constexpr std::size_t most_sent = 32;      // lines that always fit into a pipe
constexpr std::size_t most_noise = std::size_t{64} << 10;
constexpr std::size_t longest_device_list = std::size_t{4} << 20;
constexpr unsigned most_read_errors = 2;
constexpr auto patience_with_users = std::chrono::milliseconds(100);  // until an interrupt is noticed

Error changed(const SshAddress &address)
{
    Error error{ErrorCode::unreadable, "changed while it was being read", address.text()};
    error.hint = "shut down what writes to it, or make a snapshot and read that";
    return error;
}

}  // namespace

RemoteFile::RemoteFile(const SshAddress &address, RemoteUser user, const RemotePatience &patience)
    : m_address(address), m_user(user), m_patience(patience), m_wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{}

RemoteFile::~RemoteFile()
{
    {
        std::lock_guard const lock(m_mutex);
        m_stop = true;
    }
    wake();
}

Result<std::shared_ptr<RemoteFile>> RemoteFile::open(const SshAddress &address, RemoteUser user,
                                                     const RemotePatience &patience)
{
    std::shared_ptr<RemoteFile> file(new RemoteFile(address, user, patience));
    if (!file->m_wake)
        return fail(system_error(ErrorCode::environment, "cannot be connected to", address.text(), errno));
    file->m_thread = std::jthread([self = file.get()] { self->work(); });
    if (auto done = file->wait_for_description(); !done)
        return fail(done.error());
    return file;
}

Result<std::shared_ptr<RemoteFile>> RemoteFile::shared(const SshAddress &address, RemoteUser user)
{
    struct Entry {
        std::string key;
        std::shared_ptr<RemoteFile> file;
    };
    constexpr std::ptrdiff_t most_idle = 2;
    static std::mutex mutex;
    static std::vector<Entry> entries;  // the last used one first

    std::string const key = fmt::format("{}\n{}\n{}", address.user, user == RemoteUser::root, address.text());
    auto const of_key = [&](const Entry &entry) { return entry.key == key; };
    {
        std::lock_guard const lock(mutex);
        if (auto found = std::ranges::find_if(entries, of_key); found != entries.end()) {
            std::rotate(entries.begin(), found, found + 1);
            auto file = entries.front().file;
            std::lock_guard const inner(file->m_mutex);
            if (!file->m_error)
                return file;
        }
    }
    auto opened = open(address, user);
    if (!opened)
        return opened;
    std::vector<Entry> closed;  // outside of the lock: ending a connection takes a moment
    std::lock_guard const lock(mutex);
    auto const idle = [&](const Entry &entry) { return entry.file.use_count() == 1; };
    if (auto old = std::ranges::find_if(entries, of_key); old != entries.end()) {
        closed.push_back(std::move(*old));
        entries.erase(old);
    }
    entries.insert(entries.begin(), Entry{key, *opened});
    while (std::ranges::count_if(entries, idle) > most_idle) {
        auto const last = std::find_if(entries.rbegin(), entries.rend(), idle);
        closed.push_back(std::move(*last));
        entries.erase(std::next(last).base());
    }
    return opened;
}

void RemoteFile::wake()
{
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const written = ::write(m_wake.get(), &one, sizeof one);
}

Result<void> RemoteFile::wait_for_description()
{
    std::unique_lock lock(m_mutex);
    while (!m_connected && !m_error) {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        m_changed.wait_for(lock, patience_with_users);
    }
    return m_error ? Result<void>(fail(*m_error)) : Result<void>();
}

Result<void> RemoteFile::read(std::uint64_t offset, std::span<std::byte> out)
{
    if (!range_inside(offset, out.size(), size())) {
        Error error{ErrorCode::malformed, fmt::format("a read of {} bytes leaves the file", out.size())};
        error.file = m_address.text();
        error.offset = offset;
        return fail(error);
    }
    while (!out.empty()) {
        std::uint64_t const number = offset / block_size;
        auto const within = static_cast<std::size_t>(offset % block_size);
        std::unique_lock lock(m_mutex);
        if (m_error)
            return fail(*m_error);
        auto const runs = m_cache->ask(number, (offset + out.size() - 1) / block_size);
        for (auto const &run : runs)
            m_requests.push_back({run});
        if (!runs.empty())
            wake();
        auto &block = m_cache->at(number);
        while (!block.ready && !m_error && !interrupted())
            m_changed.wait_for(lock, patience_with_users);
        std::size_t const length = std::min(out.size(), m_cache->length_of(number) - within);
        if (block.ready)
            std::memcpy(out.data(), block.bytes.bytes().data() + within, length);
        bool const there = block.ready;
        m_cache->give_back(number);
        if (!there)
            return m_error ? fail(*m_error) : fail(ErrorCode::interrupted, "interrupted");
        offset += length;
        out = out.subspan(length);
    }
    return {};
}

Result<void> RemoteFile::check_unchanged()
{
    std::unique_lock lock(m_mutex);
    std::uint64_t const mine = ++m_checks_asked;
    m_requests.push_back({});
    wake();
    while (m_checks_done < mine && !m_error) {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        m_changed.wait_for(lock, patience_with_users);
    }
    return m_error ? Result<void>(fail(*m_error)) : Result<void>();
}

// ------------------------------------------------------------------------------------------ the thread's own

void RemoteFile::work()
{
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);

    if (auto error = connect())
        return give_up(std::move(*error));
    for (;;) {
        talk();
        {
            std::lock_guard const lock(m_mutex);
            if (m_stop || m_error)
                return;
        }
        if (auto error = take_up_again(m_session->failure(m_address, m_user)))
            return give_up(std::move(*error));
    }
}

void RemoteFile::give_up(Error error)
{
    std::lock_guard const lock(m_mutex);
    m_error = std::move(error);
    m_changed.notify_all();
}

// Until the far side or somebody here has something new, or the time is over.
void RemoteFile::wait_for_more(std::chrono::milliseconds longest)
{
    std::array<pollfd, 2> watched{pollfd{m_wake.get(), POLLIN, 0},
                                  pollfd{m_session && !m_session->ended() ? m_session->output() : -1, POLLIN, 0}};
    ::poll(watched.data(), watched.size(), static_cast<int>(longest.count()));
    std::uint64_t count = 0;
    [[maybe_unused]] auto const taken = ::read(m_wake.get(), &count, sizeof count);
    if (m_session)
        m_session->receive_errors();
}

bool RemoteFile::pause(std::chrono::milliseconds length)
{
    auto const end = Clock::now() + length;
    for (auto now = Clock::now(); now < end; now = Clock::now()) {
        wait_for_more(std::chrono::ceil<std::chrono::milliseconds>(end - now));
        std::lock_guard const lock(m_mutex);
        if (m_stop)
            return false;
    }
    return true;
}

// The next line of the far side's own; what its profile prints before is passed over.
Result<std::string> RemoteFile::hear_line()
{
    auto const deadline = Clock::now() + m_patience.answer;
    while (!m_session->ended() && Clock::now() < deadline) {
        if (auto line = m_session->receive_line())
            return std::move(*line);
        if (m_session->ended())
            break;
        wait_for_more(std::chrono::milliseconds(1000));
        std::lock_guard const lock(m_mutex);
        if (m_stop)
            return fail(ErrorCode::interrupted, "interrupted");
    }
    if (m_session->ended())
        return fail(m_session->failure(m_address, m_user));
    Error error{ErrorCode::remote, fmt::format("{} does not answer", m_address.shown_host())};
    error.file = m_address.text();
    return fail(error);
}

std::optional<Error> RemoteFile::hear_description()
{
    std::size_t noise = 0;
    for (;;) {
        auto const line = hear_line();
        if (!line)
            return line.error();
        if (!line->starts_with(SshSession::mark)) {
            noise += line->size() + 1;
            if (noise > most_noise)
                return SshSession::parse_description(m_address, *line).error();
            continue;
        }
        auto const found = SshSession::parse_description(m_address, *line);
        if (!found)
            return found.error();
        if (!m_cache)
            m_description = *found;
        else if (!(*found == m_description))
            return changed(m_address);
        return std::nullopt;
    }
}

std::optional<Error> RemoteFile::hear_devices()
{
    m_session->send(SshSession::devices_request());
    std::string text;
    std::string const end = std::string(SshSession::mark) + "end";
    for (;;) {
        auto const line = hear_line();
        if (!line)
            return line.error();
        if (*line == end)
            break;
        if (text.size() < longest_device_list)
            text.append(*line).append("\n");
    }
    auto const devices = parse_block_devices(text, SshSession::mark);
    if (!devices.mounts.empty())
        m_use = use_of(devices, m_description.name);
    return std::nullopt;
}

std::optional<Error> RemoteFile::connect()
{
    m_sent = 0;
    m_filled = 0;
    m_session.reset();
    auto session = SshSession::start(m_address, m_user);
    if (!session)
        return session.error();
    m_session = std::move(*session);
    if (auto error = hear_description())
        return error;
    if (m_cache)
        return std::nullopt;
    if (m_description.device) {
        if (auto error = hear_devices())
            return error;
    }
    std::lock_guard const lock(m_mutex);
    m_cache.emplace(m_description.size, block_size, cached_blocks);
    m_connected = true;
    m_changed.notify_all();
    return std::nullopt;
}

// Nothing where the connection stands again; else why it does not.
std::optional<Error> RemoteFile::take_up_again(Error why)
{
    // While nobody waits there is time.
    for (;;) {
        {
            std::lock_guard const lock(m_mutex);
            if (m_stop)
                return Error{ErrorCode::interrupted, "interrupted"};
            if (!m_requests.empty())
                break;
        }
        wait_for_more(std::chrono::hours(1));
    }
    for (;;) {
        bool const far_read_error = why.code == ErrorCode::unreadable;
        if (far_read_error && ++m_read_errors >= most_read_errors)
            return why;
        if (m_failures >= m_patience.pauses.size()) {
            why.message += fmt::format(" (after {} attempts to take it up again)", m_failures);
            return why;
        }
        if (!pause(m_patience.pauses[m_failures++]))
            return Error{ErrorCode::interrupted, "interrupted"};
        auto error = connect();
        if (!error) {
            ++m_interruptions;
            return std::nullopt;
        }
        // A file that changed, or vanished, will not come back.
        if (error->code != ErrorCode::remote)
            return error;
        why = std::move(*error);
    }
}

void RemoteFile::talk()
{
    while (!m_session->ended()) {
        {
            std::lock_guard const lock(m_mutex);
            if (m_stop)
                return;
        }
        send_requests();
        take_answers();
        bool idle = false;
        {
            std::lock_guard const lock(m_mutex);
            idle = m_requests.empty() || m_sent == std::min(m_requests.size(), most_sent);
            if (m_stop || m_error)
                return;
        }
        if (idle && !m_session->ended())
            wait_for_more(std::chrono::hours(1));
    }
}

void RemoteFile::send_requests()
{
    std::string lines;
    {
        std::lock_guard const lock(m_mutex);
        for (; m_sent < std::min(m_requests.size(), most_sent); ++m_sent) {
            auto const &run = m_requests[m_sent].run;
            lines += run.count == 0 ? SshSession::describe_request()
                                    : SshSession::data_request(block_size, run.first, run.count, m_description.size);
        }
    }
    if (!lines.empty())
        m_session->send(lines);
}

// What has arrived, until nothing more is there.
void RemoteFile::take_answers()
{
    for (bool more = true; more && m_sent != 0 && !m_session->ended();) {
        bool data = false;
        {
            std::lock_guard const lock(m_mutex);
            data = m_requests.front().run.count != 0;
        }
        more = data ? take_data() : take_description();
    }
    if (m_sent == 0 && !m_session->ended())
        m_session->receive_line();  // nothing is expected: all that can come is the end
}

bool RemoteFile::take_data()
{
    std::span<std::byte> bytes;
    {
        std::lock_guard const lock(m_mutex);
        std::uint64_t const number = m_requests.front().run.first;
        bytes = m_cache->at(number).bytes.bytes().first(m_cache->length_of(number)).subspan(m_filled);
    }
    // A block that was asked for stays where it is, and nobody reads it before it is ready.
    std::size_t const received = m_session->receive(bytes);
    m_filled += received;
    if (received < bytes.size())
        return received != 0;
    std::lock_guard const lock(m_mutex);
    auto &run = m_requests.front().run;
    m_cache->at(run.first).ready = true;
    ++run.first;
    if (--run.count == 0) {
        m_requests.pop_front();
        --m_sent;
    }
    m_filled = 0;
    m_failures = 0;
    m_read_errors = 0;
    m_changed.notify_all();
    return true;
}

bool RemoteFile::take_description()
{
    auto const line = m_session->receive_line();
    if (!line)
        return false;
    auto const found = SshSession::parse_description(m_address, *line);
    bool const same = found && *found == m_description;
    if (!same) {
        give_up(found || found.error().code == ErrorCode::unreadable ? changed(m_address) : found.error());
        return false;
    }
    std::lock_guard const lock(m_mutex);
    m_requests.pop_front();
    --m_sent;
    ++m_checks_done;
    m_changed.notify_all();
    return true;
}

}  // namespace imgport
