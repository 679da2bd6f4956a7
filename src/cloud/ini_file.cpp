#include "cloud/ini_file.hpp"

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {

Result<IniFile> parse_ini_file(std::string_view text, const std::string &path)
{
    auto const broken = [&](std::size_t line, std::string_view what) {
        return fail({ErrorCode::environment, fmt::format("line {}: {}", line, what), path});
    };
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    IniFile file;
    IniSection *section = nullptr;
    std::size_t number = 0;
    for (std::string_view const raw : lines_of(text)) {
        ++number;
        std::string_view const line = trim(raw);
        if (line.empty() || line.front() == '#' || line.front() == ';')
            continue;
        if (line.front() == '[') {
            if (line.back() != ']')
                return broken(number, "a section that does not end in ']'");
            section = &file[std::string(trim(line.substr(1, line.size() - 2)))];
            continue;
        }
        if (raw.front() == ' ' || raw.front() == '\t')
            continue;
        auto const equals = line.find('=');
        if (equals == std::string_view::npos)
            return broken(number, "neither a [section] nor \"key = value\"");
        if (section == nullptr)
            return broken(number, "a key before the first [section]");
        (*section)[to_lower(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
    }
    return file;
}

}  // namespace imgport
