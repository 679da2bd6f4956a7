#include "filesystem/fat_names.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "support/text.hpp"

namespace imgport {
namespace {

// Code page 437 from 0x80 (unicode.org, VENDORS/MICSFT/PC/CP437.TXT).
constexpr std::u16string_view code_page_437 =
    u"\u00c7\u00fc\u00e9\u00e2\u00e4\u00e0\u00e5\u00e7\u00ea\u00eb\u00e8\u00ef\u00ee\u00ec\u00c4\u00c5"
    u"\u00c9\u00e6\u00c6\u00f4\u00f6\u00f2\u00fb\u00f9\u00ff\u00d6\u00dc\u00a2\u00a3\u00a5\u20a7\u0192"
    u"\u00e1\u00ed\u00f3\u00fa\u00f1\u00d1\u00aa\u00ba\u00bf\u2310\u00ac\u00bd\u00bc\u00a1\u00ab\u00bb"
    u"\u2591\u2592\u2593\u2502\u2524\u2561\u2562\u2556\u2555\u2563\u2551\u2557\u255d\u255c\u255b\u2510"
    u"\u2514\u2534\u252c\u251c\u2500\u253c\u255e\u255f\u255a\u2554\u2569\u2566\u2560\u2550\u256c\u2567"
    u"\u2568\u2564\u2565\u2559\u2558\u2552\u2553\u256b\u256a\u2518\u250c\u2588\u2584\u258c\u2590\u2580"
    u"\u03b1\u00df\u0393\u03c0\u03a3\u03c3\u00b5\u03c4\u03a6\u0398\u03a9\u03b4\u221e\u03c6\u03b5\u2229"
    u"\u2261\u00b1\u2265\u2264\u2320\u2321\u00f7\u2248\u00b0\u2219\u00b7\u221a\u207f\u00b2\u25a0\u00a0";
static_assert(code_page_437.size() == 128);

// Of the letters above 0x80 those whose other case is in the code page as well.
constexpr std::u16string_view upper_letters = u"\u00c7\u00c4\u00c5\u00c9\u00c6\u00d6\u00dc\u00d1\u03a3\u03a6";
constexpr std::u16string_view lower_letters = u"\u00e7\u00e4\u00e5\u00e9\u00e6\u00f6\u00fc\u00f1\u03c3\u03c6";

constexpr std::uint8_t lower_base = 0x08;
constexpr std::uint8_t lower_extension = 0x10;

std::uint16_t decode(std::uint8_t c, bool lower)
{
    if (c < 0x80)
        return lower && c >= 'A' && c <= 'Z' ? static_cast<std::uint16_t>(c + 32) : c;
    char16_t const letter = code_page_437[c - 0x80U];
    auto const at = lower ? upper_letters.find(letter) : std::u16string_view::npos;
    return at == std::u16string_view::npos ? letter : lower_letters[at];
}

// Up to a NUL, trailing blanks left out.
void append_part(std::vector<std::uint16_t> &out, std::span<const std::uint8_t> part, bool lower)
{
    std::size_t used = 0;
    for (std::size_t i = 0; i < part.size() && part[i] != 0; ++i)
        used = part[i] != ' ' ? i + 1 : used;
    for (std::uint8_t const c : part.first(used))
        out.push_back(decode(c, lower));
}

void append_utf8(std::string &out, char32_t c)
{
    auto const byte = [&out](char32_t value) { out += static_cast<char>(value); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xc0 | c >> 6);
        byte(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        byte(0xe0 | c >> 12);
        byte(0x80 | (c >> 6 & 0x3f));
        byte(0x80 | (c & 0x3f));
    } else {
        byte(0xf0 | c >> 18);
        byte(0x80 | (c >> 12 & 0x3f));
        byte(0x80 | (c >> 6 & 0x3f));
        byte(0x80 | (c & 0x3f));
    }
}

}  // namespace

std::string fat_short_name(Bytes entry)
{
    std::array<std::uint8_t, 11> raw{};
    for (std::size_t i = 0; i < raw.size(); ++i)
        raw[i] = load_le<std::uint8_t>(entry, i);
    // 0xe5 as the first byte would say that the entry is free.
    if (raw[0] == 0x05)
        raw[0] = 0xe5;
    auto const flags = load_le<std::uint8_t>(entry, 12);
    std::vector<std::uint16_t> base;
    std::vector<std::uint16_t> extension;
    append_part(base, std::span(raw).first(8), (flags & lower_base) != 0);
    append_part(extension, std::span(raw).subspan(8), (flags & lower_extension) != 0);
    if (!extension.empty()) {
        base.push_back('.');
        base.insert(base.end(), extension.begin(), extension.end());
    }
    return fat_long_name(base);
}

std::uint8_t fat_name_sum(Bytes entry)
{
    unsigned sum = 0;
    for (std::byte const c : entry.first(11))
        sum = ((sum & 1) << 7 | (sum & 0xff) >> 1) + static_cast<std::uint8_t>(c);
    return static_cast<std::uint8_t>(sum);
}

std::string fat_long_name(std::span<const std::uint16_t> text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size() && text[i] != 0; ++i) {
        char32_t c = text[i];
        if (c >= 0xd800 && c < 0xe000) {
            bool const pair = c < 0xdc00 && i + 1 < text.size() && text[i + 1] >= 0xdc00 && text[i + 1] < 0xe000;
            if (!pair)
                continue;
            c = 0x10000 + ((c - 0xd800) << 10) + (text[++i] - 0xdc00U);
        }
        append_utf8(out, c);
    }
    return out;
}

bool fat_names_equal(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && to_lower(a) == to_lower(b);
}

}  // namespace imgport
