#include "volume/lvm2_metadata.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

constexpr int deepest = 16;  // LVM2 itself uses four

class Parser {
public:
    explicit Parser(std::string_view text) : m_text(text.substr(0, text.find('\0'))) {}

    Result<Lvm2Section> whole()
    {
        auto section = body(0);
        if (section && !at_end())
            return broken("a '}' too many");
        return section;
    }

private:
    bool at_end() const { return m_at == m_text.size(); }

    tl::unexpected<Error> broken(std::string message) const
    {
        return fail({ErrorCode::malformed, std::move(message), {}, m_at, "LVM2 metadata", {}});
    }

    // What stands at the reading point after blanks and comments; '\0' at the end.
    char next()
    {
        while (!at_end()) {
            char const c = m_text[m_at];
            if (c == '#')
                m_at = std::min(m_text.find('\n', m_at), m_text.size());
            else if (c == ' ' || (c >= '\t' && c <= '\r'))
                ++m_at;
            else
                return c;
        }
        return '\0';
    }

    bool take(char c)
    {
        if (next() != c)
            return false;
        ++m_at;
        return true;
    }

    std::string_view word()
    {
        constexpr std::string_view ends = " \t\n\v\f\r#={}[],\"";
        auto const begin = m_at;
        m_at = std::min(m_text.find_first_of(ends, m_at), m_text.size());
        return m_text.substr(begin, m_at - begin);
    }

    // The entries up to the '}' of this section, which is left standing, or the end of the text.
    Result<Lvm2Section> body(int depth)
    {
        Lvm2Section section;
        for (char c = next(); c != '\0' && c != '}'; c = next()) {
            std::string const name(word());
            if (name.empty())
                return broken("a name was expected");
            if (section.values.count(name) != 0)
                return broken(fmt::format("'{}' occurs twice in its section", printable(name, 100)));
            auto value = take('{') ? subsection(depth + 1) : assigned();
            if (!value)
                return fail(value.error());
            section.values.emplace(name, std::move(*value));
        }
        return section;
    }

    Result<Lvm2Value> subsection(int depth)
    {
        if (depth > deepest)
            return broken(fmt::format("more than {} sections inside each other", deepest));
        auto section = body(depth);
        if (!section)
            return fail(section.error());
        if (!take('}'))
            return broken("the text ends inside a section");
        return std::make_unique<Lvm2Section>(std::move(*section));
    }

    Result<Lvm2Value> assigned()
    {
        if (!take('='))
            return broken("'=' or '{' was expected");
        if (take('['))
            return list();
        auto value = scalar();
        if (!value)
            return fail(value.error());
        return std::move(*value);
    }

    Result<Lvm2Value> list()
    {
        Lvm2List values;
        while (!take(']')) {
            if (!values.empty() && !take(','))
                return broken("',' or ']' was expected");
            auto value = scalar();
            if (!value)
                return fail(value.error());
            values.push_back(std::move(*value));
        }
        return values;
    }

    Result<Lvm2Scalar> scalar()
    {
        if (take('"'))
            return string();
        std::string_view const digits = word();
        std::int64_t value = 0;
        auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size())
            return broken("a number or a string was expected");
        return value;
    }

    // A backslash takes away the meaning of the character after it; LVM2 writes it before '"' and itself.
    Result<Lvm2Scalar> string()
    {
        std::string out;
        for (; !at_end(); ++m_at) {
            char const c = m_text[m_at];
            if (c == '"') {
                ++m_at;
                return out;
            }
            if (c == '\\' && ++m_at == m_text.size())
                break;
            out += m_text[m_at];
        }
        return broken("the text ends inside a string");
    }

    std::string_view m_text;
    std::size_t m_at = 0;
};

template <class T>
const T *value_of(const Lvm2Section &section, std::string_view name)
{
    auto const found = section.values.find(name);
    return found == section.values.end() ? nullptr : std::get_if<T>(&found->second);
}

}  // namespace

const Lvm2Section *Lvm2Section::section(std::string_view name) const
{
    auto const *const found = value_of<std::unique_ptr<Lvm2Section>>(*this, name);
    return found ? found->get() : nullptr;
}

std::optional<std::uint64_t> Lvm2Section::number(std::string_view name) const
{
    auto const *const scalar = value_of<Lvm2Scalar>(*this, name);
    auto const *const value = scalar ? std::get_if<std::int64_t>(scalar) : nullptr;
    if (!value || *value < 0)
        return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

const std::string *Lvm2Section::text(std::string_view name) const
{
    auto const *const scalar = value_of<Lvm2Scalar>(*this, name);
    return scalar ? std::get_if<std::string>(scalar) : nullptr;
}

const Lvm2List *Lvm2Section::list(std::string_view name) const
{
    return value_of<Lvm2List>(*this, name);
}

bool Lvm2Section::flag(std::string_view name, std::string_view word) const
{
    auto const *const words = list(name);
    return words && std::any_of(words->begin(), words->end(), [&](const Lvm2Scalar &scalar) {
               auto const *const text = std::get_if<std::string>(&scalar);
               return text && *text == word;
           });
}

Result<Lvm2Section> parse_lvm2_metadata(std::string_view text)
{
    return Parser(text).whole();
}

}  // namespace imgport
