// What the signatures of the clouds have in common.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/http.hpp"

namespace imgport {

using Moment = std::chrono::system_clock::time_point;

std::string compact_time(Moment when);  // "20260101T000000Z"

// In place of what is there under that name, whatever its case.
void set_header(NamedValues &headers, const std::string &name, std::string value);

enum class EmptyValue { bare, with_equals };  // "uploads" or "uploads="

// Percent-encoded, sorted by encoded name, then by value.
std::string canonical_query(const NamedValues &query, EmptyValue empty);

// By name in lower case; the values without blanks at their ends, several of one name joined by a comma.
std::map<std::string, std::string> canonical_headers(const NamedValues &headers);

// "name:value\n" of each.
std::string header_lines(const std::map<std::string, std::string> &headers);
// "name;name".
std::string header_names(const std::map<std::string, std::string> &headers);

std::string sha256_hex(std::string_view text);

// The way that OSS's version 4 took over from AWS's: a key made for a day, a region and a service signs the digest of
// the request in one fixed form.
struct ScopedScheme {
    std::string_view algorithm;   // "AWS4-HMAC-SHA256"
    std::string_view key_prefix;  // put before the secret
    std::string_view service;     // "s3"
    std::string_view ending;      // "aws4_request"
};
// "20260101/us-east-1/s3/aws4_request"
std::string credential_scope(const ScopedScheme &scheme, const std::string &region, Moment when);
// In hex.
std::string scoped_signature(const ScopedScheme &scheme, const std::string &secret, const std::string &region,
                             Moment when, const std::string &canonical_request);

}  // namespace imgport
