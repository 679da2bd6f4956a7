#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cloud/object_signature.hpp"
#include "cloud/signing.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr ScopedScheme aws4{"AWS4-HMAC-SHA256", "AWS4", "s3", "aws4_request"};

// What belongs to the connection, or may be changed on the way.
constexpr std::array unsigned_headers{"authorization", "connection",        "expect",
                                      "user-agent",    "transfer-encoding", "x-amzn-trace-id"};

// Inside a value, a run of blanks counts as one.
std::string single_blanks(const std::string &value)
{
    return join(split_blanks(value), " ");
}

}  // namespace

void sign_aws_v4(ObjectRequest &request, const Credentials &who, const std::string &region,
                 const std::string &payload_hash, std::chrono::system_clock::time_point when)
{
    set_header(request.headers, "x-amz-content-sha256", payload_hash);
    set_header(request.headers, "x-amz-date", compact_time(when));
    if (!who.token.empty())
        set_header(request.headers, "x-amz-security-token", who.token);
    auto headers = canonical_headers(request.headers);
    headers["host"] = request.host;
    std::erase_if(headers, [](auto const &header) {
        return std::ranges::find(unsigned_headers, header.first) != unsigned_headers.end();
    });
    for (auto &[name, value] : headers)
        value = single_blanks(value);
    // S3 signs the path as it is sent: encoded once, nothing taken out of it.
    ObjectRequest path = request;
    path.query.clear();
    std::string const canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request_target(path),
                                              canonical_query(request.query, EmptyValue::with_equals),
                                              header_lines(headers), header_names(headers), payload_hash);
    set_header(request.headers, "Authorization",
               fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", aws4.algorithm, who.id,
                           credential_scope(aws4, region, when), header_names(headers),
                           scoped_signature(aws4, who.secret, region, when, canonical)));
}

}  // namespace imgport
