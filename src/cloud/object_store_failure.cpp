#include "cloud/object_store_failure.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <curl/curl.h>
#include <fmt/format.h>

#include "cloud/object_store_reply.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::system_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// However much patience a server asks for.
constexpr milliseconds longest_patience = std::chrono::minutes(10);
// What both clouds allow a clock to be wrong by.
constexpr seconds allowed_skew = std::chrono::minutes(15);

struct Meaning {
    std::string_view code;
    std::string_view message;
    std::string_view hint = {};
    bool retry = false;
};

constexpr std::string_view new_keys = "the temporary access key must be fetched anew";
constexpr std::string_view start_over = "it has expired, or was completed or aborted meanwhile: start the upload again";
constexpr std::string_view choose_name = "choose another name, or overwrite it with --overwrite-object";
constexpr std::string_view which_region = "name the region that the bucket is in: --region";

// The codes that mean the same whatever was asked. Those of both dialects: where they share a code, they share its
// meaning.
constexpr std::array meanings{
    Meaning{"NoSuchBucket", "there is no such bucket", "is its name spelt right, and is it in this region?"},
    Meaning{"NoSuchUpload", "there is no such unfinished upload", start_over},
    Meaning{"NoSuchKey", "there is no such object"},
    Meaning{"InvalidBucketName", "the store takes no such name for a bucket"},
    Meaning{"InvalidObjectName", "the store takes no such name for an object"},
    Meaning{"KeyTooLongError", "the object's name is too long"},
    Meaning{"FileAlreadyExists", "an object of that name is there already", choose_name},
    Meaning{"PreconditionFailed", "an object of that name is there already", choose_name},
    Meaning{"FileImmutable", "the object that is there is protected by a retention policy"},
    Meaning{"PublicEndpointForbidden",
            "the store refuses data on its public endpoint: in regions of the Chinese mainland that holds for all who "
            "are new to it since March 2025",
            "use a domain that is bound to the bucket, or from within the cloud the internal one: --endpoint "
            "https://oss-REGION-internal.aliyuncs.com"},
    Meaning{"SecondLevelDomainForbidden", "the store wants the bucket in the host's name",
            "give the store's own endpoint, or that of the bucket, with --endpoint"},
    Meaning{"CnameDenied", "the domain is not bound to this bucket", "see the bucket's domain names in the console"},
    Meaning{"SecurityTokenExpired", "the temporary access key has expired", new_keys},
    Meaning{"ExpiredToken", "the temporary access key has expired", new_keys},
    Meaning{"TokenRefreshRequired", "the temporary access key has expired", new_keys},
    Meaning{"InvalidSecurityToken", "the token is not that of the access key", new_keys},
    Meaning{"InvalidToken", "the token is not that of the access key", new_keys},
    Meaning{"AccessKeyIdAndSecurityTokenNotMatch", "the token is not that of the access key", new_keys},
    Meaning{"UserDisable", "the account is closed, or overdue with its bill"},
    Meaning{"InDebt", "the account is overdue with its bill"},
    Meaning{"InDebtOverdue", "the account is overdue with its bill"},
    Meaning{"AccountProblem", "there is something wrong with the account"},
    Meaning{"QuotaExceeded", "the account's or the bucket's quota is used up"},
    Meaning{"EntityTooSmall", "a part is smaller than the store takes", "a larger part size: --part-size"},
    Meaning{"EntityTooLarge", "a part or the object is larger than the store takes",
            "a part may have 5 GB and an object 10000 of them: --part-size"},
    Meaning{"InvalidPart", "the store does not have a part as it was sent", "upload again: what is missing is sent"},
    Meaning{"InvalidPartOrder", "the store wants the parts in another order"},
    // What arrived is not what was sent: sending it again is all there is to do.
    Meaning{"InvalidDigest", "the data was damaged on its way", {}, true},
    Meaning{"BadDigest", "the data was damaged on its way", {}, true},
    Meaning{"XAmzContentSHA256Mismatch", "the data was damaged on its way", {}, true},
    Meaning{"IncompleteBody", "not all of the data arrived", {}, true},
    Meaning{"RequestTimeout", "the store waited too long for data", {}, true},
    Meaning{"OperationAborted", "another request for the same object is under way", {}, true},
    Meaning{"ConditionalRequestConflict", "another upload of the same name was finished meanwhile", choose_name},
    Meaning{"InternalError", "the store has an internal error", {}, true},
    Meaning{"ServiceUnavailable", "the store is too busy", {}, true},
    Meaning{"ServerBusy", "the store is too busy", {}, true},
    Meaning{"SlowDown", "the store asks for fewer requests", {}, true},
    Meaning{"TooManyRequests", "the store asks for fewer requests", {}, true},
    Meaning{"RequestLimitExceeded", "the store asks for fewer requests", {}, true},
    Meaning{"Throttling", "the store asks for fewer requests", {}, true},
};

// "QpsLimitExceeded", "TotalQpsLimitExceeded", "UploadTrafficRateLimitExceeded", "ActiveRequestLimitExceeded"
bool is_throttling(std::string_view code)
{
    return code.ends_with("LimitExceeded");
}

