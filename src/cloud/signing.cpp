#include "cloud/signing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/digest.hpp"
#include "support/text.hpp"
#include "support/time_text.hpp"

namespace imgport {
namespace {

std::string compact_date(Moment when)
{
    return compact_time(when).substr(0, 8);
}

}  // namespace

std::string compact_time(Moment when)
{
    std::string text = iso_time(when);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

void set_header(NamedValues &headers, const std::string &name, std::string value)
{
    std::erase_if(headers, [lower = to_lower(name)](auto const &header) { return to_lower(header.first) == lower; });
    headers.emplace_back(name, std::move(value));
}

std::string canonical_query(const NamedValues &query, EmptyValue empty)
{
    NamedValues encoded;
    for (auto const &[name, value] : query)
        encoded.emplace_back(percent_encoded(name), percent_encoded(value));
    std::ranges::sort(encoded);
    std::string text;
    for (auto const &[name, value] : encoded) {
        if (!text.empty())
            text += '&';
        text += name;
        if (!value.empty() || empty == EmptyValue::with_equals)
            text += '=' + value;
    }
    return text;
}

std::map<std::string, std::string> canonical_headers(const NamedValues &headers)
{
    std::map<std::string, std::string> by_name;
    for (auto const &[name, value] : headers) {
        auto const [place, is_new] = by_name.try_emplace(to_lower(name), trim(value));
        if (!is_new)
            place->second += ',' + std::string(trim(value));
    }
    return by_name;
}

std::string header_lines(const std::map<std::string, std::string> &headers)
{
    std::string lines;
    for (auto const &[name, value] : headers)
        lines += fmt::format("{}:{}\n", name, value);
    return lines;
}

std::string header_names(const std::map<std::string, std::string> &headers)
{
    std::string names;
    for (auto const &[name, value] : headers)
        names += (names.empty() ? "" : ";") + name;
    return names;
}

std::string sha256_hex(std::string_view text)
{
    return hex_digest("SHA256", bytes_of(text));
}

std::string credential_scope(const ScopedScheme &scheme, const std::string &region, Moment when)
{
    return fmt::format("{}/{}/{}/{}", compact_date(when), region, scheme.service, scheme.ending);
}

std::string scoped_signature(const ScopedScheme &scheme, const std::string &secret, const std::string &region,
                             Moment when, const std::string &canonical_request)
{
    std::string const to_sign = fmt::format("{}\n{}\n{}\n{}", scheme.algorithm, compact_time(when),
                                            credential_scope(scheme, region, when), sha256_hex(canonical_request));
    std::string const date = compact_date(when);
    std::string const start = std::string(scheme.key_prefix) + secret;
    auto key = hmac("SHA256", bytes_of(start), bytes_of(date));
    for (std::string_view const step : {std::string_view(region), scheme.service, scheme.ending})
        key = hmac("SHA256", key, bytes_of(step));
    return to_hex(hmac("SHA256", key, bytes_of(to_sign)));
}

}  // namespace imgport
