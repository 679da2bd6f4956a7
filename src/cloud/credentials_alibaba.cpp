#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cloud/assumed_role.hpp"
#include "cloud/credential_places.hpp"
#include "cloud/ini_file.hpp"
#include "cloud/instance_role.hpp"
#include "support/core_dumps.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using nlohmann::json;

MetadataService metadata_of(const Surroundings &around)
{
    return {.base = around.metadata,
            .token_header = "X-aliyun-ecs-metadata-token",
            .ttl_header = "X-aliyun-ecs-metadata-token-ttl-seconds",
            .roles_path = "/latest/meta-data/ram/security-credentials/",
            .secret_key = "AccessKeySecret",
            .token_key = "SecurityToken",
            .without_token = !around.on("ALIBABA_CLOUD_IMDSV1_DISABLED")};
}

std::string text_at(const json &profile, const char *key)
{
    auto const found = profile.find(key);
    return found != profile.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The command line tool's file, without what the parser says: that quotes what it read.
Result<json> parse_config(const std::string &text, const std::string &path)
{
    try {
        return json::parse(text);
    } catch (const json::parse_error &error) {
        auto const at = text.begin() + static_cast<std::ptrdiff_t>(std::min(error.byte, text.size()));
        return fail({ErrorCode::environment,
                     fmt::format("line {}: is no valid JSON", 1 + std::count(text.begin(), at, '\n')), path});
    } catch (const json::exception &) {
        return fail({ErrorCode::environment, "is no valid JSON", path});
    }
}

Result<json> find_profile(const json &config, const std::string &name, const std::string &path)
{
    std::vector<std::string> names;
    for (const auto &profile : config.value("profiles", json::array())) {
        if (!profile.is_object())
            continue;
        if (text_at(profile, "name") == name)
            return profile;
        names.push_back(printable(text_at(profile, "name"), 100));
    }
    Error error{ErrorCode::environment, fmt::format("has no profile {}", printable(name, 100)), path};
    if (!names.empty())
        error.hint = "its profiles: " + join(names, ", ");
    return fail(std::move(error));
}

RoleToAssume role_of(const Surroundings &around, const json &profile, const std::string &origin)
{
    RoleToAssume role{.service = around.roles,
                      .arn = text_at(profile, "ram_role_arn"),
                      .session = text_at(profile, "ram_session_name"),
                      .external_id = text_at(profile, "external_id"),
                      .origin = origin};
    // Between what the service takes.
    if (auto const seconds = profile.find("expired_seconds"); seconds != profile.end() && seconds->is_number_unsigned())
        role.seconds = std::clamp<std::uint64_t>(seconds->get<std::uint64_t>(), 900, 43200);
    return role;
}

MaybeCredentials from_profile(HttpTransport &http, const Surroundings &around, const json &profile,
                              const std::string &path)
{
    std::string const mode = text_at(profile, "mode");
    std::string const origin = fmt::format("{} [{}]", path, printable(text_at(profile, "name"), 100));
    if (mode == "EcsRamRole") {
        auto found = from_instance_role(http, metadata_of(around), text_at(profile, "ram_role_name"));
        if (found && !*found)
            return fail({ErrorCode::environment,
                         "the profile takes the keys of the instance's role, and no metadata service answers here",
                         origin});
        return found;
    }
    if (mode != "AK" && mode != "StsToken" && mode != "RamRoleArn" && !mode.empty()) {
        Error error{ErrorCode::environment,
                    fmt::format("the profile's mode is {}, which imgport does not know", printable(mode, 100)), origin};
        error.hint = "choose a profile of mode AK, StsToken, RamRoleArn or EcsRamRole with ALIBABA_CLOUD_PROFILE, or "
                     "put temporary keys into ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and "
                     "ALIBABA_CLOUD_SECURITY_TOKEN";
        return fail(std::move(error));
    }
    Credentials keys{
        .id = text_at(profile, "access_key_id"), .secret = text_at(profile, "access_key_secret"), .origin = origin};
    if (mode == "StsToken")
        keys.token = text_at(profile, "sts_token");
    if (keys.id.empty() && keys.secret.empty())
        return std::nullopt;  // the tool leaves such a profile where nobody has filled it in
    auto found = checked(std::move(keys));
    if (!found || mode != "RamRoleArn")
        return found;
    return assume_role(http, role_of(around, profile, origin), **found);
}

MaybeCredentials from_config(HttpTransport &http, const Surroundings &around)
{
    std::string const path = around.in_home(".aliyun/config.json");
    auto const text = read_if_there(path);
    if (!text)
        return fail(text.error());
    if (!*text)
        return std::nullopt;
    auto const config = parse_config(**text, path);
    if (!config)
        return fail(config.error());
    if (!config->is_object() || !config->value("profiles", json::array()).is_array())
        return fail({ErrorCode::environment, "is no configuration of the Alibaba Cloud CLI", path});
    std::string const chosen = around.get("ALIBABA_CLOUD_PROFILE");
    std::string const current = text_at(*config, "current");
    auto const profile = find_profile(*config, !chosen.empty() ? chosen : !current.empty() ? current : "default", path);
    if (!profile) {
        if (chosen.empty())
            return std::nullopt;
        return fail(profile.error());
    }
    auto found = from_profile(http, around, *profile, path);
    if (found && !*found && !chosen.empty())
        return fail(
            {ErrorCode::environment, fmt::format("the profile {} has no access key", printable(chosen, 100)), path});
    return found;
}

// ossutil's: version 1 has the section Credentials, version 2 a section "default".
MaybeCredentials from_ossutil(const Surroundings &around)
{
    std::string const path = around.in_home(".ossutilconfig");
    auto const text = read_if_there(path);
    if (!text)
        return fail(text.error());
    if (!*text)
        return std::nullopt;
    auto const file = parse_ini_file(**text, path);
    if (!file)
        return fail(file.error());
    for (const char *const name : {"Credentials", "default"}) {
        auto const section = file->find(name);
        if (section == file->end())
            continue;
        auto const value = [&](const char *key) {
            auto const found = section->second.find(key);
            return found == section->second.end() ? std::string() : found->second;
        };
        Credentials found{.id = value("accesskeyid"),
                          .secret = value("accesskeysecret"),
                          .token = value("ststoken"),
                          .origin = fmt::format("{} [{}]", path, name)};
        if (!found.id.empty() || !found.secret.empty())
            return checked(std::move(found));
    }
    return std::nullopt;
}

}  // namespace

