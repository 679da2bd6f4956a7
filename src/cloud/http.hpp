// HTTP as the clouds' interfaces need it: one request, one reply of bounded size, and what went wrong where none came.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// What is sent, read while it is sent. A transport rewinds it before it sends, and may start it again from the front (a
// kept connection that turns out to be dead).
class RequestBody {
public:
    RequestBody() = default;
    RequestBody(const RequestBody &) = delete;
    RequestBody &operator=(const RequestBody &) = delete;
    virtual ~RequestBody() = default;

    virtual std::uint64_t size() const = 0;  // bytes
    virtual Result<void> rewind() = 0;
    // At least one byte, until `size` bytes were read. An error ends the request and is handed up as it is.
    virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;              // complete, the path and the query percent-encoded
    NamedValues headers = {};     // no line breaks in them
    std::string text = {};        // the body where it is short
    RequestBody *body = nullptr;  // else; not owned
    std::chrono::milliseconds connect_timeout{10'000};
    // Slower than a byte a second for so long: the connection is dead.
    std::chrono::seconds stall_timeout{60};
    std::size_t reply_limit = std::size_t{16} << 20;  // bytes; a longer reply is an error
    bool direct = false;                              // past any proxy: the metadata of the machine we run on
};

struct HttpReply {
    int status = 0;
    NamedValues headers = {};  // names in lower case
    std::string body = {};

    // Empty where there is no such header; `name` in lower case.
    std::string_view header(std::string_view name) const;
    bool ok() const { return status >= 200 && status < 300; }
};

// No whole reply came.
struct HttpFailure {
    Error error;         // code remote, or the body's own error, or interrupted
    bool retry = false;  // the same request may well succeed later: a connection that broke, a time-out, a name server
};

// Safe for several threads at once. Redirections are not followed; proxies and CAs come from the environment as curl's
// do (HTTPS_PROXY, SSL_CERT_FILE), certificates are always verified. A reply that comes before the body was sent is the
// reply: the rest of the body is not sent. A kept connection that has died is made again, except for a POST, which is
// sent once at most.
class HttpTransport {
public:
    HttpTransport() = default;
    HttpTransport(const HttpTransport &) = delete;
    HttpTransport &operator=(const HttpTransport &) = delete;
    virtual ~HttpTransport() = default;

    virtual tl::expected<HttpReply, HttpFailure> send(const HttpRequest &request) = 0;
};

// By libcurl, which keeps its connections for the next request. It ends soon after interrupted() is set.
std::unique_ptr<HttpTransport> make_http_transport();

// RFC 3986: unreserved characters stay, every other byte becomes %XX in upper case. `keep_slashes`: '/' stays as well.
std::string percent_encoded(std::string_view text, bool keep_slashes = false);

}  // namespace imgport
