#include <imgport/disk_size.hpp>

#include <algorithm>

#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    constexpr std::string_view units = "kmgtpe";
    auto const digits = std::min(text.find_first_not_of("0123456789"), text.size());
    auto const number = parse_number(text.substr(0, digits));
    if (!number)
        return std::nullopt;
    std::string const unit = to_lower(trim(text.substr(digits)));
    if (unit.empty() || unit == "b")
        return number;
    auto const power = units.find(unit.front());
    auto const rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "i" && rest != "ib"))
        return std::nullopt;
    return checked_mul(*number, std::uint64_t{1} << (10 * (power + 1)));
}

std::optional<std::uint64_t> WantedSize::for_disk_of(std::uint64_t now) const
{
    if (!more)
        return bytes;
    auto const sectors = round_up(now, 512);
    return sectors ? checked_add(*sectors, bytes) : std::nullopt;
}

std::optional<WantedSize> parse_wanted_size(std::string_view text)
{
    bool const more = text.starts_with('+');
    auto const bytes = parse_size(more ? text.substr(1) : text);
    return bytes ? std::optional(WantedSize{*bytes, more}) : std::nullopt;
}

}  // namespace imgport
