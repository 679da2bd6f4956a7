// Object addresses as people have them: the console's URL, an oss:// name, a bare key.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <imgport/import_parameters.hpp>

#include "rules/import_checks.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Error bad_address(std::string message, std::string field = "OSSObject", std::string hint = {})
{
    return {
        .code = ErrorCode::usage, .message = std::move(message), .field = std::move(field), .hint = std::move(hint)};
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// RFC 3986, section 2.1.
std::optional<std::string> percent_decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        int const high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        int const low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

// A query that carries a signature, in the spellings of OSS (V1, V4) and S3. Such a text must never be shown.
bool carries_signature(std::string_view text)
{
    std::string const lower = to_lower(text);
    constexpr std::array<std::string_view, 5> marks{
        "signature=", "ossaccesskeyid=", "security-token=", "x-oss-credential=", "x-amz-"};
    return std::any_of(marks.begin(), marks.end(), [&](auto mark) { return lower.find(mark) != std::string::npos; });
}

// The region of "oss-cn-hangzhou", "oss-cn-hangzhou-internal" and the like; empty where the name does not tell:
// acceleration endpoints, the old common endpoint, and finance clouds whose endpoints have names of their own.
std::string region_of_endpoint(std::string_view endpoint)
{
    if (!endpoint.starts_with("oss-"))
        return {};
    endpoint.remove_prefix(4);
    for (std::string_view const suffix : {"-internal", "-pub"}) {
        if (endpoint.ends_with(suffix))
            endpoint.remove_suffix(suffix.size());
    }
    constexpr std::array<std::string_view, 5> without_region{"accelerate", "accelerate-overseas", "cn-hzfinance",
                                                             "cn-hzjbp", "cn-szfinance"};
    bool const named = std::any_of(without_region.begin(), without_region.end(), [&](auto name) {
        return endpoint == name || (endpoint.starts_with(name) && endpoint[name.size()] == '-');
    });
    return named || !is_region(endpoint) ? std::string() : std::string(endpoint);
}

// What a host name tells of bucket and region: BUCKET.oss-REGION[-internal].aliyuncs.com, with "s3." before "oss-" for
// the S3-compatible endpoints, BUCKET.REGION.oss.aliyuncs.com for the dual-stack ones. Another host is a domain of the
// user's own and tells nothing.
struct Host {
    bool of_oss = false;
    std::string bucket = {};
    std::string region = {};
};

Host parse_host(std::string_view host)
{
    constexpr std::string_view domain = ".aliyuncs.com";
    if (!host.ends_with(domain))
        return {};
    host.remove_suffix(domain.size());
    auto labels = split(host, '.');
    auto const is_endpoint = [](const std::string &label) {
        return label == "oss" || label.starts_with("oss-") || label.find("-oss-") != std::string::npos;
    };
    if (!is_endpoint(labels.back()))
        return {};
    Host parsed{.of_oss = true};
    std::string endpoint = labels.back();
    labels.pop_back();
    if (auto const inner = endpoint.find("-oss-"); inner != std::string::npos && !endpoint.starts_with("oss-"))
        endpoint.erase(0, inner + 1);  // "vpc100-oss-cn-hangzhou", the old VPC endpoints
    parsed.region = region_of_endpoint(endpoint);
    if (endpoint == "oss" && labels.size() == 2 && is_region(labels.back())) {
        parsed.region = labels.back();
        labels.pop_back();
    }
    if (!labels.empty() && labels.back() == "s3")
        labels.pop_back();
    parsed.bucket = join(labels, ".");
    return parsed;
}

Result<ObjectAddress> parse_url(std::string_view rest)
{
    rest = rest.substr(0, rest.find_first_of("?#"));
    auto const slash = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, slash);
    std::string_view path = slash < rest.size() ? rest.substr(slash + 1) : std::string_view{};
    if (authority.find('@') != std::string_view::npos)
        return fail(bad_address("the URL holds a user name or a password; leave them out"));
    authority = authority.substr(0, authority.find(':'));
    std::string const host_name = to_lower(authority);
    if (host_name.empty())
        return fail(bad_address("the URL has no host"));
    Host host = parse_host(host_name);
    auto key = percent_decoded(path);
    if (!key)
        return fail(bad_address("the URL's path has a broken percent sign escape"));
    if (host.of_oss && host.bucket.empty()) {
        // The bucket is then the path's first part.
        auto const end = std::min(key->find('/'), key->size());
        host.bucket = key->substr(0, end);
        key->erase(0, std::min(end + 1, key->size()));
    }
    return ObjectAddress{host.bucket, *key, host.region};
}

}  // namespace

