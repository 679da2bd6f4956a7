#include <imgport/profile.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <imgport/check.hpp>

#include "rules/profile_reader.hpp"
#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// A profile takes over from another, that from a third: deep enough.
constexpr int max_ancestors = 8;
// Bounds a file that a user names by mistake.
constexpr std::size_t max_file = std::size_t{1} << 20;
constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;
// In the file, the outcome with the empty condition.
constexpr std::string_view usual = "usual";

// The word that switches a rule off, and the condition under which the whole of it is kept as such.
constexpr std::string_view off = "off";
constexpr const char *whole_rule = "*";

// A limit that is a number, and what it counts.
struct LimitKey {
    std::string_view name;
    std::optional<std::uint64_t> Limits::*member;
    std::uint64_t unit = gib;
};
constexpr std::array limit_keys{
    LimitKey{"system_disk_min", &Limits::system_disk_min},
    LimitKey{"system_disk_max", &Limits::system_disk_max},
    LimitKey{"system_disk_recommended", &Limits::system_disk_recommended},
    LimitKey{"data_disk_min", &Limits::data_disk_min},
    LimitKey{"data_disk_max", &Limits::data_disk_max},
    LimitKey{"single_put_max", &Limits::single_put_max},
    LimitKey{"object_max", &Limits::object_max},
    LimitKey{"file_max", &Limits::file_max},
    LimitKey{"other_max", &Limits::other_max},
    LimitKey{"size_multiple_mib", &Limits::size_multiple, mib},
    LimitKey{"root_free_mib", &Limits::root_free, mib},
    LimitKey{"root_free_windows_mib", &Limits::root_free_windows, mib},
    LimitKey{"disks_max", &Limits::disks_max, 1},
    LimitKey{"name_max", &Limits::name_max, 1},
    LimitKey{"description_max", &Limits::description_max, 1},
};

// A limit that is a list of words, and the words there are; none: any.
struct WordsKey {
    std::string_view name;
    std::vector<std::string> Limits::*member;
    std::vector<std::string> words;
};
const std::array words_keys{
    WordsKey{"tables", &Limits::tables, {"mbr", "gpt"}},
    WordsKey{"wrappers",
             &Limits::wrappers,
             {"ova", "gzip", "bzip2", "xz", "zstd", "zip", "tar", "7z", "rar", "lz4", "lzip"}},
    WordsKey{"root_filesystems", &Limits::root_filesystems, {}},
};

// Reads one profile's text into `m_profile`, which may hold what it takes over.
class Reader {
public:
    Reader(std::string file, Profile inherited, bool built_in)
        : m_file(std::move(file)), m_profile(std::move(inherited)), m_built_in(built_in)
    {}

    Result<Profile> read(const toml::table &root)
    {
        // What a profile says of itself is not taken over.
        m_profile.title.clear();
        m_profile.date.clear();
        m_profile.sources.clear();
        m_profile.compare_with.clear();
        for (auto const &[key, node] : root)
            top_level(key, node);
        bool const described = !m_profile.title.empty() && !m_profile.date.empty() && !m_profile.sources.empty();
        if (!m_error && m_built_in && !described)
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
        else if (name != "from" && (name != "selectable" || !m_built_in))
            complain(node, unknown_name("key", name,
                                        {"title", "date", "from", "compare_with", "sources", "platforms", "limits",
                                         "severities", "systems"}));
    }

    void limits(const toml::key &key, const toml::node &node)
    {
        const toml::table *table = node.as_table();
        if (table == nullptr)
            return complain(node, fmt::format("'{}' must be a table", key.str()));
        for (auto const &[name, value] : *table)
            limit(name, value);
    }

    void limit(const toml::key &key, const toml::node &node)
    {
        std::string_view const name = key.str();
        if (name == "formats")
            return formats(node);
        if (name == "variants")
            return variants(node);
        if (name == "mends_drivers")
            return yes_or_no(key, node, m_profile.limits.mends_drivers);
        for (auto const &words : words_keys) {
            if (words.name == name)
                return known_words(key, node, words);
        }
        for (auto const &number : limit_keys) {
            if (number.name == name)
                return quantity(key, node, number);
        }
        std::vector<std::string> names{"formats", "variants", "mends_drivers"};
        for (auto const &words : words_keys)
            names.emplace_back(words.name);
        for (auto const &number : limit_keys)
            names.emplace_back(number.name);
        complain(node, unknown_name("limit", name, names));
    }

