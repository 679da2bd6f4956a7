// A small HTTP server inside the test program: says what a test wants said, and remembers what it was asked.
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace imgport::testing {

struct Asked {
    std::string method = {};
    std::string target = {};
    std::map<std::string, std::string> headers = {};  // names in lower case
    std::string body = {};
    int connection = 0;  // the first is 1

    std::string header(const std::string &name) const
    {
        auto const found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
};

struct Said {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    std::string raw = {};                // sent instead, as it is
    bool cut = false;                    // closes the connection after what was sent, with no reply at all: raw empty
    bool close = false;                  // closes the connection after the reply, without having said so
    std::chrono::milliseconds delay{0};  // before it is sent
    std::optional<std::size_t> length = {};  // Content-Length, where it is not the body's
};

class HttpServer {
public:
    using Handler = std::function<Said(const Asked &)>;

    struct Behaviour {
        Handler reply;
        // Asked with the head alone; what it says is sent before the body is read, and the connection is closed.
        std::function<std::optional<Said>(const Asked &)> early = {};
        bool knows_expect = true;
        std::size_t cut_in_body_after = 0;  // bytes; 0: never
        SSL_CTX *tls = nullptr;
    };

    explicit HttpServer(Handler reply) : HttpServer(Behaviour{.reply = std::move(reply)}) {}
    explicit HttpServer(Behaviour behaviour) : m_behaviour(std::move(behaviour))
    {
        m_listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto *const any = reinterpret_cast<sockaddr *>(&address);
        if (::bind(m_listener, any, length) != 0 || ::listen(m_listener, 64) != 0 ||
            ::getsockname(m_listener, any, &length) != 0)
            throw std::runtime_error("no server in this test");
        m_port = ntohs(address.sin_port);
        m_acceptor = std::thread([this] { accept_all(); });
    }
    HttpServer(const HttpServer &) = delete;
    HttpServer &operator=(const HttpServer &) = delete;
    ~HttpServer()
    {
        m_ending = true;
        ::shutdown(m_listener, SHUT_RDWR);
        m_acceptor.join();
        {
            std::scoped_lock const lock(m_mutex);
            for (int const fd : m_open)
                ::shutdown(fd, SHUT_RDWR);
        }
        for (auto &thread : m_connections)
            thread.join();
        ::close(m_listener);
    }

    int port() const { return m_port; }
    std::string url(const std::string &target = "") const
    {
        return std::string(m_behaviour.tls != nullptr ? "https" : "http") + "://127.0.0.1:" + std::to_string(m_port) +
               target;
    }
    std::vector<Asked> asked() const
    {
        std::scoped_lock const lock(m_mutex);
        return m_asked;
    }
    int connections() const { return m_count; }

private:
    struct Peer {
        int fd = -1;
        SSL *tls = nullptr;
        std::string buffer = {};

        bool fill()
        {
            char bytes[65536];
            long const n = tls != nullptr ? SSL_read(tls, bytes, sizeof bytes) : ::recv(fd, bytes, sizeof bytes, 0);
            if (n <= 0)
                return false;
            buffer.append(bytes, static_cast<std::size_t>(n));
            return true;
        }
        bool write(std::string_view text)
        {
            while (!text.empty()) {
                long const n = tls != nullptr ? SSL_write(tls, text.data(), static_cast<int>(text.size()))
                                              : ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
                if (n <= 0)
                    return false;
                text.remove_prefix(static_cast<std::size_t>(n));
            }
            return true;
        }
    };

    void accept_all()
    {
        while (!m_ending) {
            int const fd = ::accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0)
                continue;
            std::scoped_lock const lock(m_mutex);
            m_open.push_back(fd);
            m_connections.emplace_back([this, fd, number = ++m_count] { serve(fd, number); });
        }
    }

    void serve(int fd, int number)
    {
        sigset_t pipe{};  // SSL_write() raises it where the client is gone
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        Peer peer{.fd = fd};
        bool ready = true;
        if (m_behaviour.tls != nullptr) {
            peer.tls = SSL_new(m_behaviour.tls);
            SSL_set_fd(peer.tls, fd);
            ready = SSL_accept(peer.tls) == 1;
        }
        while (ready && !m_ending && serve_one(peer, number)) {
        }
        SSL_free(peer.tls);
        // Unread data turns close() into a reset, which could swallow what was just sent.
        ::shutdown(fd, SHUT_WR);
        std::scoped_lock const lock(m_mutex);
        std::erase(m_open, fd);
        ::close(fd);
    }

    static Asked parse(const std::string &head, int number)
    {
        Asked asked{.connection = number};
        std::size_t at = 0;
        for (bool first = true; at < head.size(); first = false) {
            auto const end = head.find("\r\n", at);
            std::string const line = head.substr(at, end - at);
            at = end == std::string::npos ? head.size() : end + 2;
            if (first) {
                auto const one = line.find(' ');
                auto const two = line.find(' ', one + 1);
                asked.method = line.substr(0, one);
                asked.target = line.substr(one + 1, two - one - 1);
            } else if (auto const colon = line.find(':'); colon != std::string::npos) {
                std::string name = line.substr(0, colon);
                for (char &c : name)
                    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
                auto const value = line.find_first_not_of(' ', colon + 1);
                asked.headers[name] = value == std::string::npos ? "" : line.substr(value);
            }
        }
        return asked;
    }

    // False where the connection is over.
    bool serve_one(Peer &peer, int number)
    {
        std::size_t end = 0;
        while ((end = peer.buffer.find("\r\n\r\n")) == std::string::npos) {
            if (!peer.fill())
                return false;
            if (peer.buffer.front() == '\x16')  // TLS, to a server without it
                return peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") && false;
        }
        Asked asked = parse(peer.buffer.substr(0, end), number);
        peer.buffer.erase(0, end + 4);
        if (m_behaviour.early) {
            if (auto const said = m_behaviour.early(asked)) {
                remember(asked);
                say(peer, asked, *said);
                drain(peer);
                return false;
            }
        }
        std::size_t const length = asked.headers.contains("content-length")
                                       ? static_cast<std::size_t>(std::stoull(asked.header("content-length")))
                                       : 0;
        if (m_behaviour.knows_expect && asked.header("expect") == "100-continue" &&
            !peer.write("HTTP/1.1 100 Continue\r\n\r\n"))
            return false;
        while (peer.buffer.size() < length) {
            if (m_behaviour.cut_in_body_after != 0 && peer.buffer.size() > m_behaviour.cut_in_body_after) {
                remember(asked);
                reset(peer);
                return false;
            }
            if (!peer.fill())
                return false;
        }
        asked.body = peer.buffer.substr(0, length);
        peer.buffer.erase(0, length);
        remember(asked);
        Said const said = m_behaviour.reply(asked);
        return say(peer, asked, said) && !said.close;
    }

    bool say(Peer &peer, const Asked &asked, const Said &said)
    {
        for (auto left = said.delay; left.count() > 0 && !m_ending; left -= std::chrono::milliseconds(20))
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (!said.raw.empty())
            peer.write(said.raw);
        if (!said.raw.empty() || said.cut)
            return false;
        std::string text = "HTTP/1.1 " + std::to_string(said.status) + " Word\r\n";
        for (auto const &[name, value] : said.headers)
            text += name + ": " + value + "\r\n";
        if (said.status != 204)
            text += "Content-Length: " + std::to_string(said.length.value_or(said.body.size())) + "\r\n";
        text += "\r\n";
        if (asked.method != "HEAD")
            text += said.body;
        return peer.write(text) && (asked.method == "HEAD" || said.length.value_or(0) <= said.body.size());
    }

    // Reads what still comes, for a while: counts what was sent in vain.
    void drain(Peer &peer)
    {
        ::shutdown(peer.fd, SHUT_WR);
        while (peer.fill()) {
        }
        m_in_vain += peer.buffer.size();
    }

    static void reset(Peer &peer)
    {
        linger const at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }

    void remember(const Asked &asked)
    {
        std::scoped_lock const lock(m_mutex);
        m_asked.push_back(asked);
    }

public:
    // Bytes of bodies that came after an early reply.
    std::size_t in_vain() const { return m_in_vain; }

private:
    Behaviour m_behaviour;
    int m_listener = -1;
    int m_port = 0;
    std::atomic<bool> m_ending = false;
    std::atomic<int> m_count = 0;
    std::atomic<std::size_t> m_in_vain = 0;
    std::thread m_acceptor;
    mutable std::mutex m_mutex;
    std::vector<Asked> m_asked;
    std::vector<int> m_open;
    std::vector<std::thread> m_connections;
};

}  // namespace imgport::testing
