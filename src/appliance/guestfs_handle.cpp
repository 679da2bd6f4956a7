#include "appliance/guestfs_handle.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <fmt/format.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <imgport/progress.hpp>

#include "support/text.hpp"

namespace imgport {
namespace {

using namespace std::chrono_literals;

// Building the appliance for the first time and starting it; emulated on a busy machine that takes a minute.
constexpr auto launch_limit = 120s;
constexpr auto launch_limit_emulated = 600s;
constexpr int memory_mib = 512;
constexpr std::size_t most_messages = 16;
constexpr std::size_t longest_message = 400;

void keep_message(guestfs_h *, void *messages, const char *text)
{
    auto &kept = *static_cast<std::vector<std::string> *>(messages);
    if (kept.size() < most_messages)
        kept.emplace_back(text);
}

bool user_set(const char *variable)
{
    return std::getenv(variable) != nullptr;
}

Error machine_error(std::string message)
{
    Error error{ErrorCode::environment, std::move(message)};
    error.hint = "'imgport doctor' says what this machine lacks";
    return error;
}

// Unique among the processes of this machine.
std::string new_marker()
{
    static std::atomic<unsigned> count{0};
    return fmt::format("imgport-{}-{}", ::getpid(), ++count);
}

}  // namespace

void GuestfsFree::operator()(char *text) const
{
    std::free(text);
}

void GuestfsFree::operator()(char **list) const
{
    for (char **item = list; *item; ++item)
        std::free(*item);
    std::free(list);
}

GuestfsHandle::BlockedSigpipe::BlockedSigpipe()
{
    sigset_t pipe;
    sigset_t pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    m_was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &m_old);
}

GuestfsHandle::BlockedSigpipe::~BlockedSigpipe()
{
    if (!m_was_pending) {
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        timespec const at_once{};
        while (sigtimedwait(&pipe, nullptr, &at_once) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &m_old, nullptr);
}

GuestfsHandle::GuestfsHandle(std::string marker)
    : m_guestfs(guestfs_create_flags(GUESTFS_CREATE_NO_ENVIRONMENT)), m_watchdog(std::move(marker))
{}

GuestfsHandle::~GuestfsHandle()
{
    if (!m_guestfs)
        return;
    run([](guestfs_h *g) { return guestfs_shutdown(g); });
    guestfs_set_error_handler(m_guestfs, nullptr, nullptr);
    guestfs_close(m_guestfs);
}

Result<std::shared_ptr<GuestfsHandle>> GuestfsHandle::launch(const ApplianceDisk &disk, Acceleration acceleration)
{
    std::string const marker = new_marker();
    std::shared_ptr<GuestfsHandle> handle(new GuestfsHandle(marker));
    if (!handle->m_guestfs)
        return fail(machine_error("libguestfs cannot make a handle"));
    if (auto prepared = handle->prepare(disk, acceleration, marker); !prepared)
        return tl::unexpected(prepared.error());
    BlockedSigpipe const blocked;
    Watchdog::Guard const guard(handle->m_watchdog,
                                acceleration == Acceleration::kvm ? launch_limit : launch_limit_emulated);
    if (guestfs_launch(handle->m_guestfs) != 0) {
        if (interrupted())
            return fail(ErrorCode::interrupted, "stopped while the appliance was starting");
        return fail(machine_error("the libguestfs appliance does not start: " + handle->said()));
    }
    return handle;
}

Result<void> GuestfsHandle::prepare(const ApplianceDisk &disk, Acceleration acceleration, const std::string &marker)
{
    guestfs_set_error_handler(m_guestfs, keep_message, &m_messages);
    std::string server = "unix:" + disk.nbd_socket;
    char *servers[] = {server.data(), nullptr};
    struct guestfs_add_drive_opts_argv options {};
    options.bitmask = GUESTFS_ADD_DRIVE_OPTS_READONLY_BITMASK | GUESTFS_ADD_DRIVE_OPTS_FORMAT_BITMASK |
                      GUESTFS_ADD_DRIVE_OPTS_PROTOCOL_BITMASK | GUESTFS_ADD_DRIVE_OPTS_SERVER_BITMASK;
    options.readonly = 1;  // what the appliance writes, a replayed journal, goes to a temporary overlay
    options.format = "raw";
    options.protocol = "nbd";
    options.server = servers;
    if (disk.sector_size == 4096) {
        options.bitmask |= GUESTFS_ADD_DRIVE_OPTS_BLOCKSIZE_BITMASK;
        options.blocksize = 4096;
    }
    guestfs_h *const g = m_guestfs;
    bool const done =
        guestfs_parse_environment(g) == 0 &&
        (user_set("LIBGUESTFS_BACKEND") || guestfs_set_backend(g, "direct") == 0) &&
        (user_set("LIBGUESTFS_TMPDIR") || disk.temp_dir.empty() || guestfs_set_tmpdir(g, disk.temp_dir.c_str()) == 0) &&
        (user_set("LIBGUESTFS_MEMSIZE") || guestfs_set_memsize(g, memory_mib) == 0) &&
        (acceleration == Acceleration::kvm || guestfs_set_backend_setting(g, "force_tcg", "1") == 0) &&
        guestfs_set_network(g, 0) == 0 && guestfs_set_autosync(g, 0) == 0 && guestfs_set_smp(g, 1) == 0 &&
        guestfs_set_pgroup(g, 1) == 0 &&  // Ctrl-C is for us
        guestfs_config(g, "-name", marker.c_str()) == 0 && guestfs_add_drive_opts_argv(g, "", &options) == 0;
    if (!done)
        return fail(machine_error("libguestfs cannot be set up: " + said()));
    return {};
}

std::string GuestfsHandle::said() const
{
    if (m_watchdog.timed_out())
        return "it took too long and was stopped";
    // The first lines of the first two messages: the cause, and what was being done.
    std::string out;
    for (std::size_t i = 0; i < m_messages.size() && i < 2; ++i) {
        std::string_view line = m_messages[i];
        line = trim(line.substr(0, line.find('\n')));
        if (!out.empty())
            out += "; ";
        out += line.substr(0, longest_message);
    }
    return out.empty() ? "it did not say why" : out;
}

std::optional<Error> GuestfsHandle::failure() const
{
    if (guestfs_is_ready(m_guestfs) == 1)
        return std::nullopt;
    return machine_error("the libguestfs appliance died");
}

Error GuestfsHandle::error(const std::string &subject) const
{
    if (interrupted())
        return {ErrorCode::interrupted, "stopped"};
    if (auto const gone = failure())
        return machine_error(fmt::format("{}: {}: {}", subject, gone->message, said()));
    return {ErrorCode::unreadable, fmt::format("{}: {}", subject, said())};
}

}  // namespace imgport