    void quantity(const toml::key &key, const toml::node &node, const LimitKey &limit)
    {
        auto const number = node.value_exact<std::int64_t>();
        if (!number || *number < 1 || *number > (std::int64_t{1} << 33))
            return complain(node, fmt::format("'{}' must be a whole number{}", key.str(),
                                              limit.unit == gib   ? " of GiB"
                                              : limit.unit == mib ? " of MiB"
                                                                  : ""));
        m_profile.limits.*(limit.member) = static_cast<std::uint64_t>(*number) * limit.unit;
    }

    void known_words(const toml::key &key, const toml::node &node, const WordsKey &limit)
    {
        std::vector<std::string> words;
        texts(key, node, words);
        for (auto const &word : words) {
            bool const known = std::find(limit.words.begin(), limit.words.end(), word) != limit.words.end();
            if (!limit.words.empty() && !known)
                return complain(node, unknown_name(fmt::format("word in '{}':", key.str()), word, limit.words));
        }
        m_profile.limits.*(limit.member) = std::move(words);
    }

    void yes_or_no(const toml::key &key, const toml::node &node, bool &out)
    {
        auto const value = node.value_exact<bool>();
        if (!value)
            return complain(node, fmt::format("'{}' must be true or false", key.str()));
        out = *value;
    }