std::string_view permission(const StoreQuestion &question)
{
    bool const oss = question.dialect == StoreDialect::oss;
    switch (question.request) {
    case StoreRequest::head: return oss ? "oss:GetObject" : "s3:GetObject and s3:ListBucket";
    case StoreRequest::begin:
    case StoreRequest::send_part:
    case StoreRequest::complete: return oss ? "oss:PutObject" : "s3:PutObject";
    case StoreRequest::list_parts: return oss ? "oss:ListParts" : "s3:ListMultipartUploadParts";
    case StoreRequest::abort: return oss ? "oss:AbortMultipartUpload" : "s3:AbortMultipartUpload";
    case StoreRequest::list_uploads: return oss ? "oss:ListMultipartUploads" : "s3:ListBucketMultipartUploads";
    }
    return {};
}

// How far the server's clock is ahead of ours; nullopt where it does not tell.
std::optional<seconds> server_ahead(const HttpReply &reply, Clock::time_point now)
{
    std::time_t const date = curl_getdate(std::string(reply.header("date")).c_str(), nullptr);
    if (date == -1)
        return std::nullopt;
    return std::chrono::duration_cast<seconds>(Clock::from_time_t(date) - now);
}

std::string in_words(seconds time)
{
    long long const minutes = std::abs(time.count()) / 60;
    if (minutes == 0)
        return fmt::format("{} s", std::abs(time.count()));
    if (minutes < 120)
        return fmt::format("{} min", minutes);
    return minutes < 48 * 60 ? fmt::format("{} h {} min", minutes / 60, minutes % 60)
                             : fmt::format("{} days", minutes / (24 * 60));
}

std::string skew_in_words(seconds ahead)
{
    return fmt::format("this machine's clock is {} {} the store's", in_words(ahead),
                       ahead.count() > 0 ? "behind" : "ahead of");
}

