#include <fmt/format.h>

#include "cloud/credential_places.hpp"
#include "cloud/ini_file.hpp"
#include "cloud/instance_role.hpp"
#include "support/core_dumps.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

std::string value_of(const IniSection &section, const char *key)
{
    auto const found = section.find(key);
    return found == section.end() ? std::string() : found->second;
}

// What a profile may have instead of keys.
std::string other_way(const IniSection &section)
{
    for (const char *const key : {"role_arn", "sso_session", "sso_start_url", "credential_process", "login_session"}) {
        if (section.contains(key))
            return key;
    }
    return {};
}

struct Profile {
    bool there = false;
    MaybeCredentials found = std::nullopt;
};

// `section`: "NAME" in the file of credentials, "profile NAME" in the other.
Result<Profile> from_file(const std::string &path, const std::string &section)
{
    auto const text = read_if_there(path);
    if (!text)
        return fail(text.error());
    if (!*text)
        return Profile{};
    auto const file = parse_ini_file(**text, path);
    if (!file)
        return fail(file.error());
    auto const entry = file->find(section);
    if (entry == file->end())
        return Profile{};
    Credentials found{.id = value_of(entry->second, "aws_access_key_id"),
                      .secret = value_of(entry->second, "aws_secret_access_key"),
                      .token = value_of(entry->second, "aws_session_token"),
                      .origin = fmt::format("{} [{}]", path, printable(section, 100))};
    if (!found.id.empty() || !found.secret.empty())
        return Profile{true, checked(std::move(found))};
    if (std::string const way = other_way(entry->second); !way.empty()) {
        Error error{ErrorCode::environment,
                    fmt::format("the profile takes its keys by {}, which imgport does not know", way), found.origin};
        error.hint = "\"aws configure export-credentials --format env\" prints temporary keys for the environment";
        return Profile{true, fail(std::move(error))};
    }
    return Profile{true, std::nullopt};
}

std::string or_else(std::string first, std::string second)
{
    return first.empty() ? std::move(second) : std::move(first);
}

MaybeCredentials from_files(const Surroundings &around)
{
    std::string const chosen = or_else(around.get("AWS_PROFILE"), around.get("AWS_DEFAULT_PROFILE"));
    std::string const name = or_else(chosen, "default");
    std::string const keys = or_else(around.get("AWS_SHARED_CREDENTIALS_FILE"), around.in_home(".aws/credentials"));
    std::string const config = or_else(around.get("AWS_CONFIG_FILE"), around.in_home(".aws/config"));
    auto const first = from_file(keys, name);
    if (!first)
        return fail(first.error());
    if (!first->found || *first->found)
        return first->found;
    auto const second = from_file(config, name == "default" ? name : "profile " + name);
    if (!second)
        return fail(second.error());
    if (!second->found || *second->found)
        return second->found;
    if (!chosen.empty())
        return fail(ErrorCode::environment,
                    fmt::format("{} {} of AWS_PROFILE in {} or {}",
                                first->there || second->there ? "no access key for the profile" : "no profile",
                                printable(chosen, 100), keys, config));
    return std::nullopt;
}

MetadataService metadata_of(const Surroundings &around)
{
    std::string base = or_else(around.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"), around.metadata);
    while (base.ends_with('/'))
        base.pop_back();
    return {.base = std::move(base),
            .token_header = "X-aws-ec2-metadata-token",
            .ttl_header = "X-aws-ec2-metadata-token-ttl-seconds",
            .roles_path = "/latest/meta-data/iam/security-credentials/",
            .secret_key = "SecretAccessKey",
            .token_key = "Token"};
}

}  // namespace

std::unique_ptr<CredentialSource> aws_credentials(HttpTransport &http, const Surroundings &around)
{
    std::vector<CredentialPlace> places;
    places.push_back({"the environment (AWS_ACCESS_KEY_ID)", [around]() {
                          return from_environment(around, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                                  "AWS_SESSION_TOKEN");
                      }});
    places.push_back({"~/.aws/credentials, ~/.aws/config", [around]() { return from_files(around); }});
    if (!around.on("AWS_EC2_METADATA_DISABLED"))
        places.push_back(
            {"the instance's role", [around, &http]() { return from_instance_role(http, metadata_of(around), {}); }});
    return first_of("S3", std::move(places),
                    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for one of ~/.aws/credentials");
}

std::unique_ptr<CredentialSource> aws_credentials(HttpTransport &http)
{
    forbid_core_dumps();
    return aws_credentials(http, surroundings_of_process("http://169.254.169.254"));
}

}  // namespace imgport