    // { vhd = ["fixed"] }
    void variants(const toml::node &node)
    {
        const toml::table *table = node.as_table();
        if (table == nullptr)
            return complain(node, "'variants' must be a table");
        m_profile.limits.variants.clear();
        for (auto const &[name, value] : *table) {
            auto const format = format_from_string(name.str());
            if (!format)
                return complain(value, fmt::format("unknown format '{}'", name.str()));
            texts(name, value, m_profile.limits.variants[*format]);
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
            } else if (value.value<std::string>() == off) {
                m_profile.off[rule->id] = {{whole_rule, m_profile.name}};
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
        if (name == off) {
            m_profile.off[rule.id][condition] = m_profile.name;
            return;
        }
        auto const severity = name ? severity_from_string(*name) : std::nullopt;
        if (!severity)
            return complain(node, unknown_name("severity", name.value_or("(not text)"),
                                               {"fail", "unreachable", "feature", "recommendation", "off"}));
        m_profile.severities[rule.id][condition] = *severity;
        // A rule that was switched off further up is on again, with what it is graded here and what it was before.
        if (auto const switched = m_profile.off.find(rule.id); switched != m_profile.off.end()) {
            switched->second.erase(whole_rule);
            switched->second.erase(condition);
            if (switched->second.empty())
                m_profile.off.erase(switched);
        }
    }

    void complete(const toml::table &root)
    {
        for (auto const &rule : rule_catalogue()) {
            auto const graded = m_profile.severities.find(rule.id);
            auto const switched = m_profile.off.find(rule.id);
            bool const none = graded == m_profile.severities.end();
            if (none && switched == m_profile.off.end())
                continue;  // not a rule of this target
            for (auto const &condition : rule.conditions) {
                bool const is_off = switched != m_profile.off.end() &&
                                    (switched->second.contains(whole_rule) || switched->second.contains(condition));
                if (!is_off && (none || !graded->second.contains(condition)))
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
    bool m_built_in;
    std::optional<Error> m_error = {};
};

// A profile's text and what it is called in messages.
struct Text {
    std::string name;  // in reports
    std::string file;
    std::string toml;
    std::string folder = {};  // of a user's file; empty: it comes with the program
};

bool is_path(std::string_view name)
{
    return name.find('/') != std::string_view::npos || name.ends_with(".toml");
}

Result<toml::table> parse_toml(const Text &text)
{
    try {
        return toml::parse(text.toml, text.file);
    } catch (const toml::parse_error &error) {
        return fail({.code = ErrorCode::malformed,
                     .message = fmt::format("line {}: {}", error.source().begin.line, error.description()),
                     .file = text.file});
    }
}

// Whether it can be asked for by name, or only be taken over.
bool is_selectable(const EmbeddedProfile &profile)
{
    auto const root = parse_toml({std::string(profile.name), std::string(profile.name), std::string(profile.toml)});
    return !root || root->at_path("selectable").value_or(true);
}

std::vector<std::string> names_of(const std::vector<EmbeddedProfile> &all)
{
    std::vector<std::string> names;
    for (auto const &profile : all) {
        if (is_selectable(profile))
            names.emplace_back(profile.name);
    }
    return names;
}

// Reads profiles and what they take over.
class Library {
public:
    explicit Library(const std::vector<EmbeddedProfile> &all) : m_all(all) {}

    Result<Profile> named(std::string_view name, bool to_be_taken_over)
    {
        auto const found =
            std::find_if(m_all.begin(), m_all.end(), [&](auto const &profile) { return profile.name == name; });
        if (found == m_all.end() || (!to_be_taken_over && !is_selectable(*found))) {
            auto const names = names_of(m_all);
            std::string const near = nearest(name, names);
            return fail({.code = ErrorCode::usage,
                         .message = fmt::format("unknown profile '{}'", printable(name, 200)),
                         .hint = near.empty()
                                     ? fmt::format("profiles: {}; or the path of a .toml file", join(names, ", "))
                                     : fmt::format("did you mean '{}'?", near)});
        }
        return read({std::string(name), fmt::format("{}.toml", name), std::string(found->toml)});
    }

    Result<Profile> file(const std::string &path)
    {
        auto text = read_text_file(path, max_file);
        if (!text) {
            Error error = text.error();
            error.code = ErrorCode::usage;  // the caller named it
            return fail(error);
        }
        auto profile = read({base_name(path), path, std::move(*text), dir_name(path)});
        if (profile)
            return profile;
        Error error = profile.error();
        error.code = ErrorCode::usage;
        return fail(error);
    }

private:
    Result<Profile> read(const Text &text)
    {
        auto const root = parse_toml(text);
        if (!root)
            return fail(root.error());
        Profile inherited;
        if (const toml::node *from = root->get("from")) {
            auto parent = parent_of(text, *from);
            if (!parent)
                return parent;
            inherited = std::move(*parent);
        }
        inherited.name = text.name;
        return Reader(text.file, std::move(inherited), text.folder.empty()).read(*root);
    }

    Result<Profile> parent_of(const Text &text, const toml::node &from)
    {
        auto const line = from.source().begin.line;
        auto const parent = from.value<std::string>();
        if (!parent || m_depth >= max_ancestors)
            return fail(
                {.code = ErrorCode::malformed,
                 .message = fmt::format("line {}: 'from' must name another profile, and not go in a circle", line),
                 .file = text.file});
        // A user's profile may take over another one of the user's, named from where it lies itself.
        bool const by_path = !text.folder.empty() && is_path(*parent);
        ++m_depth;
        auto read =
            by_path ? file(parent->starts_with('/') ? *parent : text.folder + "/" + *parent) : named(*parent, true);
        --m_depth;
        if (!read && !by_path && read.error().code == ErrorCode::usage)
            return fail({.code = ErrorCode::malformed,
                         .message = fmt::format("line {}: {}", line, read.error().message),
                         .file = text.file,
                         .hint = read.error().hint});
        return read;
    }

    const std::vector<EmbeddedProfile> &m_all;
    int m_depth = 0;
};

}  // namespace

Result<Profile> read_profile(std::string_view name, const std::vector<EmbeddedProfile> &all)
{
    Library library(all);
    return is_path(name) ? library.file(std::string(name)) : library.named(name, false);
}

Result<Profile> load_profile(std::string_view name)
{
    return read_profile(name, embedded_profiles);
}

std::vector<std::string> profile_names()
{
    return names_of(embedded_profiles);
}

std::map<std::string, std::string> grades_of(const Profile &profile, const std::string &rule)
{
    std::map<std::string, std::string> grades;
    auto const switched = profile.off.find(rule);
    bool const any = switched != profile.off.end();
    if (any && switched->second.contains(whole_rule))
        return {{"", std::string(off)}};
    if (auto const graded = profile.severities.find(rule); graded != profile.severities.end()) {
        for (auto const &[condition, severity] : graded->second)
            grades[condition] = to_string(severity);
    }
    if (any) {
        for (auto const &[condition, by] : switched->second)
            grades[condition] = off;
    }
    return grades;
}

bool has_rule(const Profile &profile, std::string_view rule)
{
    return profile.severities.contains(rule) || profile.off.contains(rule);
}

}  // namespace imgport
