#include "guest/yaml_file.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_size = 1024 * 1024;
constexpr std::size_t max_depth = 64;
constexpr std::size_t max_items = 1000;

constexpr std::size_t max_shift = 64;

std::size_t indent_of(std::string_view line)
{
    return std::min(line.find_first_not_of(' '), line.size());
}

// The column of the '|' or '>' in a line such as "- &name |", whose block scalar has an anchor or a tag; 0 elsewhere.
std::size_t marked_block_column(std::string_view line)
{
    auto const last = line.find_last_not_of(" \t+-0123456789");
    if (last == std::string_view::npos || last < 2 || (line[last] != '|' && line[last] != '>') || last > max_shift)
        return 0;
    std::string_view const before = trim(line.substr(0, last));
    auto const blank = before.find_last_of(" \t");
    std::string_view const mark = before.substr(blank == std::string_view::npos ? 0 : blank + 1);
    return mark.starts_with('&') || mark.starts_with('!') ? last : 0;
}

// yaml-cpp wants the content of a block scalar further right than an anchor in front of it, where YAML 1.2 (8.1.1.1)
// asks only for more than its parent; cloud-init's own 05_logging.cfg is written that way. Shifting the content to
// the right changes nothing in it: its indentation is what its first line has.
std::string shift_marked_blocks(std::string_view text)
{
    std::string out;
    std::size_t shift = 0;  // of the block we are in; 0: in none
    std::size_t header_indent = 0;
    std::size_t content_indent = 0;
    for (auto const line : lines_of(text)) {
        bool const blank = trim(line).empty();
        std::size_t const indent = indent_of(line);
        if (shift > 0 && !blank && content_indent == 0 && indent > header_indent)
            content_indent = indent;
        if (shift > 0 && !blank && (content_indent == 0 || indent < content_indent))
            shift = 0;
        if (shift > 0 && !blank)
            out.append(shift, ' ');
        out += line;
        out += '\n';
        if (shift == 0) {
            shift = marked_block_column(line);
            header_indent = indent;
            content_indent = 0;
        }
    }
    return out;
}

}  // namespace

std::size_t yaml_depth_bound(std::string_view text)
{
    std::size_t deepest = 0;
    std::size_t brackets = 0;
    std::vector<std::size_t> indents;
    for (auto const line : lines_of(text)) {
        // Each "- ", "? " or ": " before the first word opens a level of its own, at its own column.
        std::size_t column = 0;
        std::size_t markers = 0;
        while (column < line.size()) {
            char const c = line[column];
            if (c == '-' || c == '?' || c == ':') {
                if (column + 1 < line.size() && line[column + 1] != ' ' && line[column + 1] != '\t')
                    break;
                ++markers;
            } else if (c != ' ' && c != '\t') {
                break;
            }
            ++column;
        }
        if (column < line.size()) {
            while (!indents.empty() && indents.back() >= column)
                indents.pop_back();
            indents.push_back(column);
        }
        for (char const c : line.substr(column)) {
            if (c == '[' || c == '{')
                deepest = std::max(deepest, ++brackets);
            else if ((c == ']' || c == '}') && brackets > 0)
                --brackets;
        }
        deepest = std::max(deepest, brackets + indents.size() + markers);
    }
    return deepest;
}

std::optional<YAML::Node> read_yaml(GuestFiles &files, const std::string &path)
{
    auto const text = files.text(path, max_size);
    if (!text)
        return std::nullopt;
    if (yaml_depth_bound(*text) > max_depth) {
        files.fail(path, fmt::format("nested deeper than {} levels", max_depth));
        return std::nullopt;
    }
    try {
        YAML::Node document = YAML::Load(shift_marked_blocks(*text));
        if (!document.IsMap() && !document.IsNull()) {
            files.fail(path, "its YAML is no mapping");
            return std::nullopt;
        }
        return document;
    } catch (const std::exception &error) {
        files.fail(path, fmt::format("not valid YAML: {}", error.what()));
        return std::nullopt;
    }
}

YAML::Node yaml_child(const YAML::Node &node, const char *key)
{
    try {
        if (node.IsDefined() && node.IsMap())
            return node[key];
    } catch (const std::exception &) {
        // A key of another type than text, or a node that is gone: not there.
    }
    return YAML::Node(YAML::NodeType::Undefined);
}

std::optional<std::string> yaml_text(const YAML::Node &node)
{
    if (!node.IsDefined() || !node.IsScalar())
        return std::nullopt;
    return node.Scalar();
}

std::vector<std::string> yaml_texts(const YAML::Node &node)
{
    std::vector<std::string> texts;
    if (auto text = yaml_text(node))
        return {std::move(*text)};
    if (!node.IsDefined() || !node.IsSequence())
        return texts;
    for (auto const &item : node) {
        if (texts.size() == max_items)
            break;
        if (auto text = yaml_text(item))
            texts.push_back(std::move(*text));
    }
    return texts;
}

std::uint64_t yaml_line(const YAML::Node &node)
{
    int const line = node.IsDefined() ? node.Mark().line : -1;
    return line < 0 ? 0 : static_cast<std::uint64_t>(line) + 1;
}

}  // namespace imgport
