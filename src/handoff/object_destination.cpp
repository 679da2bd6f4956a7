#include "handoff/object_destination.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "rules/import_checks.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::string_view oss_scheme = "oss://";
constexpr std::string_view s3_scheme = "s3://";
constexpr std::string_view oss_domain = ".aliyuncs.com";

Error usage(std::string message, std::string hint = {}, std::string field = {})
{
    return {
        .code = ErrorCode::usage, .message = std::move(message), .field = std::move(field), .hint = std::move(hint)};
}

bool is_url(std::string_view text)
{
    std::string const start = to_lower(text.substr(0, 8));
    return start.starts_with("https://") || start.starts_with("http://");
}

std::string_view host_of(std::string_view url)
{
    auto const start = url.find("//");
    url.remove_prefix(start == std::string_view::npos ? 0 : start + 2);
    return url.substr(0, url.find_first_of("/:?#"));
}

// What an endpoint of OSS tells; empty where it is another's.
std::string region_of_endpoint(const std::string &endpoint)
{
    std::string const host = to_lower(host_of(endpoint));
    if (!host.ends_with(oss_domain))
        return {};
    auto const address = parse_object_address(fmt::format("https://bucket.{}/key", host));
    return address ? address->region : std::string();
}

// "https://HOST[:PORT]" of what the user gave.
Result<std::string> normal_endpoint(std::string_view text)
{
    std::string endpoint(text);
    if (!is_url(endpoint)) {
        if (endpoint.find("://") != std::string::npos)
            return fail(usage("--endpoint is no https:// address"));
        endpoint = "https://" + endpoint;
    }
    auto const start = endpoint.find("//") + 2;
    while (endpoint.size() > start && endpoint.ends_with('/'))
        endpoint.pop_back();
    std::string_view const rest = std::string_view(endpoint).substr(start);
    if (rest.empty() || rest.find_first_of("@/?#") != std::string_view::npos)
        return fail(usage("--endpoint is no plain address of a server", "https://HOST[:PORT]"));
    if (std::any_of(rest.begin(), rest.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; }))
        return fail(usage("--endpoint holds characters that no server's name has", "https://HOST[:PORT]"));
    return endpoint;
}

// A key, or a folder of keys.
Result<std::string> checked_key(const std::string &key)
{
    bool const folder = key.empty() || key.ends_with('/');
    auto const parsed = parse_object_address(folder ? key + "x" : key);
    if (!parsed)
        return fail(parsed.error());
    if (parsed->key != (folder ? key + "x" : key))  // it was a URL
        return fail(usage("the key is itself an address"));
    return key;
}

Result<void> parse_oss(std::string_view text, ObjectDestination &destination)
{
    std::string whole(text);
    if (whole.find('/', oss_scheme.size()) == std::string::npos)
        whole += '/';
    bool const folder = whole.ends_with('/');
    auto const address = parse_object_address(folder ? whole + "x" : whole);
    if (!address)
        return fail(address.error());
    destination.store.bucket = address->bucket;
    destination.key = address->key;
    if (folder)
        destination.key.pop_back();
    return {};
}

// The names of buckets are freer in other stores; what would change the address is refused.
Result<void> parse_s3(std::string_view text, ObjectDestination &destination)
{
    text.remove_prefix(s3_scheme.size());
    auto const slash = std::min(text.find('/'), text.size());
    std::string const bucket(text.substr(0, slash));
    bool const allowed = std::all_of(bucket.begin(), bucket.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_';
    });
    if (bucket.size() < 3 || bucket.size() > 255 || !allowed || bucket.front() == '.')
        return fail(usage(fmt::format("'{}' is no bucket's name", printable(bucket, 100)), "s3://BUCKET/KEY"));
    auto const key = checked_key(std::string(slash < text.size() ? text.substr(slash + 1) : std::string_view{}));
    if (!key)
        return fail(key.error());
    destination.store.dialect = StoreDialect::s3;
    destination.store.bucket = bucket;
    destination.key = *key;
    return {};
}

// The console's URL of an object. Its query can hold a signature: it is dropped, and nothing of the URL is repeated.
Result<void> parse_oss_url(std::string_view text, ObjectDestination &destination)
{
    auto const address = parse_object_address(text);
    if (!address)
        return fail(address.error());
    std::string host = to_lower(host_of(text));
    if (!host.ends_with(oss_domain) || address->bucket.empty())
        return fail(
            usage("the URL is not that of an object in OSS",
                  "give oss://BUCKET/KEY, and the server with --endpoint, with --cname where it is the bucket's "
                  "own domain"));
    if (host.starts_with(address->bucket + "."))
        host.erase(0, address->bucket.size() + 1);
    if (host.starts_with("s3."))
        host.erase(0, 3);
    destination.store.bucket = address->bucket;
    destination.key = address->key;
    destination.store.region = address->region;
    destination.store.endpoint = "https://" + host;
    return {};
}

// Both say something, and not the same.
bool disagree(const std::string &a, const std::string &b)
{
    return !a.empty() && !b.empty() && a != b;
}

