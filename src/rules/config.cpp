// imgport.toml, read strictly.
#include <imgport/check.hpp>
#include <imgport/profile.hpp>
#include <imgport/waivers.hpp>

#include <algorithm>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_config = std::size_t{1} << 20;  // bytes
constexpr std::int64_t max_jobs = 1024;

// "2027-01-31", as TOML's own date or as text.
std::optional<std::string> day_of(const toml::node &node)
{
    toml::date date{};
    if (auto const written = node.value_exact<toml::date>()) {
        date = *written;
    } else if (auto const text = node.value_exact<std::string>()) {
        auto const parts = split(*text, '-');
        if (text->size() != 10 || parts.size() != 3)
            return std::nullopt;
        auto const year = parse_number(parts[0]);
        auto const month = parse_number(parts[1]);
        auto const day = parse_number(parts[2]);
        if (!year || !month || !day || *year > 9999 || *month > 12 || *day > 31)
            return std::nullopt;
        date = {*year, *month, *day};
    } else {
        return std::nullopt;
    }
    constexpr int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > days[date.month - 1])
        return std::nullopt;
    return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

class Reader {
public:
    explicit Reader(const std::string &path) : m_path(path) {}

    Result<Config> read(const toml::table &root)
    {
        for (auto const &[key, node] : root)
            top_level(key.str(), node);
        if (m_error)
            return fail(*m_error);
        return m_config;
    }

private:
    void top_level(std::string_view name, const toml::node &node)
    {
        if (name == "profile")
            profiles(node);
        else if (name == "fail-on")
            fail_on(node);
        else if (name == "jobs")
            jobs(node);
        else if (name == "waiver")
            waivers(node);
        else
            complain(node, unknown_name("key", name, {"profile", "fail-on", "jobs", "waiver"}));
    }

    // One name or a list; a path is meant from where this file lies.
    void profiles(const toml::node &node)
    {
        if (auto const one = node.value_exact<std::string>())
            return profile(node, *one);
        const toml::array *list = node.as_array();
        if (list == nullptr || list->empty())
            return complain(node, "'profile' must be a name or a list of names");
        for (auto const &item : *list) {
            auto const name = item.value_exact<std::string>();
            if (!name)
                return complain(item, "'profile' must be a name or a list of names");
            profile(item, *name);
        }
    }

    void profile(const toml::node &node, const std::string &name)
    {
        bool const path = name.find('/') != std::string::npos || name.ends_with(".toml");
        std::string const full = path && !name.starts_with('/') ? dir_name(m_path) + "/" + name : name;
        if (auto const known = load_profile(full); !known)
            return complain(node, describe(known.error()));
        m_config.profiles.push_back(full);
    }

    void fail_on(const toml::node &node)
    {
        auto const word = node.value_exact<std::string>();
        if (!word || (*word != "never" && !severity_from_string(*word)))
            return complain(node, unknown_name("severity", word.value_or("(not text)"),
                                               {"fail", "unreachable", "feature", "recommendation", "never"}));
        m_config.fail_on = *word;
    }

    void jobs(const toml::node &node)
    {
        auto const number = node.value_exact<std::int64_t>();
        if (!number || *number < 1 || *number > max_jobs)
            return complain(node, fmt::format("'jobs' must be a whole number from 1 to {}", max_jobs));
        m_config.jobs = static_cast<unsigned>(*number);
    }

    void waivers(const toml::node &node)
    {
        const toml::array *list = node.as_array();
        if (list == nullptr)
            return complain(node, "waivers are written as [[waiver]]");
        for (auto const &item : *list) {
            const toml::table *table = item.as_table();
            if (table == nullptr)
                return complain(item, "waivers are written as [[waiver]]");
            waiver(*table);
        }
    }

    void waiver(const toml::table &table)
    {
        Waiver made;
        made.where = fmt::format("{}, line {}", base_name(m_path), table.source().begin.line);
        for (auto const &[key, node] : table) {
            std::string_view const name = key.str();
            if (name == "rule")
                rule(node, made.rule);
            else if (name == "image")
                text(name, node, made.image);
            else if (name == "reason")
                text(name, node, made.reason);
            else if (name == "profile")
                waiver_profile(node, made.profile.emplace());
            else if (name == "expires")
                expires(node, made.expires);
            else
                complain(node,
                         unknown_name("key of a waiver:", name, {"rule", "image", "reason", "profile", "expires"}));
        }
        for (auto const &[name, value] :
             {std::pair{"rule", &made.rule}, {"image", &made.image}, {"reason", &made.reason}}) {
            if (value->empty())
                complain(table, fmt::format("a waiver needs {} {}", *name == 'i' ? "an" : "a", name));
        }
        m_config.waivers.push_back(std::move(made));
    }

    // As reports name it: one of ours, or the file name of a user's.
    void waiver_profile(const toml::node &node, std::string &out)
    {
        text("profile", node, out);
        auto const names = profile_names();
        if (!m_error && !out.ends_with(".toml") && std::find(names.begin(), names.end(), out) == names.end())
            complain(node, unknown_name("profile", out, names));
    }

    void rule(const toml::node &node, std::string &out)
    {
        text("rule", node, out);
        if (m_error || find_rule(out) != nullptr)
            return;
        std::vector<std::string> ids;
        for (auto const &info : rule_catalogue())
            ids.push_back(info.id);
        complain(node, unknown_name("rule", out, ids));
    }

    void expires(const toml::node &node, std::optional<std::string> &out)
    {
        out = day_of(node);
        if (!out)
            complain(node, "'expires' must be a day, such as 2027-01-31");
    }

    void text(std::string_view name, const toml::node &node, std::string &out)
    {
        auto value = node.value_exact<std::string>();
        if (!value || trim(*value).empty())
            return complain(node, fmt::format("'{}' must be text", name));
        out = std::move(*value);
    }

    static std::string unknown_name(std::string_view what, std::string_view name, const std::vector<std::string> &valid)
    {
        std::string const near = nearest(name, valid);
        return fmt::format("unknown {} '{}'{}", what, name,
                           near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near));
    }

    // The first complaint counts.
    void complain(const toml::node &node, const std::string &message)
    {
        if (!m_error)
            m_error = Error{.code = ErrorCode::usage,
                            .message = fmt::format("line {}: {}", node.source().begin.line, message),
                            .file = m_path};
    }

    const std::string &m_path;
    Config m_config = {};
    std::optional<Error> m_error = {};
};

}  // namespace

Result<Config> parse_config(std::string_view toml, const std::string &path)
{
    try {
        return Reader(path).read(toml::parse(toml, path));
    } catch (const toml::parse_error &error) {
        return fail({.code = ErrorCode::usage,
                     .message = fmt::format("line {}: {}", error.source().begin.line, error.description()),
                     .file = path});
    }
}

Result<Config> read_config(const std::string &path)
{
    auto const text = read_text_file(path, max_config);
    if (text)
        return parse_config(*text, path);
    Error error = text.error();
    error.code = ErrorCode::usage;
    return fail(error);
}

}  // namespace imgport
