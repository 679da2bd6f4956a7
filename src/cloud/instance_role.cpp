#include "cloud/instance_role.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/text.hpp"

namespace imgport {
namespace {

using Answer = tl::expected<HttpReply, HttpFailure>;

// On a machine that is none of the cloud's, nobody answers: that must not take long.
HttpRequest request_to(const MetadataService &service, const std::string &path)
{
    HttpRequest request;
    request.url = service.base + path;
    request.connect_timeout = std::chrono::milliseconds(1000);
    request.stall_timeout = std::chrono::seconds(3);
    request.reply_limit = 64 << 10;
    request.direct = true;
    return request;
}

Error broken(const MetadataService &service, std::string_view what)
{
    return {ErrorCode::remote, fmt::format("the instance's metadata service ({}) {}", service.base, what)};
}

std::string text_at(const nlohmann::json &document, const std::string &key)
{
    auto const found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

MaybeCredentials keys_out_of(const std::string &text, const MetadataService &service, const std::string &role)
{
    auto const document = nlohmann::json::parse(text, nullptr, false);
    if (!document.is_object())
        return fail(broken(service, "did not answer with keys in JSON"));
    if (auto const code = text_at(document, "Code"); !code.empty() && code != "Success")
        return fail(broken(service,
                           fmt::format("has no keys for the role {}: {}", printable(role, 100), printable(code, 100))));
    Credentials found{.id = text_at(document, "AccessKeyId"),
                      .secret = text_at(document, service.secret_key),
                      .token = text_at(document, service.token_key),
                      .expires = parse_utc(text_at(document, "Expiration")),
                      .origin = fmt::format("the instance's role {}", printable(role, 100))};
    if (!found.expires)
        return fail(broken(service, "gave keys without the time when they expire"));
    return checked(std::move(found));
}

}  // namespace

MaybeCredentials from_instance_role(HttpTransport &http, const MetadataService &service, const std::string &role)
{
    HttpRequest ask_token = request_to(service, "/latest/api/token");
    ask_token.method = "PUT";
    ask_token.headers.emplace_back(service.ttl_header, "21600");
    Answer const token = http.send(ask_token);
    if (!token) {
        if (token.error().error.code == ErrorCode::interrupted)
            return fail(token.error().error);
        return std::nullopt;
    }
    if (!token->ok() && !service.without_token)
        return std::nullopt;
    auto const get = [&](const std::string &path) {
        HttpRequest request = request_to(service, path);
        if (token->ok())
            request.headers.emplace_back(service.token_header, trim(token->body));
        return http.send(request);
    };
    std::string name = role;
    if (name.empty()) {
        Answer const roles = get(service.roles_path);
        if (!roles)
            return fail(roles.error().error);
        if (roles->status == 404 || (roles->ok() && trim(roles->body).empty()))
            return std::nullopt;
        if (!roles->ok())
            return fail(broken(service, fmt::format("answered {}", roles->status)));
        name = trim(lines_of(trim(roles->body)).front());
    }
    Answer const keys = get(service.roles_path + percent_encoded(name));
    if (!keys)
        return fail(keys.error().error);
    if (!keys->ok())
        return fail(broken(service, fmt::format("answered {} when asked for the keys of the role {}", keys->status,
                                                printable(name, 100))));
    return keys_out_of(keys->body, service, name);
}

}  // namespace imgport
