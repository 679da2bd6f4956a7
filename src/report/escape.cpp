#include "report/escape.hpp"

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string html_text(std::string_view text, std::size_t limit)
{
    std::string out;
    for (char const c : printable(text, limit)) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return out;
}

// A character reference is never markup in Markdown, and the ':' of "https:" or the '.' of "www." hidden in one makes
// no link. '@' and '#' are looked for once more in the finished page (mentions, issues), so an empty comment keeps them
// apart from what follows.
std::string markdown_text(std::string_view text, std::size_t limit)
{
    constexpr std::string_view plain = " ,;/-+()%?=";
    std::string const safe = printable(text, limit);
    std::string out;
    for (std::size_t i = 0; i < safe.size(); ++i) {
        char const c = safe[i];
        bool const of_www = c == '.' && i > 0 && (safe[i - 1] == 'w' || safe[i - 1] == 'W');
        bool const high = static_cast<unsigned char>(c) >= 0x80;
        if (high || is_alphanumeric(c) || plain.find(c) != std::string_view::npos || (c == '.' && !of_www))
            out += c;
        else
            out += fmt::format("&#{};{}", static_cast<int>(c), c == '@' || c == '#' ? "<!---->" : "");
    }
    return out;
}

std::string markdown_code(std::string_view text, std::size_t limit)
{
    return "<code>" + markdown_text(text, limit) + "</code>";
}

std::string uri_of_path(std::string_view path)
{
    std::string out;
    for (char const c : path) {
        if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '/')
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace imgport
