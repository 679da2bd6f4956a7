// The signatures of requests to object stores. Pure functions: the date is an argument, nothing is looked up.
#pragma once

#include <chrono>
#include <string>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"

namespace imgport {

// A request as the signatures see it; nothing in it is encoded yet.
struct ObjectRequest {
    std::string method;
    std::string host;             // with the port where it is not the scheme's own
    std::string bucket;           // empty: the service itself
    std::string key = {};         // empty: the bucket itself
    bool bucket_in_path = false;  // path style: /BUCKET/KEY; else the bucket is part of the host
    NamedValues query = {};       // names and values as they are meant; an empty value is sent as the name alone
    NamedValues headers = {};
};

// The path and query of the request's URL, percent-encoded.
std::string request_target(const ObjectRequest &request);

// Each adds what it signs with (date, token, payload hash) and Authorization to the headers. A second call signs anew:
// what the first one added is replaced.

// OSS, version 1 (HMAC-SHA1) and version 4 (OSS4-HMAC-SHA256, payload unsigned): "Include signatures in the
// Authorization header" of OSS's developer reference. `region` without "oss-": "cn-hangzhou". Version 1 takes the date
// from a header x-oss-date where the request has one, as the server does.
void sign_oss_v1(ObjectRequest &request, const Credentials &who, std::chrono::system_clock::time_point when);
void sign_oss_v4(ObjectRequest &request, const Credentials &who, const std::string &region,
                 std::chrono::system_clock::time_point when);

// AWS Signature Version 4 for S3, single chunk. `payload_hash`: hex SHA-256 of the body, or "UNSIGNED-PAYLOAD".
void sign_aws_v4(ObjectRequest &request, const Credentials &who, const std::string &region,
                 const std::string &payload_hash, std::chrono::system_clock::time_point when);

}  // namespace imgport
