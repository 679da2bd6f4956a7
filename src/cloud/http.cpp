// HTTP by libcurl.
#include "cloud/http.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <set>

#include <curl/curl.h>
#include <fmt/format.h>

#include <imgport/progress.hpp>
#include <imgport/version.hpp>

#include "cloud/broken_pipes.hpp"
#include "cloud/http_exchange.hpp"
#include "cloud/http_failure.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// A body from this size on is worth a question before it is sent.
constexpr std::uint64_t large_body = std::uint64_t{1} << 20;
// What is read of a body at once, straight into what libcurl sends from.
constexpr long upload_buffer = 512L << 10;
constexpr long expect_timeout = 500;  // milliseconds

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

std::string from_environment(const char *name)
{
    const char *const value = std::getenv(name);
    return value != nullptr ? value : "";
}

// Where CAs are looked for instead of in the system's own place: curl's rules (libcurl itself does not look).
struct TrustPlaces {
    std::string file;
    std::string directory;

    static TrustPlaces from_user()
    {
        if (auto bundle = from_environment("CURL_CA_BUNDLE"); !bundle.empty())
            return {std::move(bundle), {}};
        return {from_environment("SSL_CERT_FILE"), from_environment("SSL_CERT_DIR")};
    }
};

void set_connection(CURL *handle, const HttpRequest &request, const TrustPlaces &trust)
{
    set_option(handle, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    set_option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    set_option(handle, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    // Several connections carry more than one with several streams, and the stores speak nothing newer anyway.
    set_option(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set_option(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    set_option(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
    set_option(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set_option(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout.count()));
    set_option(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    // What is sent on a kept connection that dies without a reply is sent again, by libcurl itself. That is right where
    // twice is as good as once; an upload must not be begun or completed twice behind the caller's back.
    set_option(handle, CURLOPT_FRESH_CONNECT, request.method == "POST" ? 1L : 0L);
    set_option(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (request.direct)
        set_option(handle, CURLOPT_NOPROXY, "*");
    if (!trust.file.empty())
        set_option(handle, CURLOPT_CAINFO, trust.file.c_str());
    if (!trust.directory.empty())
        set_option(handle, CURLOPT_CAPATH, trust.directory.c_str());
}

void set_body(CURL *handle, const HttpRequest &request)
{
    if (request.body != nullptr) {
        set_option(handle, CURLOPT_UPLOAD, 1L);
        set_option(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
        set_option(handle, CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer);
    } else if (request.method == "POST" || request.method == "PUT" || !request.text.empty()) {
        // With "Content-Length: 0" where there is nothing: servers ask for it.
        set_option(handle, CURLOPT_POST, 1L);
        set_option(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.text.size()));
        set_option(handle, CURLOPT_POSTFIELDS, request.text.c_str());
    } else if (request.method == "HEAD") {
        set_option(handle, CURLOPT_NOBODY, 1L);
    }
    set_option(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

bool add(HeaderList &list, const std::string &line)
{
    curl_slist *const longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr)
        return false;
    (void)list.release();
    list.reset(longer);
    return true;
}

bool breaks_line(const std::string &text)
{
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
}

// Empty where memory is short or a header would break the request.
HeaderList headers_of(const HttpRequest &request, bool ask_first)
{
    HeaderList list{nullptr, curl_slist_free_all};
    bool typed = false;
    for (const auto &[name, value] : request.headers) {
        if (breaks_line(name) || breaks_line(value))
            return {nullptr, curl_slist_free_all};
        typed = typed || to_lower(name) == "content-type";
        // "Name;" is libcurl's way to send a header without a value.
        if (!add(list, value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value)))
            return {nullptr, curl_slist_free_all};
    }
    // libcurl would add one of its own, which no signature knows of.
    if (!typed && !add(list, "Content-Type:"))
        return {nullptr, curl_slist_free_all};
    if (!add(list, ask_first ? "Expect: 100-continue" : "Expect:"))
        return {nullptr, curl_slist_free_all};
    return list;
}

HttpFailure stopped()
{
    return {Error{ErrorCode::interrupted, "interrupted"}, false};
}

// Handles are kept with their connections, the one used last first, so that as few connections as possible are open.
class CurlTransport final : public HttpTransport {
public:
    CurlTransport()
    {
        static CURLcode const ready = curl_global_init(CURL_GLOBAL_DEFAULT);
        m_ready = ready == CURLE_OK;
    }
    CurlTransport(const CurlTransport &) = delete;
    CurlTransport &operator=(const CurlTransport &) = delete;
    ~CurlTransport() override
    {
        NoBrokenPipes const quiet;  // connections are said goodbye to
        m_idle.clear();
    }

    tl::expected<HttpReply, HttpFailure> send(const HttpRequest &request) override
    {
        if (interrupted())
            return tl::unexpected(stopped());
        NoBrokenPipes const quiet;
        Handle handle = take_handle();
        if (!handle)
            return tl::unexpected(HttpFailure{Error{ErrorCode::environment, "libcurl cannot be used"}, false});
        // Whether to ask (Expect: 100-continue) before a large body goes out. A refusal should not cost the sending of
        // a part; but the question costs a round trip, and half a second where the server does not know it. So a server
        // is asked until it has taken a large body, and again after it has refused anything.
        bool const large = request.body != nullptr && request.body->size() >= large_body;
        std::string const origin = origin_of(request.url);
        auto reply = perform(handle.get(), request, large && !trusts(origin));
        if (large || (reply && !reply->ok()))
            remember(origin, reply && reply->ok());
        keep(std::move(handle));
        return reply;
    }

private:
    tl::expected<HttpReply, HttpFailure> perform(CURL *handle, const HttpRequest &request, bool ask_first) const
    {
        Exchange exchange{request};
        if (!exchange.rewind_body())
            return tl::unexpected(HttpFailure{*exchange.own_error, false});
        HeaderList const headers = headers_of(request, ask_first);
        if (!headers)
            return tl::unexpected(HttpFailure{Error{ErrorCode::usage, "a header has a line break in it"}, false});
        std::array<char, CURL_ERROR_SIZE> words{};
        set_option(handle, CURLOPT_URL, request.url.c_str());
        set_option(handle, CURLOPT_PATH_AS_IS, 1L);  // "a/../b" is a name, and signed as it is
        set_option(handle, CURLOPT_USERAGENT, m_agent.c_str());
        set_option(handle, CURLOPT_HTTPHEADER, headers.get());
        set_option(handle, CURLOPT_EXPECT_100_TIMEOUT_MS, expect_timeout);
        set_option(handle, CURLOPT_ERRORBUFFER, words.data());
        set_connection(handle, request, m_trust);
        set_body(handle, request);
        exchange.attach(handle);
        CURLcode const code = curl_easy_perform(handle);
        set_option(handle, CURLOPT_ERRORBUFFER, static_cast<char *>(nullptr));
        return outcome(handle, code, exchange, words.data());
    }

    tl::expected<HttpReply, HttpFailure> outcome(CURL *handle, CURLcode code, Exchange &exchange,
                                                 const char *words) const
    {
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        if (exchange.own_error)
            return tl::unexpected(HttpFailure{*exchange.own_error, false});
        if (code == CURLE_OK && status >= 200) {
            exchange.reply.status = static_cast<int>(status);
            return std::move(exchange.reply);
        }
        if (interrupted())
            return tl::unexpected(stopped());
        CurlOutcome outcome{.code = code == CURLE_OK ? CURLE_GOT_NOTHING : code, .words = words};
        curl_off_t started = 0;
        curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &outcome.os_error);
        curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &outcome.verify_result);
        curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &outcome.proxy_status);
        curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &started);
        outcome.connected = started > 0;
        outcome.ca_file = m_trust.file.empty() ? m_trust.directory : m_trust.file;
        return tl::unexpected(failure_of(exchange.request, outcome));
    }

    Handle take_handle()
    {
        if (!m_ready)
            return {nullptr, curl_easy_cleanup};
        std::scoped_lock const lock(m_mutex);
        if (m_idle.empty())
            return {curl_easy_init(), curl_easy_cleanup};
        Handle handle = std::move(m_idle.back());
        m_idle.pop_back();
        return handle;
    }
    void keep(Handle handle)
    {
        curl_easy_reset(handle.get());  // its connections stay
        std::scoped_lock const lock(m_mutex);
        m_idle.push_back(std::move(handle));
    }
    bool trusts(const std::string &origin)
    {
        std::scoped_lock const lock(m_mutex);
        return m_takes_bodies.contains(origin);
    }
    void remember(const std::string &origin, bool takes_bodies)
    {
        std::scoped_lock const lock(m_mutex);
        if (takes_bodies)
            m_takes_bodies.insert(origin);
        else
            m_takes_bodies.erase(origin);
    }

    bool m_ready = false;
    std::string const m_agent = std::string("imgport/") + version();
    TrustPlaces const m_trust = TrustPlaces::from_user();
    std::mutex m_mutex;
    std::vector<Handle> m_idle;
    std::set<std::string> m_takes_bodies;
};

}  // namespace

std::string_view HttpReply::header(std::string_view name) const
{
    auto const found =
        std::find_if(headers.begin(), headers.end(), [&](const auto &pair) { return pair.first == name; });
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::unique_ptr<HttpTransport> make_http_transport()
{
    return std::make_unique<CurlTransport>();
}

}  // namespace imgport
