#include "cloud/object_store_place.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::string_view name_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

Error bad(std::string message, std::string hint = {})
{
    Error error{ErrorCode::usage, std::move(message)};
    error.hint = std::move(hint);
    return error;
}

bool only(std::string_view text, std::string_view characters)
{
    return text.find_first_not_of(characters) == std::string_view::npos;
}

struct Endpoint {
    std::string scheme;
    std::string name;  // in lower case, without the port; "[::1]" keeps its brackets
    std::string port;  // ":9000", or empty
};

Result<Endpoint> parse_endpoint(const std::string &text)
{
    auto const broken = [&] {
        return fail(bad(fmt::format("{} is no endpoint", printable(text, 200)),
                        "an endpoint is https://HOST or https://HOST:PORT, such as "
                        "https://oss-cn-hangzhou-internal.aliyuncs.com"));
    };
    Endpoint endpoint{.scheme = "https", .name = to_lower(text), .port = {}};
    if (auto const scheme = endpoint.name.find("://"); scheme != std::string::npos) {
        endpoint.scheme = endpoint.name.substr(0, scheme);
        endpoint.name.erase(0, scheme + 3);
    }
    if (endpoint.name.ends_with('/'))
        endpoint.name.pop_back();
    auto const colon = endpoint.name.rfind(':');
    if (colon != std::string::npos && !endpoint.name.ends_with(']')) {
        endpoint.port = endpoint.name.substr(colon);
        endpoint.name.erase(colon);
        auto const number = parse_number(std::string_view(endpoint.port).substr(1));
        if (!number || *number == 0 || *number > 65535)
            return broken();
    }
    // The port that the scheme has anyway is in no Host header, so it may be in no signature.
    if (endpoint.port == (endpoint.scheme == "https" ? ":443" : ":80"))
        endpoint.port.clear();
    bool const v6 = endpoint.name.starts_with('[') && endpoint.name.ends_with(']') &&
                    only(endpoint.name.substr(1, endpoint.name.size() - 2), "0123456789abcdef:.");
    if ((endpoint.scheme != "https" && endpoint.scheme != "http") || endpoint.name.empty() ||
        (!v6 && !only(endpoint.name, name_characters)))
        return broken();
    return endpoint;
}

bool is_address(const std::string &name)
{
    in_addr parsed{};
    return name.starts_with('[') || inet_pton(AF_INET, name.c_str(), &parsed) == 1;
}

bool is_local(const std::string &name)
{
    return is_address(name) || name == "localhost";
}

std::string without_prefix(std::string text, std::string_view prefix)
{
    if (text.starts_with(prefix))
        text.erase(0, prefix.size());
    return text;
}

// "cn-hangzhou" out of "oss-cn-hangzhou-internal.aliyuncs.com", "s3.oss-cn-hangzhou.aliyuncs.com" or the same with a
// bucket before it; empty where the name does not tell.
std::string region_of_oss_host(const std::string &name)
{
    if (!name.ends_with(".aliyuncs.com"))
        return {};
    for (std::string label : split(name, '.')) {
        if (!label.starts_with("oss-"))
            continue;
        label.erase(0, 4);
        if (label.ends_with("-internal"))
            label.erase(label.size() - std::string_view("-internal").size());
        return label.starts_with("accelerate") ? std::string() : label;
    }
    return {};
}

bool is_aws(const std::string &name)
{
    return name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn");
}

// "eu-west-1" out of "s3.eu-west-1.amazonaws.com" or "BUCKET.s3.dualstack.eu-west-1.amazonaws.com".
std::string region_of_aws_host(const std::string &name)
{
    if (!is_aws(name))
        return {};
    auto const labels = split(name, '.');
    auto const amazon = std::find(labels.begin(), labels.end(), "amazonaws");
    if (amazon == labels.begin())
        return {};
    std::string const &before = *(amazon - 1);
    if (before == "s3" || before == "s3-accelerate" || before == "dualstack")
        return "us-east-1";
    return without_prefix(before, "s3-");
}

// Those that want the bucket in the host's name, or take nothing else.
bool wants_virtual_hosts(const std::string &name)
{
    constexpr std::array<std::string_view, 5> domains{".amazonaws.com", ".amazonaws.com.cn", ".aliyuncs.com",
                                                      ".myqcloud.com", ".myhuaweicloud.com"};
    return std::any_of(domains.begin(), domains.end(), [&](auto domain) { return name.ends_with(domain); });
}

Result<std::string> checked_region(std::string region)
{
    region = without_prefix(to_lower(region), "oss-");
    if (!only(region, "abcdefghijklmnopqrstuvwxyz0123456789-"))
        return fail(bad(fmt::format("{} is no region", printable(region, 100)), "a region is \"cn-hangzhou\""));
    return region;
}

std::string first_set(const std::function<std::string(const std::string &)> &environment,
                      std::initializer_list<const char *> names)
{
    for (const char *const name : names) {
        if (auto value = environment(name); !value.empty())
            return value;
    }
    return {};
}

