// How text for a terminal looks.
#pragma once

#include <string>
#include <string_view>

#include <imgport/report.hpp>

namespace imgport {

enum class Style { plain, bold, dim, red, yellow, green, cyan };

// The text in that style, or as it is without colour.
std::string styled(std::string_view text, Style style, Color color);

// Folded at blanks so that no line is longer than `width`, every line but the first indented.
std::string folded(std::string_view text, std::size_t indent, std::size_t width = 100);

Style style_of(Severity severity);
Style style_of(Verdict verdict);

// "QCOW2 v3, 8 GiB disk, 312 MiB file, in xz"
std::string describe_image(const ImageFacts &image);

}  // namespace imgport
