#include "guest/guest_text.hpp"

#include <algorithm>

#include "support/text.hpp"

namespace imgport {
namespace {

bool is_name(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

// The first word of a shell line, with quotes and backslashes taken off.
std::string unquote(std::string_view text)
{
    std::string out;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (quote == '\'') {
            if (c == '\'')
                quote = 0;
            else
                out += c;
        } else if (c == '\\' && i + 1 < text.size()) {
            // Inside double quotes a backslash is special before these only (POSIX shell, 2.2.3).
            if (quote == '"' && std::string_view("$`\"\\").find(text[i + 1]) == std::string_view::npos)
                out += c;
            out += text[++i];
        } else if (quote == '"') {
            if (c == '"')
                quote = 0;
            else
                out += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == ' ' || c == '\t' || c == ';') {
            break;
        } else {
            out += c;
        }
    }
    return out;
}

// Matches one "[...]" at the front of `pattern`; returns its length, 0 where it is not closed.
std::size_t match_set(std::string_view pattern, char c, bool &matched)
{
    std::size_t i = 1;
    bool const negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
    if (negated)
        ++i;
    bool found = false;
    for (std::size_t const first = i; i < pattern.size(); ++i) {
        if (pattern[i] == ']' && i > first) {
            matched = found != negated;
            return i + 1;
        }
        if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
            found = found || (pattern[i] <= c && c <= pattern[i + 2]);
            i += 2;
        } else {
            found = found || pattern[i] == c;
        }
    }
    return 0;
}

}  // namespace

Assignments shell_assignments(std::string_view text)
{
    Assignments assignments;
    std::uint64_t number = 0;
    for (auto line : lines_of(text)) {
        ++number;
        line = trim(line);
        if (line.starts_with("export "))
            line = trim(line.substr(7));
        auto const equals = line.find('=');
        if (equals == std::string_view::npos || !is_name(line.substr(0, equals)))
            continue;
        assignments[std::string(line.substr(0, equals))] = {unquote(line.substr(equals + 1)), number};
    }
    return assignments;
}

std::string value_of(const Assignments &assignments, std::string_view key)
{
    auto const found = assignments.find(key);
    return found == assignments.end() ? std::string() : found->second.value;
}

std::optional<std::string> IniSection::value(std::string_view key) const
{
    auto const found = std::find_if(entries.rbegin(), entries.rend(), [&](auto &e) { return e.key == key; });
    if (found == entries.rend())
        return std::nullopt;
    return found->value;
}

std::vector<IniSection> parse_ini(std::string_view text)
{
    std::vector<IniSection> sections;
    std::uint64_t number = 0;
    for (auto line : lines_of(text)) {
        ++number;
        line = trim(line);
        if (line.empty() || line.front() == '#' || line.front() == ';')
            continue;
        if (line.front() == '[' && line.back() == ']') {
            sections.push_back({std::string(line.substr(1, line.size() - 2))});
            continue;
        }
        auto const equals = line.find('=');
        if (equals == std::string_view::npos || sections.empty())
            continue;
        sections.back().entries.push_back(
            {std::string(trim(line.substr(0, equals))), std::string(trim(line.substr(equals + 1))), number});
    }
    return sections;
}

bool means_yes(std::string_view text)
{
    std::string const word = to_lower(text);
    return word == "yes" || word == "true" || word == "on" || word == "1" || word == "y";
}

bool means_no(std::string_view text)
{
    std::string const word = to_lower(text);
    return word == "no" || word == "false" || word == "off" || word == "0" || word == "n";
}

bool has_active_line(std::string_view text)
{
    auto const lines = lines_of(text);
    return std::any_of(lines.begin(), lines.end(), [](std::string_view line) {
        line = trim(line);
        return !line.empty() && line.front() != '#';
    });
}

bool glob_match(std::string_view pattern, std::string_view text)
{
    std::size_t p = 0;
    std::size_t t = 0;
    // Where to go on after the last '*': it takes one more character each time.
    std::size_t star = std::string_view::npos;
    std::size_t star_text = 0;
    while (t < text.size()) {
        std::size_t step = 0;
        bool matched = false;
        if (p < pattern.size()) {
            if (pattern[p] == '*') {
                star = p++;
                star_text = t;
                continue;
            }
            if (pattern[p] == '[')
                step = match_set(pattern.substr(p), text[t], matched);
            if (step == 0) {
                step = 1;
                matched = pattern[p] == '?' || pattern[p] == text[t];
            }
        }
        if (matched) {
            p += step;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

std::vector<std::string> expand_glob(GuestFiles &files, std::string_view pattern)
{
    if (pattern.find_first_of("*?[") == std::string_view::npos) {
        if (!files.exists(pattern))
            return {};
        return {std::string(pattern)};
    }
    auto const slash = pattern.rfind('/');
    if (slash == std::string_view::npos || pattern.substr(0, slash).find_first_of("*?[") != std::string_view::npos) {
        files.fail(pattern, "wildcards in the middle of a path are not followed");
        return {};
    }
    std::string const directory = slash == 0 ? "/" : std::string(pattern.substr(0, slash));
    std::vector<std::string> paths;
    for (auto const &entry : files.list(directory)) {
        if (!entry.name.starts_with('.') && glob_match(pattern.substr(slash + 1), entry.name))
            paths.push_back((slash == 0 ? "" : directory) + "/" + entry.name);
    }
    return paths;
}

std::string normal_path(std::string_view path)
{
    std::vector<std::string> parts;
    for (auto &part : split(path, '/')) {
        if (part.empty() || part == ".")
            continue;
        if (part != "..")
            parts.push_back(std::move(part));
        else if (!parts.empty())
            parts.pop_back();
    }
    return "/" + join(parts, "/");
}

}  // namespace imgport
