#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace imgport {
namespace {

// The length of the valid UTF-8 sequence at the start of `text` and its code point; length 0 where it is broken.
// RFC 3629, section 4.
struct CodePoint {
    std::size_t length = 0;
    std::uint32_t value = 0;
};

CodePoint decode_utf8(std::string_view text)
{
    auto const byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    std::uint8_t const lead = byte(0);
    if (lead < 0x80)
        return {1, lead};
    std::size_t const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length)
        return {};
    std::uint32_t value = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return {};
        value = value << 6 | (byte(i) & 0x3fU);
    }
    constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return {};
    return {length, value};
}

// Control characters, the marks that reorder or hide text (soft hyphen, tags and variation selectors too), and what is
// no character at all (XML has no way to write U+FFFE).
bool is_unsafe(std::uint32_t c)
{
    if (c == 0xad || c == 0x180e || (c >= 0xe0000 && c <= 0xe0fff) || (c & 0xfffe) == 0xfffe)
        return true;
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x061c || (c >= 0xfff9 && c <= 0xfffb);
}

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit)
{
    std::string out;
    out.reserve(std::min(text.size(), limit));
    while (!text.empty()) {
        if (out.size() >= limit)
            return out + "…";
        CodePoint const point = decode_utf8(text);
        if (point.length == 0) {
            out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(text[0]));
            text.remove_prefix(1);
            continue;
        }
        if (!is_unsafe(point.value))
            out += text.substr(0, point.length);
        else if (point.value < 0x100)
            out += fmt::format("\\x{:02x}", point.value);
        else
            out += fmt::format("\\u{{{:04x}}}", point.value);
        text.remove_prefix(point.length);
    }
    return out;
}

std::string_view trim(std::string_view text)
{
    constexpr std::string_view blank = " \t\r\n\v\f";
    auto const first = text.find_first_not_of(blank);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator)
{
    std::vector<std::string> pieces;
    for (;;) {
        auto const end = text.find(separator);
        pieces.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return pieces;
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string> split_blanks(std::string_view text)
{
    std::vector<std::string> pieces;
    for (;;) {
        auto const first = text.find_first_not_of(" \t\r\n");
        if (first == std::string_view::npos)
            return pieces;
        text.remove_prefix(first);
        auto const end = std::min(text.find_first_of(" \t\r\n"), text.size());
        pieces.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

std::vector<std::string_view> lines_of(std::string_view text)
{
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        auto const end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        lines.push_back(line);
        if (end == std::string_view::npos)
            break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

std::string join(const std::vector<std::string> &pieces, std::string_view separator)
{
    return fmt::format("{}", fmt::join(pieces, separator));
}

std::string to_lower(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

std::string to_upper(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return out;
}

std::optional<std::uint64_t> parse_number(std::string_view text)
{
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return number;
}

std::optional<std::u32string> code_points(std::string_view text)
{
    std::u32string points;
    while (!text.empty()) {
        CodePoint const point = decode_utf8(text);
        if (point.length == 0)
            return std::nullopt;
        points += static_cast<char32_t>(point.value);
        text.remove_prefix(point.length);
    }
    return points;
}

std::string human_size(std::uint64_t bytes)
{
    constexpr std::array<const char *, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024)
        return fmt::format("{} bytes", bytes);
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    value /= 1024;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    std::string number = fmt::format("{:.2f}", value);
    while (number.ends_with('0'))
        number.pop_back();
    if (number.ends_with('.'))
        number.pop_back();
    return fmt::format("{} {}", number, units[unit]);
}

std::string nearest(std::string_view word, const std::vector<std::string> &candidates)
{
    std::string best;
    // A third of the word may be wrong, two letters at the least.
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (auto const &candidate : candidates) {
        std::size_t const distance = edit_distance(word.substr(0, 100), candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string without_slash(std::string_view path)
{
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    return std::string(path);
}

std::string base_name(std::string_view path)
{
    std::string whole = without_slash(path);
    auto const slash = whole.rfind('/');
    return slash == std::string::npos ? whole : whole.substr(slash + 1);
}

std::string dir_name(std::string_view path)
{
    auto const slash = path.rfind('/');
    if (slash == std::string_view::npos)
        return ".";
    return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

}  // namespace imgport
