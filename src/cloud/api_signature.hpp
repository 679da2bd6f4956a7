// The signatures of calls to Alibaba Cloud's APIs. Pure functions: date and nonce are arguments.
#pragma once

#include <chrono>
#include <string>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"

namespace imgport {

enum class ApiSignature { acs3, rpc_v1 };

// One call of an RPC-style API.
struct ApiCall {
    std::string host;             // with the port where it is not the scheme's own
    std::string action;           // "ImportImage"
    std::string version;          // "2014-05-26"
    NamedValues parameters = {};  // not encoded; one without a value is not sent
};

// A complete request; POST with the parameters in the query and an empty body. ACS3-HMAC-SHA256 in the headers, or RPC
// version 1 (HMAC-SHA1) in the query: "Request syntax and signature method" V3 and V2 of Alibaba Cloud's SDK reference.
HttpRequest sign_call(const ApiCall &call, const std::string &scheme, const Credentials &who, ApiSignature signature,
                      const std::string &nonce, std::chrono::system_clock::time_point when);

}  // namespace imgport