Result<void> apply_options(const UploadOptions &options, ObjectDestination &destination)
{
    auto &store = destination.store;
    bool const oss = store.dialect == StoreDialect::oss;
    if (options.internal && (!oss || !options.endpoint.empty() || !store.endpoint.empty()))
        return fail(usage(oss ? "--internal and an endpoint are two ways to say where the bucket is; give one"
                              : "--internal is for oss:// destinations; give --endpoint"));
    if (options.custom_domain && options.endpoint.empty())
        return fail(usage("--cname needs the bucket's own domain", "--endpoint https://DOMAIN"));
    if (options.signature == UploadSignature::v1 && !oss)
        return fail(usage("--signature v1 is for oss:// destinations"));
    if (!options.region.empty() && oss && (!is_region(options.region) || options.region.starts_with("oss-")))
        return fail(usage(fmt::format("'{}' is not a region, such as cn-hangzhou", printable(options.region, 100)),
                          options.region.starts_with("oss-")
                              ? fmt::format("did you mean '{}'?", printable(options.region.substr(4), 100))
                              : std::string(),
                          "RegionId"));
    if (!options.endpoint.empty()) {
        auto endpoint = normal_endpoint(options.endpoint);
        if (!endpoint)
            return fail(endpoint.error());
        store.endpoint = std::move(*endpoint);
    }
    std::string const told = options.custom_domain ? std::string() : region_of_endpoint(store.endpoint);
    if (disagree(options.region, told))
        return fail(
            usage(fmt::format("'{}' is asked for, but the endpoint is in '{}'", options.region, told), {}, "RegionId"));
    if (disagree(options.region, store.region) || disagree(told, store.region))
        return fail(usage(fmt::format("the URL is in '{}', the options say '{}'", store.region,
                                      options.region.empty() ? told : options.region),
                          {}, "RegionId"));
    if (!told.empty())
        store.region = told;
    if (!options.region.empty())
        store.region = options.region;
    store.custom_domain = options.custom_domain;
    destination.internal = options.internal;
    store.signature = options.signature == UploadSignature::v1   ? ObjectSignature::v1
                      : options.signature == UploadSignature::v4 ? ObjectSignature::v4
                                                                 : ObjectSignature::automatic;
    return {};
}

}  // namespace

bool ObjectDestination::in_oss() const
{
    return store.dialect == StoreDialect::oss || host_of(store.endpoint).ends_with(oss_domain);
}

std::string ObjectDestination::name() const
{
    return fmt::format("{}{}/{}", store.dialect == StoreDialect::oss ? oss_scheme : s3_scheme, store.bucket, key);
}

bool is_object_destination(std::string_view text)
{
    std::string const start = to_lower(text.substr(0, oss_scheme.size()));
    return start == oss_scheme || start.starts_with(s3_scheme) || is_url(text);
}

Result<ObjectDestination> parse_object_destination(std::string_view text, const UploadOptions &options)
{
    ObjectDestination destination;
    if (!is_object_destination(text))
        return fail(usage("this is no address of an object store", "oss://BUCKET/KEY or s3://BUCKET/KEY"));
    std::string const start = to_lower(text.substr(0, oss_scheme.size()));
    auto parsed = start == oss_scheme            ? parse_oss(text, destination)
                  : start.starts_with(s3_scheme) ? parse_s3(text, destination)
                                                 : parse_oss_url(text, destination);
    if (parsed)
        parsed = apply_options(options, destination);
    if (!parsed)
        return fail(parsed.error());
    return destination;
}

ObjectDestination with_name(ObjectDestination destination, const std::string &artifact)
{
    if (destination.is_folder())
        destination.key += artifact;
    return destination;
}

Result<ObjectDestination> destination_for(const ObjectDestination &destination, const Manifest &manifest,
                                          const std::string &manifest_path)
{
    ObjectDestination complete = with_name(destination, manifest.artifact.file);
    if (auto const problem = key_problem(complete.key))
        return fail(usage(fmt::format("'{}' {}", printable(complete.key, 100), *problem), {}, "OSSObject"));
    if (!complete.in_oss())
        return complete;
    std::string const region = manifest.import.region.value_or("");
    if (disagree(region, complete.store.region))
        return fail({ErrorCode::usage,
                     fmt::format("the image is to be imported in '{}', the destination is in '{}'",
                                 printable(region, 100), complete.store.region),
                     manifest_path,
                     {},
                     "RegionId",
                     "an import reads buckets of its own region only"});
    if (complete.store.region.empty())
        complete.store.region = region;
    for (auto const &disk : manifest.import.disks) {
        if (disk.bucket.empty())
            break;  // nothing was said when it was prepared
        if (disk.bucket == complete.store.bucket && disk.object == complete.key)
            break;
        return fail(
            {ErrorCode::usage,
             fmt::format("the image is to be imported from oss://{}/{}, the destination is {}",
                         printable(disk.bucket, 100), printable(disk.object, 300), printable(complete.name(), 300)),
             manifest_path,
             {},
             "OSSObject",
             "upload it there, or prepare it again with this destination"});
    }
    return complete;
}

Result<StoreAddress> store_address(const ObjectDestination &destination)
{
    StoreAddress address = destination.store;
    if (!destination.internal)
        return address;
    if (address.region.empty())
        return fail(usage("--internal needs to know the region of the bucket", "--region cn-hangzhou", "RegionId"));
    address.endpoint = fmt::format("https://oss-{}-internal.aliyuncs.com", address.region);
    return address;
}

}  // namespace imgport