bool is_region(std::string_view text)
{
    auto const parts = split(text, '-');
    return parts.size() >= 2 && parts.front().size() == 2 &&
           std::all_of(parts.begin(), parts.end(), [](const std::string &part) {
               return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
               });
           });
}

std::optional<std::string> bucket_problem(std::string_view bucket)
{
    if (bucket.size() < 3 || bucket.size() > 63)
        return fmt::format("has {} characters; a bucket's name has 3 to 63", bucket.size());
    bool const allowed = std::all_of(bucket.begin(), bucket.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!allowed)
        return "a bucket's name has lower-case letters, digits and hyphens only";
    if (bucket.front() == '-' || bucket.back() == '-')
        return "a bucket's name neither begins nor ends with a hyphen";
    return std::nullopt;
}

std::optional<std::string> key_problem(std::string_view key)
{
    if (key.empty())
        return "names no object";
    if (key.size() > 1023)
        return fmt::format("has {} bytes; an object's key has 1023 at most", key.size());
    if (key.front() == '/' || key.front() == '\\')
        return "an object's key does not begin with / or \\";
    if (key.back() == '/')
        return "names a folder, not an object";
    auto const points = code_points(key);
    if (!points)
        return "an object's key is UTF-8";
    if (std::any_of(points->begin(), points->end(), [](char32_t c) { return c < 0x20 || c == 0x7f; }))
        return "an object's key has no control characters";
    return std::nullopt;
}

Result<ObjectAddress> parse_object_address(std::string_view text)
{
    ObjectAddress address;
    std::string const lower = to_lower(text.substr(0, 8));
    if (lower.starts_with("https://") || lower.starts_with("http://")) {
        auto parsed = parse_url(text.substr(text.find("//") + 2));
        if (!parsed)
            return parsed;
        address = std::move(*parsed);
    } else {
        // These have no query; a text with a signature is a URL gone wrong, and is not repeated.
        if (carries_signature(text))
            return fail(bad_address("this looks like part of a signed URL", "OSSObject",
                                    "give the whole URL with https://, or the key alone"));
        if (lower.starts_with("oss://")) {
            std::string_view const rest = text.substr(6);
            auto const slash = std::min(rest.find('/'), rest.size());
            address.bucket = std::string(rest.substr(0, slash));
            address.key = slash < rest.size() ? std::string(rest.substr(slash + 1)) : std::string();
            if (address.bucket.empty())
                return fail(bad_address("the address names no bucket", "OSSBucket", "oss://BUCKET/KEY"));
        } else if (auto const scheme = text.find("://"); scheme < 10) {
            return fail(bad_address(
                fmt::format("'{}://' is not an address of the object store", printable(text.substr(0, scheme))),
                "OSSObject", "give https://..., oss://BUCKET/KEY or the key alone"));
        } else {
            address.key = std::string(text);
        }
    }
    if (auto const problem = address.bucket.empty() ? std::nullopt : bucket_problem(address.bucket))
        return fail(bad_address(fmt::format("'{}' {}", printable(address.bucket, 100), *problem), "OSSBucket"));
    if (auto const problem = key_problem(address.key))
        return fail(bad_address(fmt::format("'{}' {}", printable(address.key, 100), *problem)));
    return address;
}

}  // namespace imgport
