#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <sys/un.h>

#include "format/nbd_disk.hpp"
#include "format/source.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr auto longest_start = std::chrono::seconds(10);

// The server and the folder of its socket. The process goes first.
struct Server {
    TempDir folder;
    std::string socket;
    Process process;
};

Result<void> wait_for(Server &server, const std::string &path)
{
    auto const deadline = std::chrono::steady_clock::now() + longest_start;
    while (!nbd_server_answers(server.socket, std::chrono::milliseconds(200))) {
        if (interrupted())
            return fail(ErrorCode::interrupted, "interrupted");
        if (!server.process.running()) {
            Error error{ErrorCode::unreadable, fmt::format("qemu-nbd cannot open it: {}",
                                                           printable(trim(server.process.error_output()), 500))};
            error.file = path;
            return fail(error);
        }
        if (std::chrono::steady_clock::now() > deadline)
            return fail(ErrorCode::environment,
                        fmt::format("qemu-nbd did not start within {} s", longest_start.count()));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return {};
}

Result<std::shared_ptr<Server>> start_server(const Source &source, const std::string &temp_dir)
{
    if (source.file().is_remote()) {
        Error error{ErrorCode::environment, "lies on another machine, where QEMU does not read it"};
        error.file = source_name(source.facts().path);
        error.hint = "imgport convert it to a file here, and go on with that";
        return fail(error);
    }
    auto folder = TempDir::create(temporary_directory(temp_dir));
    if (!folder)
        return fail(folder.error());
    std::string const socket = folder->path() + "/nbd.sock";
    if (socket.size() >= sizeof(sockaddr_un::sun_path)) {
        Error error{ErrorCode::environment, "the path is too long for a socket"};
        error.file = socket;
        error.hint = "choose a shorter one with --temp-dir";
        return fail(error);
    }
    Command command;
    command.arguments = {"qemu-nbd",   "--read-only",        "--persistent",
                         "--shared=8", "--socket=" + socket, source.qemu_name()};
    command.keep_fds = source.fds();
    auto process = Process::start(command);
    if (!process)
        return fail(process.error());
    std::shared_ptr<Server> server(new Server{std::move(*folder), socket, std::move(*process)});
    if (auto done = wait_for(*server, source.facts().path); !done)
        return fail(done.error());
    return server;
}

}  // namespace

struct DiskServer::State {
    std::shared_ptr<Server> server;
};

DiskServer::DiskServer(std::unique_ptr<State> state) : m_state(std::move(state)) {}
DiskServer::DiskServer(DiskServer &&) noexcept = default;
DiskServer &DiskServer::operator=(DiskServer &&) noexcept = default;
DiskServer::~DiskServer() = default;

Result<DiskServer> DiskServer::start(const Source &source, const std::string &temp_dir)
{
    auto server = start_server(source, temp_dir);
    if (!server)
        return fail(server.error());
    return DiskServer(std::unique_ptr<State>(new State{std::move(*server)}));
}

const std::string &DiskServer::socket() const
{
    return m_state->server->socket;
}

Result<std::shared_ptr<Disk>> DiskServer::disk()
{
    return connect_nbd_disk(m_state->server->socket, m_state->server);
}

Result<std::shared_ptr<Disk>> open_qemu_disk(const Source &source, const std::string &temp_dir)
{
    auto server = start_server(source, temp_dir);
    if (!server)
        return fail(server.error());
    return connect_nbd_disk((*server)->socket, *server);
}

Result<std::shared_ptr<Disk>> open_disk(const Source &source, const std::string &temp_dir)
{
    auto disk = open_native_disk(source);
    if (disk || disk.error().code != ErrorCode::unsupported)
        return disk;
    return open_qemu_disk(source, temp_dir);
}

}  // namespace imgport
