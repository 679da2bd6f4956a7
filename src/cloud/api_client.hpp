// Calls of one of Alibaba Cloud's RPC-style APIs: signed, the reply as JSON, and what went wrong in the user's terms.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <imgport/error.hpp>

#include "cloud/api_signature.hpp"
#include "cloud/credentials.hpp"
#include "cloud/http.hpp"
#include "cloud/retry.hpp"
#include "support/json_fields.hpp"

namespace imgport {

// Where an API is spoken to. Plain http only to this machine itself (a tunnel, a test): a token would travel open.
struct ApiEndpoint {
    std::string scheme = "https";
    std::string host = {};  // with the port where it is not the scheme's own
};
// "https://HOST[:PORT]" or "HOST[:PORT]".
Result<ApiEndpoint> parse_api_endpoint(std::string_view text);

// The cloud said no, or did not answer. `error` is in the user's terms; the rest is for who decides what to do next.
struct ApiFailure {
    Error error = {};
    bool retry = false;                                  // the same call may succeed later
    std::optional<std::chrono::milliseconds> wait = {};  // the server asked for that much patience
    int status = 0;                                      // of HTTP; 0: no reply
    std::string code = {};                               // "Throttling.User"; empty: none
    std::string message = {};                            // the server's own words, made safe, without our keys
    std::string request_id = {};
};
template <class T>
using ApiResult = tl::expected<T, ApiFailure>;

// Told before each wait.
using OnApiRetry = std::function<void(const ApiFailure &failure, std::chrono::milliseconds wait)>;

class ApiClient {
public:
    // `http` and `who` must outlive the client. `product` is RAM's word for the API in permissions: "ecs".
    ApiClient(ApiEndpoint endpoint, std::string product, std::string version, ApiSignature signature,
              HttpTransport &http, CredentialSource &who);

    // One request.
    ApiResult<Json> call(const std::string &action, const NamedValues &parameters);
    // Made again, each time signed anew, while that may help.
    ApiResult<Json> call_patiently(const std::string &action, const NamedValues &parameters, const RetryPolicy &policy,
                                   const OnApiRetry &on_retry);

private:
    ApiEndpoint m_endpoint;
    std::string m_product;
    std::string m_version;
    ApiSignature m_signature;
    HttpTransport &m_http;
    CredentialSource &m_who;
};

// What a reply holds, whatever it holds: a missing key or another type is an empty answer.
std::string text_in(const Json &object, const char *key);  // a number or a bool is written out
const Json &list_in(const Json &object, const char *set,
                    const char *item);  // object[set][item], the API's kind of list
// The shape of "m-bp67acfmxazb4p****": what may be kept and sent back as a parameter.
bool is_api_id(std::string_view text);

}  // namespace imgport
