// The small configuration files of the clouds' tools: [section] and "key = value".
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <imgport/error.hpp>

namespace imgport {

using IniSection = std::map<std::string, std::string>;  // keys in lower case
using IniFile = std::map<std::string, IniSection>;

// Comments begin a line with '#' or ';'; indented lines belong to the key above and are passed over. The error names
// `path` and the line, and quotes nothing.
Result<IniFile> parse_ini_file(std::string_view text, const std::string &path);

}  // namespace imgport
