// Strings out of an image in documents of other languages. Each goes through printable() first: valid UTF-8, no control
// character, no mark that reorders or hides text, cut at a sane length.
#pragma once

#include <string>
#include <string_view>

namespace imgport {

// How much of one string a report shows.
inline constexpr std::size_t shown_length = 600;

// Text and attribute values of HTML and XML.
std::string html_text(std::string_view text, std::size_t limit = shown_length);

// Text of GitHub-flavoured Markdown: no markup, no link, no mention, no HTML, no end of a table's cell.
std::string markdown_text(std::string_view text, std::size_t limit = shown_length);
// The same as <code>.
std::string markdown_code(std::string_view text, std::size_t limit = shown_length);

// A path as a relative URI reference (RFC 3986): the bytes that are not unreserved are percent-encoded, '/' stays.
std::string uri_of_path(std::string_view path);

}  // namespace imgport
