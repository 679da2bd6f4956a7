// object_sink READY-FILE [none|md5|crc64 [CERTIFICATE KEY]]: an object store that takes everything and keeps nothing,
// as fast as a socket can be emptied, so that what is measured is the one who sends. It speaks as much of S3 and OSS as
// `imgport upload`, `aws s3 cp` and `rclone` need, checks no signature, and writes its port to READY-FILE.
//   none   bytes are thrown away unseen; ETags mean nothing, and the replies say so as SSE-KMS does
//   md5    the ETag of a part is its MD5, as with S3
//   crc64  parts and objects have OSS's CRC-64 besides
// For the benchmarks; not installed.
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/crc64_combine.hpp"
#include "support/digest.hpp"

using namespace imgport;

namespace {

enum class Sums { none, md5, crc64 };

struct Part {
    std::uint64_t size = 0;
    std::uint64_t crc = 0;
    std::string etag = {};
};
using Parts = std::map<unsigned, Part>;

struct Store {
    std::mutex mutex;
    unsigned last = 0;
    std::map<std::string, Parts> uploads;
    std::map<std::string, Part> objects;  // by path
};

struct Request {
    std::string method;
    std::string path;
    std::string query;
    std::map<std::string, std::string> headers;

    std::string parameter(std::string_view name) const
    {
        for (std::size_t at = 0; at <= query.size();) {
            auto const end = std::min(query.find('&', at), query.size());
            std::string_view const pair = std::string_view(query).substr(at, end - at);
            if (pair.substr(0, pair.find('=')) == name)
                return pair.find('=') == std::string_view::npos ? "" : std::string(pair.substr(pair.find('=') + 1));
            at = end + 1;
        }
        return {};
    }
    bool has(std::string_view name) const { return ("&" + query).find("&" + std::string(name)) != std::string::npos; }
};

class Connection {
public:
    Connection(int socket, SSL_CTX *tls, Store &store, Sums sums)
        : m_socket(socket), m_tls(tls != nullptr ? SSL_new(tls) : nullptr), m_store(store), m_sums(sums)
    {
        if (m_tls != nullptr)
            SSL_set_fd(m_tls, m_socket);
    }
    ~Connection()
    {
        SSL_free(m_tls);
        ::close(m_socket);
    }
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    void serve()
    {
        if (m_tls != nullptr && SSL_accept(m_tls) != 1)
            return;
        while (auto const request = read_request()) {
            if (request->headers.contains("expect"))
                send_text("HTTP/1.1 100 Continue\r\n\r\n");
            auto const body = read_body(*request);
            if (!body)
                return;
            reply(*request, *body);
        }
    }

private:
    ssize_t get(char *into, std::size_t size)
    {
        return m_tls != nullptr ? SSL_read(m_tls, into, static_cast<int>(size)) : ::recv(m_socket, into, size, 0);
    }
    // Without TLS nothing need be copied, where nobody looks at it.
    bool throws_away() const { return m_sums == Sums::none && m_tls == nullptr; }

    bool fill()
    {
        std::array<char, 16384> buffer{};
        ssize_t const n = get(buffer.data(), buffer.size());
        if (n <= 0)
            return false;
        m_input.append(buffer.data(), static_cast<std::size_t>(n));
        return true;
    }

    std::optional<Request> read_request()
    {
        std::size_t end = 0;
        while ((end = m_input.find("\r\n\r\n")) == std::string::npos) {
            if (m_input.size() > (1U << 20) || !fill())
                return std::nullopt;
        }
        std::string const head = m_input.substr(0, end + 2);
        m_input.erase(0, end + 4);
        Request request;
        auto const line_end = head.find("\r\n");
        auto const first = head.find(' ');
        auto const second = head.find(' ', first + 1);
        request.method = head.substr(0, first);
        std::string const target = head.substr(first + 1, second - first - 1);
        request.path = target.substr(0, target.find('?'));
        request.query = target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1);
        for (std::size_t at = line_end + 2; at < head.size();) {
            auto const next = head.find("\r\n", at);
            auto const colon = head.find(':', at);
            std::string name = head.substr(at, colon - at);
            for (auto &c : name)
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            request.headers[name] = head.substr(head.find_first_not_of(' ', colon + 1), next - colon - 2);
            at = next + 2;
        }
        return request;
    }

