#include "batch/list.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "support/text.hpp"

namespace imgport {
namespace {

// Fields of one CSV record; quotes are undone. Line ends inside quotes belong to the field.
class CsvReader {
public:
    CsvReader(std::string_view text, const std::string &path) : m_text(text), m_path(path) {}

    bool more() const { return m_at < m_text.size(); }
    std::size_t line() const { return m_line; }

    Result<std::vector<std::string>> record()
    {
        std::vector<std::string> fields;
        for (;;) {
            auto field = next_field();
            if (!field)
                return fail(field.error());
            fields.push_back(std::move(*field));
            if (!more())
                return fields;
            char const end = m_text[m_at++];
            if (end == ',')
                continue;
            if (end == '\r' && more() && m_text[m_at] == '\n')
                ++m_at;
            ++m_line;
            return fields;
        }
    }

private:
    Result<std::string> next_field()
    {
        std::string field;
        if (!more() || m_text[m_at] != '"') {
            while (more() && m_text[m_at] != ',' && m_text[m_at] != '\n' && m_text[m_at] != '\r')
                field += m_text[m_at++];
            return std::string(trim(field));
        }
        std::size_t const begun = m_line;
        for (++m_at; more(); ++m_at) {
            if (m_text[m_at] == '"' && (m_at + 1 >= m_text.size() || m_text[m_at + 1] != '"')) {
                ++m_at;
                if (more() && m_text[m_at] != ',' && m_text[m_at] != '\n' && m_text[m_at] != '\r')
                    return fail(list_error(m_path, m_line, "after a closing quote comes a comma or the line's end"));
                return field;
            }
            if (m_text[m_at] == '"')
                ++m_at;  // two of them are one
            if (m_text[m_at] == '\n')
                ++m_line;
            field += m_text[m_at];
        }
        return fail(list_error(m_path, begun, "a quote is not closed"));
    }

    std::string_view m_text;
    const std::string &m_path;
    std::size_t m_at = 0;
    std::size_t m_line = 1;
};

std::string_view without_mark(std::string_view text)
{
    return text.starts_with("\xef\xbb\xbf") ? text.substr(3) : text;  // spreadsheets write it
}

class TomlReader {
public:
    explicit TomlReader(const std::string &path) : m_path(path) {}

    Result<WrittenList> read(const toml::table &root)
    {
        for (auto const &[key, node] : root) {
            if (key.str() == "defaults" && node.is_table())
                table(*node.as_table(), m_list.defaults);
            else if (key.str() == "image")
                images(node);
            else if (key.str() == "defaults")
                complain(node, "defaults are written as [defaults]");
            else
                complain(node, unknown_key("table", key.str(), {"defaults", "image"}));
        }
        if (m_error)
            return fail(*m_error);
        return std::move(m_list);
    }

private:
    void images(const toml::node &node)
    {
        const toml::array *const list = node.as_array();
        if (list == nullptr)
            return complain(node, "images are written as [[image]]");
        for (auto const &item : *list) {
            if (!item.is_table())
                return complain(item, "images are written as [[image]]");
            table(*item.as_table(), m_list.images.emplace_back());
        }
    }

    void table(const toml::table &from, ListEntry &entry)
    {
        entry.line = from.source().begin.line;
        for (auto const &[key, node] : from) {
            ListValue value{.key = std::string(key.str()), .line = node.source().begin.line};
            if (const toml::array *const list = node.as_array(); list != nullptr) {
                for (auto const &item : *list)
                    value.values.push_back(text_of(item, value.key));
            } else if (const toml::table *const pairs = node.as_table(); pairs != nullptr) {
                for (auto const &[name, item] : *pairs)
                    value.values.push_back(fmt::format("{}={}", name.str(), text_of(item, value.key)));
            } else {
                value.values.push_back(text_of(node, value.key));
            }
            entry.values.push_back(std::move(value));
        }
    }

    std::string text_of(const toml::node &node, const std::string &key)
    {
        if (auto const text = node.value_exact<std::string>())
            return *text;
        if (auto const number = node.value_exact<std::int64_t>())
            return std::to_string(*number);
        if (auto const flag = node.value_exact<bool>())
            return *flag ? "true" : "false";
        complain(node, fmt::format("'{}' must be text, a whole number, true or false, or a list of these", key));
        return {};
    }

    // The first complaint counts.
    void complain(const toml::node &node, const std::string &message)
    {
        if (!m_error)
            m_error = list_error(m_path, node.source().begin.line, message);
    }

    const std::string &m_path;
    WrittenList m_list = {};
    std::optional<Error> m_error = {};
};

}  // namespace

Error list_error(const std::string &path, std::size_t line, const std::string &message)
{
    return {.code = ErrorCode::usage, .message = fmt::format("line {}: {}", line, message), .file = path};
}

std::string unknown_key(std::string_view what, std::string_view name, const std::vector<std::string> &valid)
{
    std::string const near = nearest(name, valid);
    return fmt::format("unknown {} '{}'{}", what, printable(name, 100),
                       near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near));
}

Result<WrittenList> parse_text_list(std::string_view text, const std::string &)
{
    WrittenList list;
    std::size_t number = 0;
    for (auto const line : lines_of(without_mark(text))) {
        ++number;
        auto const path = trim(line);
        if (!path.empty() && !path.starts_with('#'))
            list.images.push_back({.values = {{"path", {std::string(path)}, number}}, .line = number});
    }
    return list;
}

Result<WrittenList> parse_csv_list(std::string_view text, const std::string &path)
{
    WrittenList list;
    CsvReader reader(without_mark(text), path);
    auto const columns = reader.record();
    if (!columns)
        return fail(columns.error());
    while (reader.more()) {
        std::size_t const line = reader.line();
        auto fields = reader.record();
        if (!fields)
            return fail(fields.error());
        if (fields->size() == 1 && fields->front().empty())
            continue;  // an empty line
        if (fields->size() > columns->size())
            return fail(list_error(
                path, line,
                fmt::format("has {} fields, the first line names {} columns", fields->size(), columns->size())));
        auto &entry = list.images.emplace_back(ListEntry{.line = line});
        for (std::size_t i = 0; i < fields->size(); ++i) {
            if (!(*fields)[i].empty())
                entry.values.push_back({(*columns)[i], {std::move((*fields)[i])}, line, true});
        }
    }
    return list;
}

Result<WrittenList> parse_toml_list(std::string_view text, const std::string &path)
{
    try {
        return TomlReader(path).read(toml::parse(text, path));
    } catch (const toml::parse_error &error) {
        return fail(list_error(path, error.source().begin.line, std::string(error.description())));
    }
}

}  // namespace imgport
