#include "cloud/http_failure.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include "support/text.hpp"

namespace imgport {
namespace {

HttpFailure failure(std::string message, bool retry, std::string hint = {})
{
    Error error{ErrorCode::remote, std::move(message)};
    error.hint = std::move(hint);
    return {std::move(error), retry};
}

// "HOST:PORT" out of "https://HOST:PORT".
std::string_view host_of(std::string_view origin)
{
    auto const start = origin.find("://");
    return start == std::string_view::npos ? origin : origin.substr(start + 3);
}

std::string reason(const CurlOutcome &outcome)
{
    if (outcome.os_error != 0)
        return std::generic_category().message(static_cast<int>(outcome.os_error));
    return outcome.words.empty() ? curl_easy_strerror(outcome.code) : printable(outcome.words, 300);
}

constexpr std::string_view own_ca =
    "where a CA of your own has signed it, or a proxy opens TLS: name that CA's certificate file in SSL_CERT_FILE";

HttpFailure bad_certificate(std::string_view origin, const CurlOutcome &outcome)
{
    std::string const certificate = fmt::format("the certificate of {}", host_of(origin));
    // libcurl compares names by itself; then OpenSSL's verdict says nothing.
    bool const other_name = outcome.words.find("subject name") != std::string::npos;
    switch (other_name ? long{X509_V_ERR_HOSTNAME_MISMATCH} : outcome.verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return failure(certificate + " has expired", false,
                       "its operator must renew it; unless this machine's clock is wrong");
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return failure(certificate + " is not valid yet", false, "is this machine's clock right?");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return failure(certificate + " is signed by a CA that this machine does not know", false, std::string(own_ca));
    case X509_V_ERR_CERT_REVOKED: return failure(certificate + " was revoked", false);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return failure(certificate + " is for another name", false,
                       "is the endpoint spelt right? A bucket with dots in its name, or one put before an address that "
                       "has no certificate for it, gives this too");
    default:
        return failure(
            fmt::format("{} does not verify: {}", certificate, X509_verify_cert_error_string(outcome.verify_result)),
            false, std::string(own_ca));
    }
}

HttpFailure bad_handshake(std::string_view origin, const CurlOutcome &outcome)
{
    std::string const lower = to_lower(outcome.words);
    constexpr std::string_view cuts[] = {"syscall", "reset", "unexpected eof", "broken pipe", "timed out"};
    if (outcome.os_error != 0 ||
        std::any_of(std::begin(cuts), std::end(cuts), [&](auto cut) { return lower.find(cut) != std::string::npos; }))
        return failure(fmt::format("the connection to {} was cut while TLS was set up", host_of(origin)), true);
    if (lower.find("wrong version number") != std::string::npos || lower.find("packet length") != std::string::npos)
        return failure(fmt::format("{} does not speak TLS", host_of(origin)), false,
                       "is the port right? A server without TLS has an address that begins with http://");
    return failure(fmt::format("no TLS connection to {}: {}", host_of(origin), reason(outcome)), false);
}

HttpFailure timed_out(std::string_view origin, const HttpRequest &request, const CurlOutcome &outcome)
{
    if (!outcome.connected)
        return failure(fmt::format("{} did not answer within {:g} s", host_of(origin),
                                   static_cast<double>(request.connect_timeout.count()) / 1000),
                       true, "a firewall or a proxy between may swallow the connection: see HTTPS_PROXY");
    return failure(
        fmt::format("nothing moved for {} s on the connection to {}", request.stall_timeout.count(), host_of(origin)),
        true);
}

}  // namespace

std::string origin_of(std::string_view url)
{
    auto const scheme = url.find("://");
    auto const start = scheme == std::string_view::npos ? 0 : scheme + 3;
    std::string_view host = url.substr(start, std::min(url.find_first_of("/?#", start), url.size()) - start);
    if (auto const user = host.rfind('@'); user != std::string_view::npos)
        host.remove_prefix(user + 1);
    return std::string(url.substr(0, start)) + std::string(host);
}

HttpFailure failure_of(const HttpRequest &request, const CurlOutcome &outcome)
{
    std::string const origin = origin_of(request.url);
    std::string_view const host = host_of(origin);
    // 407 and its like: the proxy spoke, and not the server.
    if (outcome.code != CURLE_OK && outcome.proxy_status >= 300)
        return failure(
            fmt::format("the proxy answered {} when asked for a connection to {}", outcome.proxy_status, host),
            outcome.proxy_status >= 500, "see HTTPS_PROXY and NO_PROXY");
    switch (outcome.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return failure(fmt::format("the name of {} cannot be resolved", host), true,
                       "is the endpoint or the region spelt right, and does this machine's name service work?");
    case CURLE_COULDNT_RESOLVE_PROXY:
        return failure("the proxy's name cannot be resolved", true, "see HTTPS_PROXY and HTTP_PROXY");
    case CURLE_COULDNT_CONNECT: return failure(fmt::format("no connection to {}: {}", host, reason(outcome)), true);
    case CURLE_OPERATION_TIMEDOUT: return timed_out(origin, request, outcome);
    case CURLE_PEER_FAILED_VERIFICATION: return bad_certificate(origin, outcome);
    case CURLE_SSL_CONNECT_ERROR: return bad_handshake(origin, outcome);
    case CURLE_SSL_CACERT_BADFILE: {
        HttpFailure broken = failure("cannot be read as a file of CA certificates", false,
                                     "SSL_CERT_FILE, SSL_CERT_DIR or CURL_CA_BUNDLE names it");
        broken.error.code = ErrorCode::environment;
        broken.error.file = outcome.ca_file;
        return broken;
    }
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return failure(fmt::format("the connection to {} was cut{}", host,
                                   outcome.os_error != 0 ? ": " + reason(outcome) : std::string()),
                       true);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return failure(fmt::format("{} did not answer in HTTP: {}", host, reason(outcome)), false,
                       "is the endpoint right?");
    case CURLE_URL_MALFORMAT: {
        HttpFailure broken = failure(fmt::format("is no address of a server: {}", printable(host, 200)), false);
        broken.error.code = ErrorCode::usage;
        return broken;
    }
    case CURLE_OUT_OF_MEMORY: {
        HttpFailure broken = failure("out of memory", false);
        broken.error.code = ErrorCode::environment;
        return broken;
    }
#ifdef CURLPX_OK
    case CURLE_PROXY: return failure("the proxy gave no connection: " + reason(outcome), true, "see HTTPS_PROXY");
#endif
    default: return failure(fmt::format("the request to {} failed: {}", host, reason(outcome)), false);
    }
}

}  // namespace imgport
