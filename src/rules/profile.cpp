#include <imgport/profile.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <imgport/check.hpp>

#include "rules/profile_reader.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// A profile takes over from another, that from a third: deep enough.
constexpr int max_ancestors = 8;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;
// In the file, the outcome with the empty condition.
constexpr std::string_view usual = "usual";

struct LimitKey {
    std::string_view name;
    std::optional<std::uint64_t> Limits::*member;
};
constexpr std::array limit_keys{
    LimitKey{"system_disk_min", &Limits::system_disk_min},
    LimitKey{"system_disk_max", &Limits::system_disk_max},
    LimitKey{"system_disk_recommended", &Limits::system_disk_recommended},
    LimitKey{"data_disk_min", &Limits::data_disk_min},
    LimitKey{"data_disk_max", &Limits::data_disk_max},
    LimitKey{"single_put_max", &Limits::single_put_max},
    LimitKey{"object_max", &Limits::object_max},
};

// Reads one profile's text into `m_profile`, which may hold what it takes over.
class Reader {
public:
    Reader(std::string file, Profile inherited) : m_file(std::move(file)), m_profile(std::move(inherited)) {}

    Result<Profile> read(const toml::table &root)
    {
        // What a profile says of itself is not taken over.
        m_profile.title.clear();
        m_profile.date.clear();
        m_profile.sources.clear();
        m_profile.compare_with.clear();
        for (auto const &[key, node] : root)
            top_level(key, node);
        if (!m_error && (m_profile.title.empty() || m_profile.date.empty() || m_profile.sources.empty()))
            complain(root, "title, date and sources must be given");
        if (!m_error)
            complete(root);
        if (m_error)
            return fail(*m_error);
        return m_profile;
    }

private:
    void top_level(const toml::key &key, const toml::node &node)
    {
        std::string_view const name = key.str();
        if (name == "title")
            text(key, node, m_profile.title);
        else if (name == "date")
            text(key, node, m_profile.date);
        else if (name == "compare_with")
            text(key, node, m_profile.compare_with);
        else if (name == "sources")
            texts(key, node, m_profile.sources);
        else if (name == "platforms")
            texts(key, node, m_profile.platforms);
        else if (name == "limits")
            limits(key, node);
        else if (name == "severities")
            severities(key, node);
        else if (name == "systems")
            systems(key, node);
        else if (name != "from")
            complain(node, unknown_name("key", name,
                                        {"title", "date", "from", "compare_with", "sources", "platforms", "limits",
                                         "severities", "systems"}));
    }

    void limits(const toml::key &key, const toml::node &node)
    {
        const toml::table *table = node.as_table();
        if (table == nullptr)
            return complain(node, fmt::format("'{}' must be a table", key.str()));
        for (auto const &[name, value] : *table) {
            if (name.str() == "formats") {
                formats(value);
                continue;
            }
            auto const found =
                std::find_if(limit_keys.begin(), limit_keys.end(),
                             [&, wanted = name.str()](auto const &limit) { return limit.name == wanted; });
            if (found == limit_keys.end()) {
                std::vector<std::string> names{"formats"};
                for (auto const &limit : limit_keys)
                    names.emplace_back(limit.name);
                return complain(value, unknown_name("limit", name.str(), names));
            }
            auto const number = value.value_exact<std::int64_t>();
            if (!number || *number < 1 || *number > (std::int64_t{1} << 33))
                return complain(value, fmt::format("'{}' must be a whole number of GiB", name.str()));
            m_profile.limits.*(found->member) = static_cast<std::uint64_t>(*number) * gib;
        }
    }

    void formats(const toml::node &node)
    {
        std::vector<std::string> names;
        texts(toml::key("formats"), node, names);
        m_profile.limits.formats.clear();
        for (auto const &name : names) {
            auto const format = format_from_string(name);
            if (!format)
                return complain(node, fmt::format("unknown format '{}'", name));
            m_profile.limits.formats.push_back(*format);
        }
    }

    void severities(const toml::key &key, const toml::node &node)
    {
        const toml::table *table = node.as_table();
        if (table == nullptr)
            return complain(node, fmt::format("'{}' must be a table", key.str()));
        for (auto const &[id, value] : *table) {
            const RuleInfo *rule = find_rule(id.str());
            if (rule == nullptr) {
                std::vector<std::string> ids;
                for (auto const &info : rule_catalogue())
                    ids.push_back(info.id);
                return complain(value, unknown_name("rule", id.str(), ids));
            }
            if (const toml::table *graded = value.as_table()) {
                for (auto const &[condition, severity] : *graded)
                    grade(*rule, condition.str(), severity);
            } else {
                grade(*rule, usual, value);
            }
        }
    }

    // A later profile adds to the list that it takes over, platform by platform.
    void systems(const toml::key &key, const toml::node &node)
    {
        const toml::table *table = node.as_table();
        if (table == nullptr)
            return complain(node, fmt::format("'{}' must be a table", key.str()));
        for (auto const &[name, value] : *table) {
            auto const versions = value.value<std::string>();
            if (!versions || !are_versions(*versions))
                return complain(value,
                                fmt::format("'{}' must be \"all\" or versions such as \"6-10 12 15-\"", name.str()));
            m_profile.systems[std::string(name.str())] = *versions;
        }
    }

    static bool are_versions(std::string_view text)
    {
        auto const pieces = split_blanks(text);
        auto const is_piece = [](std::string_view piece) {
            auto const dash = piece.find('-');
            std::string_view const most = dash == std::string_view::npos ? piece : piece.substr(dash + 1);
            return parse_number(piece.substr(0, dash)) && (most.empty() || parse_number(most));
        };
        return text == "all" || (!pieces.empty() && std::all_of(pieces.begin(), pieces.end(), is_piece));
    }

