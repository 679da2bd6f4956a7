// Temporary keys of a role that another key may take on: Alibaba Cloud's AssumeRole (STS, version 2015-04-01).
#pragma once

#include <cstdint>
#include <string>

#include "cloud/credential_places.hpp"

namespace imgport {

struct RoleToAssume {
    std::string service;       // "https://sts.aliyuncs.com"
    std::string arn;           // "acs:ram::ACCOUNT:role/NAME"
    std::string session = {};  // shown in the cloud's logs
    std::string external_id = {};
    std::uint64_t seconds = 3600;
    std::string origin = {};  // where all this stands
};

MaybeCredentials assume_role(HttpTransport &http, const RoleToAssume &role, const Credentials &who);

}  // namespace imgport
