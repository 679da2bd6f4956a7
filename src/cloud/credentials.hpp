// Who we are to a cloud. Keys come from the environment, the cloud's own configuration files or an instance's role,
// never from a command line; nothing here prints one.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <imgport/error.hpp>

#include "cloud/http.hpp"

namespace imgport {

struct Credentials {
    std::string id;  // the access key's id; no secret, and still not shown
    std::string secret;
    std::string token = {};  // of temporary credentials (STS); empty: none
    std::optional<std::chrono::system_clock::time_point> expires = {};
    std::string origin = {};  // where they come from, for messages: "the environment", "~/.aws/credentials [default]"
};

// Safe for several threads at once. Temporary credentials are fetched anew before they expire.
class CredentialSource {
public:
    CredentialSource() = default;
    CredentialSource(const CredentialSource &) = delete;
    CredentialSource &operator=(const CredentialSource &) = delete;
    virtual ~CredentialSource() = default;

    virtual Result<Credentials> get() = 0;
};

// Each looks in its places in order and takes the first that has any; where none has, get() is an error (code usage)
// that lists the places. `http` must outlive the source. From here on this process leaves no core dump.
//  Alibaba Cloud: ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET (and _SECURITY_TOKEN), OSS_ACCESS_KEY_ID and _SECRET (and
//  OSS_SESSION_TOKEN), ~/.aliyun/config.json, ~/.ossutilconfig, the instance's RAM role (100.100.100.200).
std::unique_ptr<CredentialSource> alibaba_credentials(HttpTransport &http);
//  AWS: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), ~/.aws/credentials and ~/.aws/config with
//  AWS_PROFILE, the instance's role by IMDSv2 (169.254.169.254), unless AWS_EC2_METADATA_DISABLED is true.
std::unique_ptr<CredentialSource> aws_credentials(HttpTransport &http);

}  // namespace imgport
