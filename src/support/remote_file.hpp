// A file or block device of another machine, to be read at any place: what was read is kept for a while, what comes
// next is fetched ahead, and a connection that breaks is taken up again where it broke.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <imgport/error.hpp>

#include "support/block_cache.hpp"
#include "support/block_devices.hpp"
#include "support/file.hpp"
#include "support/ssh_session.hpp"

namespace imgport {

struct RemotePatience {
    // Before each attempt to take a connection up again; after the last the reading fails. Every block that arrives
    // begins the list anew.
    std::vector<std::chrono::milliseconds> pauses = {
        std::chrono::milliseconds(500), std::chrono::seconds(1),  std::chrono::seconds(2),  std::chrono::seconds(4),
        std::chrono::seconds(8),        std::chrono::seconds(16), std::chrono::seconds(30), std::chrono::seconds(30)};
    std::chrono::milliseconds answer = std::chrono::minutes(2);  // until the far side says its first word
};

class RemoteFile {
public:
    // Connects, and returns when the far side has said what the file is.
    static Result<std::shared_ptr<RemoteFile>> open(const SshAddress &address, RemoteUser user,
                                                    const RemotePatience &patience = {});
    // The same for all who ask while the program runs: probe, inspection and conversion share connection and cache.
    // Of those that nobody uses at the moment a few stay connected.
    static Result<std::shared_ptr<RemoteFile>> shared(const SshAddress &address, RemoteUser user);

    RemoteFile(const RemoteFile &) = delete;
    RemoteFile &operator=(const RemoteFile &) = delete;
    ~RemoteFile();

    std::uint64_t size() const { return m_description.size; }
    const RemoteDescription &description() const { return m_description; }
    // Of a device: what the far kernel says. nullopt where it says nothing.
    const std::optional<DeviceUse> &use() const { return m_use; }

    // Fills `out`, which lies inside the file. Several threads may read at once.
    Result<void> read(std::uint64_t offset, std::span<std::byte> out);
    // Asks the far side. An error (unreadable) when the file is another one by now.
    Result<void> check_unchanged();
    // How often the connection broke and was taken up again.
    unsigned interruptions() const { return m_interruptions; }

private:
    struct Request {
        BlockRun run = {};  // no blocks: describe the file again
    };

    RemoteFile(const SshAddress &address, RemoteUser user, const RemotePatience &patience);
    Result<void> wait_for_description();
    void wake();

    // The thread that talks to the far side; nothing below is called by another.
    void work();
    std::optional<Error> connect();
    std::optional<Error> hear_description();
    std::optional<Error> hear_devices();
    Result<std::string> hear_line();
    std::optional<Error> take_up_again(Error why);
    void talk();
    void send_requests();
    void take_answers();
    bool take_data();
    bool take_description();
    bool pause(std::chrono::milliseconds length);
    void give_up(Error error);
    void wait_for_more(std::chrono::milliseconds longest);

    const SshAddress m_address;
    const RemoteUser m_user;
    const RemotePatience m_patience;
    Fd m_wake;  // an eventfd: there is something to do
    std::atomic<unsigned> m_interruptions = 0;

    // Set once, before open() returns.
    RemoteDescription m_description;
    std::optional<DeviceUse> m_use;

    std::mutex m_mutex;  // of what follows
    std::condition_variable m_changed;
    bool m_connected = false;  // once, at least
    bool m_stop = false;
    std::optional<Error> m_error;
    std::optional<BlockCache> m_cache;
    std::deque<Request> m_requests;
    std::uint64_t m_checks_asked = 0;
    std::uint64_t m_checks_done = 0;

    // The thread's own.
    std::optional<SshSession> m_session;
    std::size_t m_sent = 0;    // how many of the requests the far side knows
    std::size_t m_filled = 0;  // bytes of the block that is arriving
    unsigned m_failures = 0;   // since the last block that arrived
    unsigned m_read_errors = 0;
    std::jthread m_thread;
};

}  // namespace imgport
