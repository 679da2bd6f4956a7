// What any of the cloud's APIs answers when it says no, in the user's terms.
#pragma once

#include <string>

#include "cloud/api_client.hpp"

namespace imgport {

// What a message may name.
struct ApiCallContext {
    std::string host;
    std::string permission;   // "ecs:ImportImage"
    std::string key_origin;   // "the environment"
    std::string server_time;  // the reply's Date; empty: none
    bool temporary = false;   // the key is one of STS
};

// The same call, signed anew, may well be taken later.
bool may_succeed_later(const ApiFailure &failure);

// Of `code`, `message`, `status` and `request_id`. A code that is not common to all APIs is handed on in the server's
// words.
Error describe_api_failure(const ApiFailure &failure, const ApiCallContext &context);

// " (Throttling.User: Request was denied due to user flow control.; request 4AB9...)"
std::string quote(const ApiFailure &failure);

}  // namespace imgport
