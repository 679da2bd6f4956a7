#include "cloud/assumed_role.hpp"

#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cloud/api_signature.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using nlohmann::json;

std::string random_name()
{
    std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string text_at(const json &document, const char *key)
{
    auto const found = document.is_object() ? document.find(key) : document.end();
    return document.is_object() && found != document.end() && found->is_string() ? found->get<std::string>()
                                                                                 : std::string();
}

Error refused(const RoleToAssume &role, const HttpReply &reply)
{
    auto const document = json::parse(reply.body, nullptr, false);
    std::string const code = printable(text_at(document, "Code"), 100);
    Error error{ErrorCode::remote,
                fmt::format("the role {} cannot be taken on: {}", printable(role.arn, 200),
                            code.empty() ? fmt::format("the service answered {}", reply.status) : code),
                role.origin};
    if (code == "NoPermission")
        error.hint = "the user of the access key needs the permission sts:AssumeRole, and the role must trust the user";
    else if (code.starts_with("EntityNotExist"))
        error.hint = "there is no such role: is ram_role_arn right?";
    else if (code.starts_with("InvalidAccessKeyId") || code == "SignatureDoesNotMatch")
        error.hint = "the access key of the profile is not right";
    return error;
}

}  // namespace

MaybeCredentials assume_role(HttpTransport &http, const RoleToAssume &role, const Credentials &who)
{
    auto const scheme = role.service.find("://");
    ApiCall call{.host = role.service.substr(scheme + 3),
                 .action = "AssumeRole",
                 .version = "2015-04-01",
                 .parameters = {{"RoleArn", role.arn},
                                {"RoleSessionName", role.session.empty() ? "imgport" : role.session},
                                {"DurationSeconds", std::to_string(role.seconds)}}};
    if (!role.external_id.empty())
        call.parameters.emplace_back("ExternalId", role.external_id);
    HttpRequest request = sign_call(call, role.service.substr(0, scheme), who, ApiSignature::acs3, random_name(),
                                    std::chrono::system_clock::now());
    request.stall_timeout = std::chrono::seconds(20);
    request.reply_limit = 64 << 10;
    auto const reply = http.send(request);
    if (!reply)
        return fail(reply.error().error);
    if (!reply->ok())
        return fail(refused(role, *reply));
    auto const document = json::parse(reply->body, nullptr, false);
    auto const keys = document.is_object() ? document.value("Credentials", json::object()) : json::object();
    Credentials found{.id = text_at(keys, "AccessKeyId"),
                      .secret = text_at(keys, "AccessKeySecret"),
                      .token = text_at(keys, "SecurityToken"),
                      .expires = parse_utc(text_at(keys, "Expiration")),
                      .origin = fmt::format("{} (role {})", role.origin, printable(role.arn, 200))};
    if (found.token.empty() || !found.expires)
        return fail(
            {ErrorCode::remote, "the service that gives a role's keys answered with something else", role.origin});
    return checked(std::move(found));
}

}  // namespace imgport
