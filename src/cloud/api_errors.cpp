#include "cloud/api_errors.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "support/text.hpp"
#include "support/time_text.hpp"

namespace imgport {
namespace {

using Words = std::pair<std::string, std::string>;  // what, and what to do

Words wrong_key(const ApiCallContext &context)
{
    return {"the cloud does not know the access key, or it is switched off",
            fmt::format("the key comes from {}; it must be an active one of this account", context.key_origin)};
}

Words wrong_signature(const ApiCallContext &context)
{
    return {"the signature is not right: the secret does not belong to the access key",
            fmt::format("the key comes from {}; look at its secret there", context.key_origin)};
}

Words wrong_token(const ApiCallContext &context)
{
    if (!context.temporary)
        return {"the cloud wants a security token with this access key",
                fmt::format("the key comes from {}; set the token beside it (ALIBABA_CLOUD_SECURITY_TOKEN)",
                            context.key_origin)};
    return {"the temporary credentials have expired, or their token is not theirs",
            fmt::format("get new ones; they come from {}", context.key_origin)};
}

Words wrong_clock(const ApiCallContext &context)
{
    std::string const here = http_date(std::chrono::system_clock::now());
    return {"this machine's clock is wrong, so the signature counts as expired",
            fmt::format("here it is {}{}; set the clock", here,
                        context.server_time.empty() ? "" : ", there it is " + printable(context.server_time, 40))};
}

Words no_permission(const ApiCallContext &context)
{
    return {
        fmt::format("the access key's user or role may not do this: the permission {} is missing", context.permission),
        fmt::format("grant it in the RAM console (the policy AliyunECSFullAccess holds it); the key comes from {}",
                    context.key_origin)};
}

Words no_such_api(const ApiCallContext &context)
{
    return {fmt::format("{} does not offer this call", context.host),
            "--api-endpoint must name an endpoint of ECS, such as https://ecs.cn-hangzhou.aliyuncs.com"};
}

Words no_money(const ApiCallContext &)
{
    return {"the account has an unpaid bill or too little balance", "settle it in the cloud's console, then try again"};
}

// One entry per code, or per family of codes ("X." matches "X" and "X.anything").
struct Common {
    std::string_view code;
    bool family;
    Words (*words)(const ApiCallContext &);
    bool quoted;  // whether the server's words are worth showing; those about signatures quote the request
};

constexpr std::array commons{
    Common{"InvalidAccessKeyId", true, wrong_key, true},
    Common{"InvalidAccessKey", true, wrong_key, true},
    Common{"SignatureDoesNotMatch", true, wrong_signature, false},
    Common{"IncompleteSignature", true, wrong_signature, false},
    Common{"InvalidSecurityToken", true, wrong_token, false},
    Common{"MissingSecurityToken", true, wrong_token, false},
    Common{"InvalidTimeStamp", true, wrong_clock, false},
    Common{"IllegalTimestamp", true, wrong_clock, false},
    Common{"Forbidden", false, no_permission, true},
    Common{"Forbidden.RAM", false, no_permission, true},
    Common{"Forbidden.SubUser", false, no_permission, true},
    Common{"NoPermission", true, no_permission, true},
    Common{"UnauthorizedOperation", true, no_permission, true},
    Common{"ImplicitDeny", false, no_permission, true},
    Common{"ExplicitDeny", false, no_permission, true},
    Common{"InvalidAction", true, no_such_api, true},
    Common{"InvalidApi", true, no_such_api, true},
    Common{"InvalidVersion", true, no_such_api, true},
    Common{"Account.Arrearage", false, no_money, true},
    Common{"InvalidAccountStatus", true, no_money, true},
    Common{"InsufficientBalance", true, no_money, true},
};

bool matches(std::string_view code, std::string_view pattern, bool family)
{
    return code == pattern || (family && code.starts_with(pattern) && code[pattern.size()] == '.');
}

}  // namespace

bool may_succeed_later(const ApiFailure &failure)
{
    // "SignatureNonceUsed": a request that was sent twice on the wire. "IdempotentProcessing": the first of two equal
    // calls is still under way.
    constexpr std::array<std::string_view, 7> passing{"Throttling",    "ServiceUnavailable", "InternalError",
                                                      "SystemBusy",    "SignatureNonceUsed", "IdempotentProcessing",
                                                      "RequestTimeout"};
    std::string_view const code = failure.code;
    if (std::any_of(passing.begin(), passing.end(), [&](auto known) { return matches(code, known, true); }))
        return true;
    // The documents also show this one, written twice.
    if (code == "InternalErrorInternalError")
        return true;
    return failure.status >= 500 || failure.status == 429 || failure.status == 408;
}

std::string quote(const ApiFailure &failure)
{
    std::string text = failure.code;
    if (!failure.message.empty())
        text += (text.empty() ? "" : ": ") + failure.message;
    if (!failure.request_id.empty())
        text += (text.empty() ? "request " : "; request ") + failure.request_id;
    return text.empty() ? "" : " (" + text + ")";
}

Error describe_api_failure(const ApiFailure &failure, const ApiCallContext &context)
{
    for (auto const &common : commons) {
        if (!matches(failure.code, common.code, common.family))
            continue;
        auto const [what, remedy] = common.words(context);
        ApiFailure shown = failure;
        if (!common.quoted)
            shown.message.clear();
        return {.code = ErrorCode::remote, .message = what + quote(shown), .hint = remedy};
    }
    std::string what = fmt::format("{} refused {}", context.host, context.permission);
    std::string remedy;
    if (failure.retry) {
        what = fmt::format("{} cannot take calls at the moment: HTTP status {}", context.host, failure.status);
        remedy = "try again later";
    } else if (failure.status >= 300 && failure.status < 400) {
        what = fmt::format("{} sends the call elsewhere, which is not followed", context.host);
        remedy = "give the right address with --api-endpoint; a proxy may be in the way";
    } else if (failure.code.empty()) {
        what = fmt::format("{} answered something that no API says: HTTP status {}", context.host, failure.status);
        remedy = "is --api-endpoint right, or is a proxy in the way?";
    }
    return {.code = ErrorCode::remote, .message = what + quote(failure), .hint = remedy};
}

}  // namespace imgport