std::optional<milliseconds> asked_patience(const HttpReply &reply, Clock::time_point now)
{
    std::optional<milliseconds> wait;
    if (std::string const after(reply.header("retry-after")); !after.empty()) {
        std::time_t const date = curl_getdate(after.c_str(), nullptr);
        if (auto const count = parse_number(after); count && *count < 1'000'000)
            wait = seconds(*count);
        else if (!count && date != -1)
            wait = std::chrono::duration_cast<milliseconds>(Clock::from_time_t(date) - now);
    }
    if (auto const delay = parse_number(reply.header("x-oss-qos-delay-time")); delay && *delay < 1'000'000'000)
        wait = std::max(wait.value_or(milliseconds(0)), milliseconds(*delay));
    if (wait)
        wait = std::clamp(*wait, milliseconds(0), longest_patience);
    return wait;
}

bool status_is_passing(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

bool contains(std::string_view text, std::string_view what)
{
    return to_lower(text).find(what) != std::string::npos;
}

// What the store says, safe to show: nothing where it, or what stands between, says our secrets back to us.
std::string shown(const StoreQuestion &question, std::string_view text, std::size_t limit)
{
    bool const secret = contains(text, "signature=") ||
                        (!question.secret.empty() && text.find(question.secret) != std::string_view::npos) ||
                        (!question.token.empty() && text.find(question.token) != std::string_view::npos);
    return secret ? std::string() : printable(trim(text), limit);
}

struct Explained {
    std::string message;
    std::string hint = {};
    bool retry = false;
};

Explained wrong_key(const StoreQuestion &question, const StoreError &error, std::optional<seconds> ahead)
{
    std::string const origin = question.key_origin.empty() ? "" : "it comes from " + question.key_origin;
    if (error.code == "InvalidAccessKeyId")
        return {contains(error.message, "disabled") || contains(error.message, "inactive")
                    ? "the access key is disabled"
                    : "the store does not know the access key",
                origin};
    if (ahead && std::abs(ahead->count()) > allowed_skew.count())
        return {"the signature is not right, and " + skew_in_words(*ahead), "set the clock"};
    return {"the signature is not right: the secret is not that of the access key", origin};
}

Explained wrong_region(const StoreQuestion &question, const HttpReply &reply, const StoreError &error)
{
    std::string region = error.region;
    if (region.empty())
        region = reply.header("x-amz-bucket-region");
    std::string hint(which_region);
    if (!region.empty())
        hint = "the bucket's region: --region " + shown(question, region, 60);
    else if (!error.endpoint.empty())
        hint = "the bucket's endpoint: " + error.endpoint;
    return {question.place.region.empty() ? "the bucket is in another region"
                                          : fmt::format("the bucket is not in {}", question.place.region),
            std::move(hint)};
}

bool names_a_region(const StoreError &error)
{
    constexpr std::array codes{"PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException",
                               "AuthorizationHeaderMalformed", "InvalidRegion"};
    if (std::any_of(codes.begin(), codes.end(), [&](auto code) { return error.code == code; }))
        return error.code != "AuthorizationHeaderMalformed" || !error.region.empty() ||
               contains(error.message, "region");
    return (error.code == "AccessDenied" && contains(error.message, "specified endpoint")) ||
           (error.code == "InvalidArgument" && contains(error.message, "region"));
}

Explained denied(const StoreQuestion &question, const StoreError &error, std::optional<seconds> ahead)
{
    if (ahead && std::abs(ahead->count()) > allowed_skew.count())
        return {"access is denied, and " + skew_in_words(*ahead), "set the clock"};
    std::string const &words = error.message;
    return {fmt::format("access is denied{}", words.empty() || contains(words, "access denied") ? "" : ": " + words),
            fmt::format("this needs the permission {} on the bucket{}{}", permission(question),
                        question.key_origin.empty() ? "" : "; the access key comes from ", question.key_origin)};
}

Explained explained(const StoreQuestion &question, const HttpReply &reply, const StoreError &error,
                    Clock::time_point now)
{
    auto const ahead = server_ahead(reply, now);
    if (names_a_region(error))
        return wrong_region(question, reply, error);
    if (error.code == "InvalidAccessKeyId" || error.code == "SignatureDoesNotMatch")
        return wrong_key(question, error, ahead);
    if (error.code == "RequestTimeTooSkewed" || error.code == "RequestExpired")
        return {ahead ? skew_in_words(*ahead) : "this machine's clock is too far from the store's",
                "set the clock: requests may be 15 minutes off"};
    // Swift has no code of its own for that.
    if (reply.status == 412 && question.request == StoreRequest::complete)
        return {"an object of that name is there already", std::string(choose_name)};
    if (error.code == "AccessDenied" || error.code == "AllAccessDisabled" ||
        (error.code.empty() && reply.status == 403))
        return denied(question, error, ahead);
    auto const known =
        std::find_if(meanings.begin(), meanings.end(), [&](const Meaning &entry) { return entry.code == error.code; });
    if (known != meanings.end())
        return {std::string(known->message), std::string(known->hint), known->retry};
    if (is_throttling(error.code))
        return {"the store asks for fewer requests", {}, true};
    std::string const &words = error.message;
    if (!error.code.empty())
        return {fmt::format("the store answered {}{}", reply.status, words.empty() ? "" : ": " + words)};
    if (auto const region = reply.header("x-amz-bucket-region"); !region.empty() && region != question.place.region)
        return wrong_region(question, reply, error);
    if (reply.status >= 300 && reply.status < 400)
        return {fmt::format("the server answered {}: it sends us elsewhere, and we do not follow", reply.status),
                "is the endpoint right, with https:// where it has TLS?"};
    if (reply.status == 404)
        return {"the server answered 404", "is the bucket there, and is the endpoint that of an object store?"};
    return {fmt::format("the server answered {}", reply.status),
            status_is_passing(reply.status) ? "" : "is the endpoint that of an object store?"};
}

std::string request_id_of(const StoreQuestion &question, const HttpReply &reply, const StoreError &error)
{
    for (const auto *const name : {"x-oss-request-id", "x-amz-request-id"}) {
        if (auto const id = reply.header(name); !id.empty())
            return shown(question, id, 100);
    }
    return error.request_id;
}

StoreError error_in(const HttpReply &reply)
{
    if (auto error = parse_store_error(reply.body))
        return std::move(*error);
    // OSS's way where a reply has no body (HEAD).
    if (auto const hidden = base64_decoded(reply.header("x-oss-err")); hidden && !hidden->empty()) {
        if (auto error = parse_store_error(*hidden))
            return std::move(*error);
    }
    return {};
}

}  // namespace

StoreFailure refusal(const StoreQuestion &question, const HttpReply &reply, Clock::time_point now)
{
    StoreError error = error_in(reply);
    for (std::string *const text : {&error.code, &error.message, &error.request_id, &error.endpoint, &error.region})
        *text = shown(question, *text, 300);
    Explained said = explained(question, reply, error, now);
    StoreFailure failure{.error = {ErrorCode::remote, std::move(said.message), question.object},
                         .retry = said.retry || status_is_passing(reply.status),
                         .wait = asked_patience(reply, now),
                         .status = reply.status,
                         .code = error.code,
                         .request_id = request_id_of(question, reply, error)};
    failure.error.hint = std::move(said.hint);
    std::vector<std::string> marks;
    if (!failure.code.empty())
        marks.push_back(failure.code);
    if (!failure.request_id.empty())
        marks.push_back("request " + failure.request_id);
    if (!marks.empty())
        failure.error.message += fmt::format(" [{}]", join(marks, ", "));
    return failure;
}

StoreFailure not_understood(const StoreQuestion &question, const HttpReply &reply, Error error)
{
    if (parse_store_error(reply.body))
        return refusal(question, reply, Clock::now());
    if (error.file.empty())
        error.file = question.object;
    return {.error = std::move(error), .status = reply.status, .request_id = request_id_of(question, reply, {})};
}

StoreFailure no_reply(const StoreQuestion &question, HttpFailure failure)
{
    if (failure.error.code == ErrorCode::remote && failure.error.file.empty())
        failure.error.file = question.object;
    return {.error = std::move(failure.error), .retry = failure.retry};
}

}  // namespace imgport