    std::optional<Part> read_body(const Request &request)
    {
        Part part;
        auto const length = request.headers.find("content-length");
        auto const decoded = request.headers.find("x-amz-decoded-content-length");
        if (length != request.headers.end()) {
            if (!take(std::strtoull(length->second.c_str(), nullptr, 10), part))
                return std::nullopt;
        } else if (request.headers.contains("transfer-encoding") && !take_chunks(part)) {
            return std::nullopt;
        }
        if (decoded != request.headers.end())
            part.size = std::strtoull(decoded->second.c_str(), nullptr, 10);
        return part;
    }

    bool take_chunks(Part &part)
    {
        for (;;) {
            std::size_t end = 0;
            while ((end = m_input.find("\r\n")) == std::string::npos) {
                if (!fill())
                    return false;
            }
            std::uint64_t size = 0;
            std::from_chars(m_input.data(), m_input.data() + end, size, 16);
            m_input.erase(0, end + 2);
            Part end_of_chunk;
            if ((size != 0 && !take(size, part)) || (size != 0 && !take(2, end_of_chunk)))
                return false;
            if (size == 0) {
                while ((end = m_input.find("\r\n")) == std::string::npos) {
                    if (!fill())
                        return false;
                }
                m_input.erase(0, end + 2);
                return true;
            }
        }
    }

    bool take(std::uint64_t left, Part &part)
    {
        NamedDigest md5("MD5");
        auto const sum = [&](const char *bytes, std::size_t size) {
            Bytes const piece = bytes_of({bytes, size});
            if (m_sums != Sums::none)
                md5.update(piece);
            if (m_sums == Sums::crc64)
                part.crc = crc64_ecma(part.crc, piece);
            part.size += size;
        };
        std::size_t const first = std::min<std::uint64_t>(left, m_input.size());
        sum(m_input.data(), first);
        m_input.erase(0, first);
        left -= first;
        // With MSG_TRUNC, TCP throws the bytes away without copying them.
        m_buffer.resize(throws_away() ? 1 : 1U << 20);
        while (left > 0) {
            auto const most = std::min<std::uint64_t>(left, throws_away() ? 1U << 22 : m_buffer.size());
            auto const wanted = static_cast<std::size_t>(most);
            ssize_t const n =
                throws_away() ? ::recv(m_socket, nullptr, wanted, MSG_TRUNC) : get(m_buffer.data(), wanted);
            if (n <= 0)
                return false;
            if (m_sums == Sums::none)
                part.size += static_cast<std::uint64_t>(n);
            else
                sum(m_buffer.data(), static_cast<std::size_t>(n));
            left -= static_cast<std::uint64_t>(n);
        }
        part.etag = m_sums == Sums::none ? std::string(32, 'e') : md5.hex();
        return true;
    }

