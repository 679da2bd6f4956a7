// Text that comes from images or users: made safe to show, taken apart, compared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/spelling.hpp>

namespace imgport {

// Safe for a terminal and for a JSON string: valid UTF-8, control characters (C0, DEL, C1), bidirectional marks and
// broken sequences written as \xNN or \u{NNNN}, cut at `limit` bytes with an ellipsis. '\n' and '\t' are escaped too.
std::string printable(std::string_view text, std::size_t limit = 4096);

std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
// At runs of blanks and tabs; nothing is quoted. No empty pieces.
std::vector<std::string> split_blanks(std::string_view text);
// Without line ends; "\r\n" counts as one.
std::vector<std::string_view> lines_of(std::string_view text);
std::string join(const std::vector<std::string> &pieces, std::string_view separator);
std::string to_lower(std::string_view text);  // ASCII only
std::string to_upper(std::string_view text);  // ASCII only
// The whole of `text` as a decimal number.
std::optional<std::uint64_t> parse_number(std::string_view text);

// The code points of valid UTF-8 (RFC 3629); nullopt where it is broken.
std::optional<std::u32string> code_points(std::string_view text);

// "5 GiB", "1.5 GiB", "512 bytes".
std::string human_size(std::uint64_t bytes);

// A path without slashes at its end, but for the root's.
std::string without_slash(std::string_view path);
// The last component of a path.
std::string base_name(std::string_view path);
// All but the last component; "." where there is none.
std::string dir_name(std::string_view path);

}  // namespace imgport
