// One connection to another machine by the system's ssh, with a loop of a few lines of POSIX shell at its other end
// that reads one file or device there. Nothing is installed on that machine and nothing is written.
//
// Each request is a line, and the answers come in the order of the requests. What the far side cannot answer to the
// byte ends the connection, so that no answer is ever mistaken for another.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <imgport/error.hpp>

#include "support/ssh_address.hpp"
#include "support/subprocess.hpp"

namespace imgport {

// What the far side says of its file.
struct RemoteDescription {
    bool device = false;
    std::uint64_t size = 0;  // bytes
    std::string name = {};   // of a device: the kernel's name for it, "sda"
    std::string stamp = {};  // changes when the file does

    friend bool operator==(const RemoteDescription &, const RemoteDescription &) = default;
};

class SshSession {
public:
    // Every line of the far side that is no data begins so.
    static constexpr std::string_view mark = "imgport-1 ";

    // Starts ssh and returns; the first answer is the file's description.
    static Result<SshSession> start(const SshAddress &address, RemoteUser user);

    static std::string describe_request() { return "say\n"; }
    // The sections of parse_block_devices(), and "end".
    static std::string devices_request() { return "tree\n"; }
    // `count` blocks of `block` bytes each from block `first` on; the last is short where the file of `size` ends in
    // it.
    static std::string data_request(std::uint64_t block, std::uint64_t first, std::uint64_t count, std::uint64_t size);
    // Out of a line that begins with the mark. An error (unreadable) says why there is nothing to read.
    static Result<RemoteDescription> parse_description(const SshAddress &address, std::string_view line);

    // To wait for with poll().
    int output() const { return m_process.output(); }
    int errors() const { return m_process.errors(); }

    // False where the connection has ended. The caller's thread has SIGPIPE blocked.
    bool send(std::string_view request);
    // As much as is there, at most `out.size()`; 0: nothing now.
    std::size_t receive(std::span<std::byte> out);
    // The next line without its end, where all of it is there.
    std::optional<std::string> receive_line();
    // Takes what is on standard error, so that it never fills up.
    void receive_errors();
    bool ended() const { return m_ended; }

    // Why it ended; ends it where it has not. Unreadable where the far side could not read, else remote.
    Error failure(const SshAddress &address, RemoteUser user);

private:
    explicit SshSession(Process process) : m_process(std::move(process)) {}
    void fill();

    Process m_process;
    std::string m_line = {};  // received, and not yet taken
    std::string m_errors = {};
    bool m_ended = false;
};

}  // namespace imgport