    void grade(const RuleInfo &rule, std::string_view written, const toml::node &node)
    {
        std::string const condition(written == usual ? "" : written);
        if (std::find(rule.conditions.begin(), rule.conditions.end(), condition) == rule.conditions.end()) {
            std::vector<std::string> names;
            for (auto const &name : rule.conditions)
                names.push_back(name.empty() ? std::string(usual) : name);
            return complain(node, unknown_name(fmt::format("outcome of {}:", rule.id), written, names));
        }
        auto const name = node.value<std::string>();
        auto const severity = name ? severity_from_string(*name) : std::nullopt;
        if (!severity)
            return complain(node, unknown_name("severity", name.value_or("(not text)"),
                                               {"fail", "unreachable", "feature", "recommendation"}));
        m_profile.severities[rule.id][condition] = *severity;
    }

    void complete(const toml::table &root)
    {
        for (auto const &rule : rule_catalogue()) {
            auto const &graded = m_profile.severities[rule.id];
            for (auto const &condition : rule.conditions) {
                if (!graded.contains(condition))
                    return complain(root, fmt::format("rule {} has no severity for its outcome '{}'", rule.id,
                                                      condition.empty() ? usual : std::string_view(condition)));
            }
        }
        if (m_profile.limits.formats.empty())
            complain(root, "limits.formats must be given");
    }

    void text(const toml::key &key, const toml::node &node, std::string &out)
    {
        auto value = node.value<std::string>();
        if (!value || value->empty())
            return complain(node, fmt::format("'{}' must be text", key.str()));
        out = std::move(*value);
    }

    void texts(const toml::key &key, const toml::node &node, std::vector<std::string> &out)
    {
        const toml::array *array = node.as_array();
        if (array == nullptr)
            return complain(node, fmt::format("'{}' must be a list of texts", key.str()));
        out.clear();
        for (auto const &item : *array) {
            auto value = item.value<std::string>();
            if (!value || value->empty())
                return complain(item, fmt::format("'{}' must be a list of texts", key.str()));
            out.push_back(std::move(*value));
        }
    }

    static std::string unknown_name(std::string_view what, std::string_view name, const std::vector<std::string> &valid)
    {
        std::string const near = nearest(name, valid);
        return fmt::format("unknown {} '{}'{}", what, name,
                           near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near));
    }

    // The first complaint counts.
    void complain(const toml::node &node, std::string message)
    {
        if (m_error)
            return;
        auto const line = node.source().begin.line;
        m_error = Error{.code = ErrorCode::malformed,
                        .message = line > 0 ? fmt::format("line {}: {}", line, message) : std::move(message),
                        .file = m_file};
    }

    std::string m_file;
    Profile m_profile;
    std::optional<Error> m_error = {};
};

Result<toml::table> parse_toml(const EmbeddedProfile &profile)
{
    try {
        return toml::parse(profile.toml, fmt::format("{}.toml", profile.name));
    } catch (const toml::parse_error &error) {
        return fail({.code = ErrorCode::malformed,
                     .message = fmt::format("line {}: {}", error.source().begin.line, error.description()),
                     .file = fmt::format("{}.toml", profile.name)});
    }
}

Result<Profile> read_one(std::string_view name, const std::vector<EmbeddedProfile> &all, int ancestors)
{
    auto const found = std::find_if(all.begin(), all.end(), [&](auto const &profile) { return profile.name == name; });
    if (found == all.end()) {
        std::vector<std::string> names;
        names.reserve(all.size());
        for (auto const &profile : all)
            names.emplace_back(profile.name);
        std::string const near = nearest(name, names);
        return fail({.code = ErrorCode::usage,
                     .message = fmt::format("unknown profile '{}'", name),
                     .hint = near.empty() ? fmt::format("profiles: {}", join(names, ", "))
                                          : fmt::format("did you mean '{}'?", near)});
    }
    auto const root = parse_toml(*found);
    if (!root)
        return fail(root.error());

    std::string const file = fmt::format("{}.toml", name);
    Profile inherited;
    if (const toml::node *from = root->get("from")) {
        auto const parent = from->value<std::string>();
        auto const line = from->source().begin.line;
        if (!parent || ancestors >= max_ancestors)
            return fail(
                {.code = ErrorCode::malformed,
                 .message = fmt::format("line {}: 'from' must name another profile, and not go in a circle", line),
                 .file = file});
        auto read = read_one(*parent, all, ancestors + 1);
        if (!read && read.error().code == ErrorCode::usage)
            return fail({.code = ErrorCode::malformed,
                         .message = fmt::format("line {}: {}", line, read.error().message),
                         .file = file,
                         .hint = read.error().hint});
        if (!read)
            return read;
        inherited = std::move(*read);
    }
    inherited.name = std::string(name);
    return Reader(file, std::move(inherited)).read(*root);
}

}  // namespace

Result<Profile> read_profile(std::string_view name, const std::vector<EmbeddedProfile> &all)
{
    return read_one(name, all, 0);
}

Result<Profile> load_profile(std::string_view name)
{
    return read_profile(name, embedded_profiles);
}

std::vector<std::string> profile_names()
{
    std::vector<std::string> names;
    names.reserve(embedded_profiles.size());
    for (auto const &profile : embedded_profiles)
        names.emplace_back(profile.name);
    return names;
}

}  // namespace imgport
