#include "report/style.hpp"

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {

std::string styled(std::string_view text, Style style, Color color)
{
    if (color == Color::no || style == Style::plain)
        return std::string(text);
    const char *code = "";
    switch (style) {
    case Style::plain: break;
    case Style::bold: code = "1"; break;
    case Style::dim: code = "2"; break;
    case Style::red: code = "1;31"; break;
    case Style::yellow: code = "33"; break;
    case Style::green: code = "32"; break;
    case Style::cyan: code = "36"; break;
    }
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string folded(std::string_view text, std::size_t indent, std::size_t width)
{
    std::string out;
    std::size_t column = indent;
    for (auto const &word : split_blanks(text)) {
        if (column > indent && column + 1 + word.size() > width) {
            out += "\n" + std::string(indent, ' ');
            column = indent;
        } else if (column > indent) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out;
}

Style style_of(Severity severity)
{
    switch (severity) {
    case Severity::fail:
    case Severity::unreachable: return Style::red;
    case Severity::feature: return Style::yellow;
    case Severity::recommendation: return Style::cyan;
    }
    return Style::plain;
}

Style style_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::pass: return Style::green;
    case Verdict::incomplete: return Style::yellow;
    case Verdict::fail:
    case Verdict::refused:
    case Verdict::error: return Style::red;
    }
    return Style::plain;
}

std::string describe_image(const ImageFacts &image)
{
    std::string out = to_upper(to_string(image.format));
    if (!image.variant.empty())
        out += " " + printable(image.variant);
    if (image.virtual_size)
        out += fmt::format(", {} disk", human_size(*image.virtual_size));
    out += fmt::format(", {} file", human_size(image.file_size));
    if (!image.wrapped_in.empty())
        out += ", in " + join(image.wrapped_in, " in ");
    if (image.member)
        out += fmt::format(" ({})", printable(*image.member));
    return out;
}

}  // namespace imgport