    void send_text(std::string_view text)
    {
        while (!text.empty()) {
            ssize_t const n = m_tls != nullptr ? SSL_write(m_tls, text.data(), static_cast<int>(text.size()))
                                               : ::send(m_socket, text.data(), text.size(), MSG_NOSIGNAL);
            if (n <= 0)
                return;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    void answer(const char *status, const std::string &headers, const std::string &body, bool head = false)
    {
        std::string text = std::string("HTTP/1.1 ") + status + "\r\nServer: sink\r\n" + headers;
        if (!head)
            text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        send_text(text + "\r\n" + body);
    }

    std::string sums_of(const Part &part) const
    {
        std::string headers = "ETag: \"" + part.etag + "\"\r\n";
        if (m_sums == Sums::none)
            headers += "x-amz-server-side-encryption: aws:kms\r\n";
        if (m_sums == Sums::crc64)
            headers += "x-oss-hash-crc64ecma: " + std::to_string(part.crc) + "\r\n";
        return headers;
    }

    void reply(const Request &request, const Part &body)
    {
        std::scoped_lock const lock(m_store.mutex);
        std::string const id = request.parameter("uploadId");
        if (request.method == "POST" && request.has("uploads")) {
            std::string const made = "upload" + std::to_string(++m_store.last);
            m_store.uploads[made] = {};
            answer("200 OK", "Content-Type: application/xml\r\n",
                   "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>" + made +
                       "</UploadId></InitiateMultipartUploadResult>");
        } else if (request.method == "PUT" && !id.empty()) {
            m_store.uploads[id][static_cast<unsigned>(std::atoi(request.parameter("partNumber").c_str()))] = body;
            answer("200 OK", sums_of(body), "");
        } else if (request.method == "PUT") {
            m_store.objects[request.path] = body;
            answer("200 OK", sums_of(body), "");
        } else if (request.method == "POST" && !id.empty()) {
            complete(request, id);
        } else if (request.method == "HEAD") {
            auto const found = m_store.objects.find(request.path);
            if (found == m_store.objects.end())
                answer("404 Not Found", "", "", true);
            else
                answer("200 OK",
                       sums_of(found->second) + "Content-Length: " + std::to_string(found->second.size) +
                           "\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
                       "", true);
        } else if (request.method == "DELETE") {
            m_store.uploads.erase(id);
            answer("204 No Content", "", "", true);
        } else if (request.has("uploads")) {
            answer("200 OK", "Content-Type: application/xml\r\n",
                   "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>");
        } else {
            answer("200 OK", "Content-Type: application/xml\r\n",
                   "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
        }
    }

    void complete(const Request &request, const std::string &id)
    {
        Part whole;
        std::string md5s;
        for (auto const &[number, part] : m_store.uploads[id]) {
            whole.crc = crc64_combine(whole.crc, part.crc, part.size);
            whole.size += part.size;
            for (std::size_t at = 0; at + 1 < part.etag.size(); at += 2)
                md5s += static_cast<char>(std::strtoul(part.etag.substr(at, 2).c_str(), nullptr, 16));
        }
        whole.etag = hex_digest("MD5", bytes_of(md5s)) + "-" + std::to_string(m_store.uploads[id].size());
        m_store.uploads.erase(id);
        m_store.objects[request.path] = whole;
        answer("200 OK", "Content-Type: application/xml\r\n" + sums_of(whole),
               "<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>\"" +
                   whole.etag + "\"</ETag></CompleteMultipartUploadResult>");
    }

    int m_socket;
    SSL *m_tls;
    Store &m_store;
    Sums m_sums;
    std::string m_input;
    std::vector<char> m_buffer;
};

}  // namespace

int main(int argc, char **argv)
{
    if (argc < 2) {
        std::fputs("object_sink READY-FILE [none|md5|crc64 [CERTIFICATE KEY]]\n", stderr);
        return 2;
    }
    std::string_view const wanted = argc > 2 ? argv[2] : "none";
    Sums const sums = wanted == "md5" ? Sums::md5 : wanted == "crc64" ? Sums::crc64 : Sums::none;
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX *tls = nullptr;
    if (argc > 4) {
        tls = SSL_CTX_new(TLS_server_method());
        if (SSL_CTX_use_certificate_chain_file(tls, argv[3]) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, argv[4], SSL_FILETYPE_PEM) != 1) {
            std::fputs("object_sink: the certificate or the key cannot be used\n", stderr);
            return 1;
        }
    }
    int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto *const generic = reinterpret_cast<sockaddr *>(&address);
    if (listener < 0 || ::bind(listener, generic, length) != 0 || ::listen(listener, 128) != 0 ||
        ::getsockname(listener, generic, &length) != 0) {
        std::perror("object_sink");
        return 1;
    }
    std::string const ready = argv[1];
    if (std::FILE *const file = std::fopen((ready + ".new").c_str(), "w"); file != nullptr) {
        std::fprintf(file, "%d\n", ntohs(address.sin_port));
        std::fclose(file);
        std::rename((ready + ".new").c_str(), ready.c_str());
    }
    static Store store;
    for (;;) {
        int const socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0)
            continue;
        int const on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::thread([socket, tls, sums] { Connection(socket, tls, store, sums).serve(); }).detach();
    }
}
