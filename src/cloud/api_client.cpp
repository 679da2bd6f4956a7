#include "cloud/api_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <sys/random.h>

#include "cloud/api_errors.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t reply_limit = std::size_t{1} << 20;
constexpr std::size_t message_limit = 300;
constexpr int deepest_reply = 32;

bool is_this_machine(std::string_view host)
{
    std::string_view const name = host.substr(0, host.rfind(':'));
    return name == "127.0.0.1" || name == "localhost" || host == "localhost" || host == "127.0.0.1" ||
           host.starts_with("[::1]");
}

// 32 hex digits that no other call has.
std::string make_nonce()
{
    std::array<std::byte, 16> bytes{};
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        ssize_t const got = ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
        if (got < 0 && errno != EINTR)
            break;
        filled += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    std::string nonce;
    for (auto const byte : bytes)
        nonce += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return nonce;
}

// Brackets in brackets, outside of strings.
int depth_of(std::string_view json)
{
    int depth = 0;
    int deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        char const c = json[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            deepest = std::max(deepest, ++depth);
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return deepest;
}

// An object, or a null value where the text is none.
Json parse_reply(std::string_view body)
{
    if (depth_of(body) > deepest_reply)
        return {};
    Json reply = Json::parse(body, nullptr, false);
    return reply.is_object() ? reply : Json();
}

void replace_all(std::string &text, const std::string &what, std::string_view with)
{
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

// A server may quote what it was sent: the string that it signed has the key's id and the token in it.
std::string without_keys(std::string text, const Credentials &who)
{
    for (auto const &secret : {who.secret, who.token, who.id}) {
        if (secret.size() < 4)
            continue;
        std::string const once = percent_encoded(secret);
        replace_all(text, percent_encoded(once), "***");
        replace_all(text, once, "***");
        replace_all(text, secret, "***");
    }
    return printable(text, message_limit);
}

std::optional<std::chrono::milliseconds> wait_asked_for(const HttpReply &reply)
{
    constexpr std::uint64_t longest = 600;
    auto const seconds = parse_number(reply.header("retry-after"));
    if (!seconds)
        return std::nullopt;
    return std::chrono::seconds(std::min(*seconds, longest));
}

}  // namespace

Result<ApiEndpoint> parse_api_endpoint(std::string_view text)
{
    auto const bad = [&](const std::string &why, std::string hint = {}) {
        return fail({.code = ErrorCode::usage,
                     .message = fmt::format("'{}' is no address of an API: {}", printable(text, 100), why),
                     .hint = std::move(hint)});
    };
    ApiEndpoint endpoint;
    std::string_view rest = text;
    if (auto const scheme = text.find("://"); scheme != std::string_view::npos) {
        endpoint.scheme = to_lower(text.substr(0, scheme));
        rest = text.substr(scheme + 3);
    }
    while (rest.ends_with('/'))
        rest.remove_suffix(1);
    if (rest.find('@') != std::string_view::npos)
        return fail({.code = ErrorCode::usage, .message = "the API's address holds a user name or a password"});
    bool const clean = !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == ':' || c == '[' || c == ']' || c == '_';
    });
    if (!clean)
        return bad("it has more than a host and a port", "https://HOST or https://HOST:PORT");
    endpoint.host = std::string(rest);
    if (endpoint.scheme != "https" && endpoint.scheme != "http")
        return bad("its scheme is not https");
    if (endpoint.scheme == "http" && !is_this_machine(rest))
        return bad("without TLS only this machine itself may be asked", "https://HOST");
    return endpoint;
}

ApiClient::ApiClient(ApiEndpoint endpoint, std::string product, std::string version, ApiSignature signature,
                     HttpTransport &http, CredentialSource &who)
    : m_endpoint(std::move(endpoint)), m_product(std::move(product)), m_version(std::move(version)),
      m_signature(signature), m_http(http), m_who(who)
{}

ApiResult<Json> ApiClient::call(const std::string &action, const NamedValues &parameters)
{
    auto const who = m_who.get();
    if (!who)
        return tl::unexpected(ApiFailure{.error = who.error()});
    HttpRequest request = sign_call({m_endpoint.host, action, m_version, parameters}, m_endpoint.scheme, *who,
                                    m_signature, make_nonce(), std::chrono::system_clock::now());
    request.reply_limit = reply_limit;
    auto const reply = m_http.send(request);
    if (!reply)
        return tl::unexpected(ApiFailure{.error = reply.error().error, .retry = reply.error().retry});

    Json answer = parse_reply(reply->body);
    if (reply->ok() && answer.is_object())
        return answer;
    ApiFailure failure{.wait = wait_asked_for(*reply), .status = reply->status};
    if (!reply->ok() && answer.is_object()) {
        // The code becomes part of decisions and messages, so it is only taken where it looks like one.
        std::string const code = text_in(answer, "Code");
        failure.code = is_api_id(code) ? code : "";
        failure.message = without_keys(text_in(answer, "Message"), *who);
        std::string const id = text_in(answer, "RequestId");
        failure.request_id = is_api_id(id) ? id : "";
    }
    failure.retry = may_succeed_later(failure);
    failure.error = describe_api_failure(failure, {.host = m_endpoint.host,
                                                   .permission = m_product + ":" + action,
                                                   .key_origin = who->origin,
                                                   .server_time = std::string(reply->header("date")),
                                                   .temporary = !who->token.empty()});
    return tl::unexpected(std::move(failure));
}

ApiResult<Json> ApiClient::call_patiently(const std::string &action, const NamedValues &parameters,
                                          const RetryPolicy &policy, const OnApiRetry &on_retry)
{
    return with_retries(
        policy, [&] { return call(action, parameters); }, on_retry);
}

std::string text_in(const Json &object, const char *key)
{
    if (!object.is_object())
        return {};
    auto const found = object.find(key);
    if (found == object.end())
        return {};
    if (found->is_string())
        return found->get<std::string>();
    if (found->is_boolean() || found->is_number())
        return found->dump();
    return {};
}

const Json &list_in(const Json &object, const char *set, const char *item)
{
    static const Json none = Json::array();
    if (!object.is_object())
        return none;
    auto const outer = object.find(set);
    if (outer == object.end() || !outer->is_object())
        return none;
    auto const inner = outer->find(item);
    return inner != outer->end() && inner->is_array() ? *inner : none;
}

bool is_api_id(std::string_view text)
{
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_';
    });
}

}  // namespace imgport
