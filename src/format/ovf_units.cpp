#include "format/ovf_units.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

std::optional<std::uint64_t> factor(std::string_view text)
{
    auto const caret = text.find('^');
    auto const base = parse_number(trim(text.substr(0, caret)));
    if (!base || caret == std::string_view::npos)
        return base;
    auto const exponent = parse_number(trim(text.substr(caret + 1)));
    constexpr std::uint64_t largest_exponent = 64;
    if (!exponent || *exponent > largest_exponent)
        return std::nullopt;
    std::optional<std::uint64_t> product = 1;
    for (std::uint64_t i = 0; i < *exponent && product; ++i)
        product = checked_mul(*product, *base);
    return product;
}

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

std::optional<std::uint64_t> bytes_per_unit(std::string_view units)
{
    constexpr std::array<std::pair<std::string_view, unsigned>, 10> words{{{"byte", 0},
                                                                           {"bytes", 0},
                                                                           {"kilobyte", 10},
                                                                           {"kilobytes", 10},
                                                                           {"megabyte", 20},
                                                                           {"megabytes", 20},
                                                                           {"gigabyte", 30},
                                                                           {"gigabytes", 30},
                                                                           {"terabyte", 40},
                                                                           {"terabytes", 40}}};
    auto const pieces = split(units, '*');
    std::string const word = to_lower(trim(pieces.front()));
    auto const found = std::find_if(words.begin(), words.end(), [&](auto const &entry) { return entry.first == word; });
    if (found == words.end())
        return std::nullopt;
    std::optional<std::uint64_t> product = std::uint64_t{1} << found->second;
    for (std::size_t i = 1; i < pieces.size() && product; ++i) {
        auto const more = factor(trim(pieces[i]));
        product = more ? checked_mul(*product, *more) : std::nullopt;
    }
    return product;
}

std::string decode_href(std::string_view href)
{
    std::string name;
    for (std::size_t i = 0; i < href.size(); ++i) {
        int const high = href[i] == '%' && i + 2 < href.size() ? hex_value(href[i + 1]) : -1;
        int const low = high >= 0 ? hex_value(href[i + 2]) : -1;
        if (low < 0) {
            name += href[i];
            continue;
        }
        name += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return name;
}

bool is_inside_package(std::string_view href)
{
    return href.find("://") == std::string_view::npos && !href.starts_with('/') &&
           !to_lower(href.substr(0, 5)).starts_with("file:");
}

}  // namespace imgport
