// sign_request: requests in, a JSON object a line, and out as they would be sent, a JSON object a line. For comparing
// our signatures with those of other libraries (tests/e2e/signatures.sh).
#include <iostream>

#include <nlohmann/json.hpp>

#include "cloud/api_signature.hpp"
#include "cloud/object_signature.hpp"

using namespace imgport;
using Json = nlohmann::json;

namespace {

using Moment = std::chrono::system_clock::time_point;

Json signed_object_request(const Json &asked, const std::string &scheme, const Credentials &who, Moment when)
{
    ObjectRequest request{.method = asked.at("method"),
                          .host = asked.value("host", ""),
                          .bucket = asked.at("bucket"),
                          .key = asked.at("key"),
                          .bucket_in_path = asked.value("in_path", false),
                          .query = asked.at("query").get<NamedValues>(),
                          .headers = asked.at("headers").get<NamedValues>()};
    std::string const region = asked.value("region", "");
    if (scheme == "oss-v1")
        sign_oss_v1(request, who, when);
    else if (scheme == "oss-v4")
        sign_oss_v4(request, who, region, when);
    else
        sign_aws_v4(request, who, region, asked.at("payload"), when);
    return {{"target", request_target(request)}, {"headers", request.headers}};
}

Json signed_call(const Json &asked, const std::string &scheme, const Credentials &who, Moment when)
{
    ApiCall const call{.host = asked.at("host"),
                       .action = asked.at("action"),
                       .version = asked.at("version"),
                       .parameters = asked.at("parameters").get<NamedValues>()};
    auto const request = sign_call(call, "https", who, scheme == "acs3" ? ApiSignature::acs3 : ApiSignature::rpc_v1,
                                   asked.at("nonce"), when);
    return {{"method", request.method}, {"url", request.url}, {"headers", request.headers}, {"body", request.text}};
}

Json signed_request(const Json &asked)
{
    std::string const scheme = asked.at("scheme");
    Credentials const who{.id = asked.at("id"), .secret = asked.at("secret"), .token = asked.value("token", "")};
    auto const when = std::chrono::system_clock::from_time_t(asked.at("time").get<std::time_t>());
    bool const is_call = scheme == "acs3" || scheme == "rpc-v1";
    return is_call ? signed_call(asked, scheme, who, when) : signed_object_request(asked, scheme, who, when);
}

}  // namespace

int main()
{
    try {
        for (std::string line; std::getline(std::cin, line);)
            std::cout << signed_request(Json::parse(line)).dump() << '\n';
        return 0;
    } catch (const std::exception &error) {
        std::cerr << "sign_request: " << error.what() << '\n';
        return 2;
    }
}
