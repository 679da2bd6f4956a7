#include "cloud/api_signature.hpp"

#include <fmt/format.h>

#include "cloud/signing.hpp"
#include "support/digest.hpp"
#include "support/time_text.hpp"

namespace imgport {
namespace {

HttpRequest request_for(const ApiCall &call, const std::string &scheme, const NamedValues &parameters)
{
    HttpRequest request{.method = "POST", .url = fmt::format("{}://{}/", scheme, call.host)};
    if (!parameters.empty())
        request.url += '?' + canonical_query(parameters, EmptyValue::with_equals);
    request.headers = {{"Accept", "application/json"}};
    return request;
}

HttpRequest sign_acs3(const ApiCall &call, const std::string &scheme, const NamedValues &parameters,
                      const Credentials &who, const std::string &nonce, Moment when)
{
    constexpr const char *algorithm = "ACS3-HMAC-SHA256";
    std::string const payload_hash = sha256_hex("");
    HttpRequest request = request_for(call, scheme, parameters);
    NamedValues own{{"x-acs-action", call.action},
                    {"x-acs-version", call.version},
                    {"x-acs-date", iso_time(when)},
                    {"x-acs-signature-nonce", nonce},
                    {"x-acs-content-sha256", payload_hash}};
    if (!who.token.empty())
        own.emplace_back("x-acs-security-token", who.token);
    request.headers.insert(request.headers.end(), own.begin(), own.end());

    own.emplace_back("host", call.host);
    auto const headers = canonical_headers(own);
    std::string const canonical =
        fmt::format("{}\n/\n{}\n{}\n{}\n{}", request.method, canonical_query(parameters, EmptyValue::with_equals),
                    header_lines(headers), header_names(headers), payload_hash);
    std::string const to_sign = fmt::format("{}\n{}", algorithm, sha256_hex(canonical));
    request.headers.emplace_back("Authorization",
                                 fmt::format("{} Credential={},SignedHeaders={},Signature={}", algorithm, who.id,
                                             header_names(headers),
                                             to_hex(hmac("SHA256", bytes_of(who.secret), bytes_of(to_sign)))));
    return request;
}

HttpRequest sign_rpc_v1(const ApiCall &call, const std::string &scheme, NamedValues parameters, const Credentials &who,
                        const std::string &nonce, Moment when)
{
    NamedValues const own{{"AccessKeyId", who.id},          {"Action", call.action},   {"Format", "JSON"},
                          {"SignatureMethod", "HMAC-SHA1"}, {"SignatureNonce", nonce}, {"SignatureVersion", "1.0"},
                          {"Timestamp", iso_time(when)},    {"Version", call.version}};
    parameters.insert(parameters.end(), own.begin(), own.end());
    if (!who.token.empty())
        parameters.emplace_back("SecurityToken", who.token);
    HttpRequest request = request_for(call, scheme, parameters);
    std::string const to_sign = fmt::format("{}&{}&{}", request.method, percent_encoded("/"),
                                            percent_encoded(canonical_query(parameters, EmptyValue::with_equals)));
    std::string const key = who.secret + '&';
    std::string const signature = to_base64(hmac("SHA1", bytes_of(key), bytes_of(to_sign)));
    request.url += "&Signature=" + percent_encoded(signature);
    return request;
}

}  // namespace

HttpRequest sign_call(const ApiCall &call, const std::string &scheme, const Credentials &who, ApiSignature signature,
                      const std::string &nonce, std::chrono::system_clock::time_point when)
{
    // A parameter without a value is not sent: the documents sign it as "name=", the vendor's library as "name".
    NamedValues parameters = call.parameters;
    std::erase_if(parameters, [](auto const &parameter) { return parameter.second.empty(); });
    return signature == ApiSignature::acs3 ? sign_acs3(call, scheme, parameters, who, nonce, when)
                                           : sign_rpc_v1(call, scheme, parameters, who, nonce, when);
}

}  // namespace imgport