// Whether the user gave the bucket's own address of an endpoint: "imgs.oss-cn-hangzhou.aliyuncs.com" for imgs. A name
// that begins with the bucket's by chance, such as minio.example.com, goes on otherwise.
bool is_of_bucket(const std::string &name, const std::string &bucket)
{
    if (!name.starts_with(bucket + "."))
        return false;
    std::string_view const rest = std::string_view(name).substr(bucket.size() + 1);
    constexpr std::array<std::string_view, 6> endpoints{"oss-", "s3.", "s3-", "cos.", "obs.", "localhost"};
    return std::any_of(endpoints.begin(), endpoints.end(), [&](auto begin) { return rest.starts_with(begin); });
}

// Puts the bucket where it belongs.
StorePlace with_bucket(const Endpoint &endpoint, const StoreAddress &address, bool in_host)
{
    StorePlace place{.scheme = endpoint.scheme, .host = endpoint.name + endpoint.port, .region = {}};
    bool const there = address.custom_domain || is_of_bucket(endpoint.name, address.bucket);
    place.bucket_in_path = !there && !in_host;
    if (!there && in_host)
        place.host = address.bucket + "." + place.host;
    return place;
}

Result<StorePlace> oss_place(const StoreAddress &address, const Endpoint &endpoint, const std::string &region)
{
    StorePlace place = with_bucket(endpoint, address, !is_local(endpoint.name));
    place.v1 = address.signature == ObjectSignature::v1;
    place.region = region.empty() ? region_of_oss_host(endpoint.name) : region;
    if (place.region.empty() && !place.v1)
        return fail(
            bad(fmt::format("the endpoint {} does not tell its region, which the signature needs", endpoint.name),
                "name it: --region cn-hangzhou"));
    return place;
}

Result<StorePlace> s3_place(const StoreAddress &address, const Endpoint &endpoint, const std::string &region)
{
    if (address.signature == ObjectSignature::v1)
        return fail(bad("signature version 1 is OSS's; S3 addresses are signed with version 4"));
    // No certificate of AWS's is for a name with one more dot in it.
    bool const dots = address.bucket.find('.') != std::string::npos && endpoint.scheme == "https";
    StorePlace place =
        with_bucket(endpoint, address, wants_virtual_hosts(endpoint.name) && !(dots && is_aws(endpoint.name)));
    place.region = region;
    for (const auto &known : {region_of_oss_host(endpoint.name), region_of_aws_host(endpoint.name)}) {
        if (place.region.empty())
            place.region = known;
    }
    // What other stores call themselves, or do not look at.
    if (place.region.empty())
        place.region = "us-east-1";
    return place;
}

// The cloud's own public endpoint.
Result<std::string> public_host(StoreDialect dialect, const std::string &region)
{
    if (region.empty())
        return fail(bad("which region the bucket is in is not known",
                        dialect == StoreDialect::oss
                            ? "name it: --region cn-hangzhou, or an endpoint: --endpoint https://HOST"
                            : "name it: --region us-east-1 or AWS_REGION, or for a store of another cloud its "
                              "endpoint: --endpoint https://HOST"));
    if (dialect == StoreDialect::oss)
        return fmt::format("oss-{}.aliyuncs.com", region);
    return fmt::format("s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

}  // namespace

Result<StorePlace> place_of(const StoreAddress &address,
                            const std::function<std::string(const std::string &)> &environment)
{
    bool const oss = address.dialect == StoreDialect::oss;
    if (address.bucket.empty() || !only(address.bucket, name_characters) || address.bucket.front() == '.' ||
        address.bucket.find("..") != std::string::npos)
        return fail(bad(fmt::format("\"{}\" is no bucket's name", printable(address.bucket, 100))));
    Endpoint endpoint;
    if (!address.endpoint.empty()) {
        auto parsed = parse_endpoint(address.endpoint);
        if (!parsed)
            return fail(parsed.error());
        endpoint = std::move(*parsed);
    }
    // An endpoint that tells its region is nearer to what the user means than the environment is.
    bool const told = !region_of_oss_host(endpoint.name).empty() || !region_of_aws_host(endpoint.name).empty();
    std::string named = address.region;
    if (named.empty() && !told)
        named = oss ? first_set(environment, {"OSS_REGION", "ALIBABA_CLOUD_REGION_ID"})
                    : first_set(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
    auto const region = checked_region(std::move(named));
    if (!region)
        return fail(region.error());
    if (endpoint.name.empty()) {
        auto host = public_host(address.dialect, *region);
        if (!host)
            return fail(host.error());
        endpoint = {.scheme = "https", .name = std::move(*host), .port = {}};
    }
    if (address.custom_domain && is_local(endpoint.name))
        return fail(bad(fmt::format("{} is no domain of a bucket's own", endpoint.name)));
    return oss ? oss_place(address, endpoint, *region) : s3_place(address, endpoint, *region);
}

}  // namespace imgport