std::unique_ptr<CredentialSource> alibaba_credentials(HttpTransport &http, const Surroundings &around)
{
    std::vector<CredentialPlace> places;
    places.push_back(
        {"the environment (ALIBABA_CLOUD_ACCESS_KEY_ID, OSS_ACCESS_KEY_ID)", [around]() {
             auto found = from_environment(around, "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                                           "ALIBABA_CLOUD_SECURITY_TOKEN");
             if (!found || *found)
                 return found;
             return from_environment(around, "OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN");
         }});
    places.push_back({"~/.aliyun/config.json", [around, &http]() { return from_config(http, around); }});
    places.push_back({"~/.ossutilconfig", [around]() { return from_ossutil(around); }});
    if (!around.on("ALIBABA_CLOUD_ECS_METADATA_DISABLED"))
        places.push_back({"the instance's RAM role", [around, &http]() {
                              return from_instance_role(http, metadata_of(around),
                                                        around.get("ALIBABA_CLOUD_ECS_METADATA"));
                          }});
    return first_of("Alibaba Cloud", std::move(places),
                    "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run \"aliyun configure\"");
}

std::unique_ptr<CredentialSource> alibaba_credentials(HttpTransport &http)
{
    forbid_core_dumps();
    return alibaba_credentials(http, surroundings_of_process("http://100.100.100.200", "https://sts.aliyuncs.com"));
}

}  // namespace imgport
