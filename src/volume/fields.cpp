#include "volume/fields.hpp"

#include <array>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {

std::string uuid_text(Bytes sixteen)
{
    std::string out;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out += '-';
        out += fmt::format("{:02x}", static_cast<unsigned>(sixteen[i]));
    }
    return out;
}

std::string guid_text(Bytes sixteen)
{
    constexpr std::array<std::size_t, 16> order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    std::array<std::byte, 16> turned{};
    for (std::size_t i = 0; i < 16; ++i)
        turned[i] = sixteen[order[i]];
    return to_upper(uuid_text(turned));
}

std::string label_text(Bytes bytes)
{
    std::string_view text = text_of(bytes);
    text = text.substr(0, text.find('\0'));
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return std::string(text);
}

}  // namespace imgport
