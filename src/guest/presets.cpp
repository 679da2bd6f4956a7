#include "guest/presets.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// The strongest first; what exists only in /run is not here.
constexpr const char *preset_folders[] = {"/etc/systemd/system-preset", "/usr/local/lib/systemd/system-preset",
                                          "/usr/lib/systemd/system-preset", "/lib/systemd/system-preset"};
constexpr std::size_t max_rules = 20'000;

// A machine without systemd as its first program may well have no machine-id, and units from its packages.
bool starts_with_systemd(GuestFiles &files)
{
    auto const init = files.resolve("/sbin/init");
    return init && base_name(*init) == "systemd";
}

bool is_first_boot(GuestFiles &files)
{
    if (!files.stat("/etc/machine-id", FollowLinks::no))
        return true;
    auto const text = files.text("/etc/machine-id");
    return text && trim(*text) == "uninitialized";
}

// By name, whatever folder each is in: a file hides those of its name in weaker folders.
std::vector<std::string> preset_files(GuestFiles &files)
{
    std::map<std::string, std::string> by_name;
    for (const char *folder : preset_folders) {
        for (auto const &path : files.files_in(folder, ".preset"))
            by_name.try_emplace(base_name(path), path);
    }
    std::vector<std::string> paths;
    paths.reserve(by_name.size());
    for (auto const &[name, path] : by_name)
        paths.push_back(path);
    return paths;
}

}  // namespace

std::optional<Presets> Presets::of_first_boot(GuestFiles &files)
{
    if (!starts_with_systemd(files) || !is_first_boot(files))
        return std::nullopt;
    Presets presets;
    for (auto const &path : preset_files(files)) {
        auto const text = files.text(path);  // none behind a link to /dev/null
        for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
            auto const words = split_blanks(line);
            if (words.size() < 2 || words[0].front() == '#' || words[0].front() == ';')
                continue;
            // More words are a template's instances: such a line is not about units of other kinds.
            bool const known = words[0] == "enable" || words[0] == "disable" || words[0] == "ignore";
            if (!known || words.size() > 2)
                continue;
            if (presets.m_rules.size() == max_rules) {
                files.fail(path, "too many lines");
                return presets;
            }
            presets.m_rules.push_back({words[0] == "enable", words[1]});
        }
    }
    return presets;
}

bool Presets::enables(std::string_view unit) const
{
    auto const rule =
        std::find_if(m_rules.begin(), m_rules.end(), [&](auto &each) { return glob_match(each.pattern, unit); });
    return rule == m_rules.end() || rule->enable;
}

bool installs_into_boot(GuestFiles &files, const std::string &file, const std::string &unit,
                        const std::vector<std::string> &folders, bool (*starts_at_boot)(std::string_view))
{
    std::vector<std::string> paths{file};
    for (auto const &folder : folders) {
        for (auto const &path : files.files_in(fmt::format("{}/{}.d", folder, unit), ".conf"))
            paths.push_back(path);
    }
    for (auto const &path : paths) {
        auto const text = files.text(path);
        for (auto const &section : parse_ini(text ? std::string_view(*text) : std::string_view())) {
            if (section.name != "Install")
                continue;
            for (auto const &[key, value, line] : section.entries) {
                if (key != "WantedBy" && key != "RequiredBy" && key != "UpheldBy")
                    continue;
                auto const targets = split_blanks(value);
                if (std::any_of(targets.begin(), targets.end(), starts_at_boot))
                    return true;
            }
        }
    }
    return false;
}

}  // namespace imgport
