// Temporary keys of the role that a cloud gave to the machine we run on, from its metadata service.
#pragma once

#include <string>

#include "cloud/credential_places.hpp"

namespace imgport {

// How one cloud's service is asked: a token first, then the role's name, then its keys.
struct MetadataService {
    std::string base;          // "http://100.100.100.200"
    std::string token_header;  // what carries the token: "X-aliyun-ecs-metadata-token"
    std::string ttl_header;    // what asks for one for so many seconds
    std::string roles_path;    // with a slash at its end
    std::string secret_key;    // the JSON's names that differ
    std::string token_key;
    bool without_token = false;  // whether it may be asked without a token where it gives none
};

// nullopt where there is no such service or the machine has no role. `role` empty: the one that the service names.
MaybeCredentials from_instance_role(HttpTransport &http, const MetadataService &service, const std::string &role);

}  // namespace imgport
