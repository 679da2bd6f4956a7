#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cloud/object_signature.hpp"
#include "cloud/signing.hpp"
#include "support/digest.hpp"
#include "support/time_text.hpp"

namespace imgport {
namespace {

constexpr ScopedScheme oss4{"OSS4-HMAC-SHA256", "aliyun_v4", "oss", "aliyun_v4_request"};

// The parameters that version 1 signs: those that name a sub-resource or say how the answer shall look. Others
// (prefix, max-parts, part-number-marker) are not signed.
constexpr std::array signed_parameters{
    "acl",
    "append",
    "asyncFetch",
    "bucketInfo",
    "callback",
    "callback-var",
    "cname",
    "comp",
    "continuation-token",
    "cors",
    "delete",
    "encryption",
    "endTime",
    "img",
    "inventory",
    "inventoryId",
    "lifecycle",
    "live",
    "location",
    "logging",
    "objectMeta",
    "partNumber",
    "policy",
    "position",
    "qos",
    "qosInfo",
    "referer",
    "replication",
    "replicationLocation",
    "replicationProgress",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "security-token",
    "sequential",
    "startTime",
    "stat",
    "status",
    "style",
    "styleName",
    "symlink",
    "tagging",
    "udf",
    "udfApplication",
    "udfApplicationLog",
    "udfId",
    "udfImage",
    "udfImageDesc",
    "udfName",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "vod",
    "website",
    "worm",
    "wormExtend",
    "wormId",
};

bool is_signed_parameter(const std::string &name)
{
    return name.starts_with("x-oss-") || std::ranges::find(signed_parameters, name) != signed_parameters.end();
}

// Both versions name the bucket, wherever it stands in the request; "/BUCKET/" is the bucket itself.
std::string resource(const ObjectRequest &request)
{
    return request.bucket.empty() ? "/" : fmt::format("/{}/{}", request.bucket, request.key);
}

std::string value_of(const std::map<std::string, std::string> &headers, const std::string &name)
{
    auto const place = headers.find(name);
    return place == headers.end() ? "" : place->second;
}

// Nothing is encoded in what version 1 signs.
std::string resource_v1(const ObjectRequest &request)
{
    NamedValues parameters;
    for (auto const &parameter : request.query)
        if (is_signed_parameter(parameter.first))
            parameters.push_back(parameter);
    std::ranges::sort(parameters);
    std::string text = resource(request);
    char separator = '?';
    for (auto const &[name, value] : parameters) {
        text += separator + name;
        if (!value.empty())
            text += '=' + value;
        separator = '&';
    }
    return text;
}

}  // namespace

void sign_oss_v1(ObjectRequest &request, const Credentials &who, std::chrono::system_clock::time_point when)
{
    if (!who.token.empty())
        set_header(request.headers, "x-oss-security-token", who.token);
    auto headers = canonical_headers(request.headers);
    // The time stands in Date. Where there is an x-oss-date as well the server goes by that, and signs it among its own
    // headers too.
    std::string date = value_of(headers, "x-oss-date");
    if (date.empty()) {
        date = http_date(when);
        set_header(request.headers, "Date", date);
    }
    std::string const md5 = value_of(headers, "content-md5");
    std::string const type = value_of(headers, "content-type");
    std::erase_if(headers, [](auto const &header) { return !header.first.starts_with("x-oss-"); });
    std::string const to_sign = fmt::format("{}\n{}\n{}\n{}\n{}{}", request.method, md5, type, date,
                                            header_lines(headers), resource_v1(request));
    auto const signature = hmac("SHA1", bytes_of(who.secret), bytes_of(to_sign));
    set_header(request.headers, "Authorization", fmt::format("OSS {}:{}", who.id, to_base64(signature)));
}

void sign_oss_v4(ObjectRequest &request, const Credentials &who, const std::string &region,
                 std::chrono::system_clock::time_point when)
{
    constexpr const char *payload = "UNSIGNED-PAYLOAD";  // the only one that OSS takes
    set_header(request.headers, "x-oss-content-sha256", payload);
    set_header(request.headers, "x-oss-date", compact_time(when));
    if (!who.token.empty())
        set_header(request.headers, "x-oss-security-token", who.token);
    auto headers = canonical_headers(request.headers);
    std::erase_if(headers, [](auto const &header) {
        return !header.first.starts_with("x-oss-") && header.first != "content-md5" && header.first != "content-type";
    });
    // No further headers are signed: the empty line after the headers' own.
    std::string const canonical =
        fmt::format("{}\n{}\n{}\n{}\n\n{}", request.method, percent_encoded(resource(request), true),
                    canonical_query(request.query, EmptyValue::bare), header_lines(headers), payload);
    set_header(request.headers, "Authorization",
               fmt::format("{} Credential={}/{},Signature={}", oss4.algorithm, who.id,
                           credential_scope(oss4, region, when),
                           scoped_signature(oss4, who.secret, region, when, canonical)));
}

}  // namespace imgport
