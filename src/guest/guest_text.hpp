// The small languages that guest files are written in: shell assignments, INI sections, globs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/guest_files.hpp"

namespace imgport {

// A value and the line it stands in, from 1.
struct Assigned {
    std::string value;
    std::uint64_t line = 0;
};

using Assignments = std::map<std::string, Assigned, std::less<>>;

// The KEY=value lines of a shell fragment (os-release, ifcfg, rc.conf): quotes and backslashes taken off, nothing
// expanded, the last assignment wins. Lines of another kind are passed over.
Assignments shell_assignments(std::string_view text);

// The value of a key; empty where it is not set.
std::string value_of(const Assignments &assignments, std::string_view key);

// One "[Section]" of an INI file (systemd units, NetworkManager keyfiles). Sections of the same name stay apart.
struct IniEntry {
    std::string key;
    std::string value;
    std::uint64_t line = 0;
};
struct IniSection {
    std::string name;
    std::vector<IniEntry> entries = {};

    // The last value of that key; nullopt where there is none.
    std::optional<std::string> value(std::string_view key) const;
};
std::vector<IniSection> parse_ini(std::string_view text);

// Whether shells would say that `text` means yes: yes, true, on, 1, whatever the case.
bool means_yes(std::string_view text);
bool means_no(std::string_view text);

// Lines that are neither blank nor comments ('#').
bool has_active_line(std::string_view text);

// '*', '?' and '[...]' as in fnmatch(3), without special treatment of dots and slashes. Linear in time.
bool glob_match(std::string_view pattern, std::string_view text);

// The paths that match, sorted; wildcards may stand in the last component only, as configuration files use them.
// A path without wildcards is returned where it exists.
std::vector<std::string> expand_glob(GuestFiles &files, std::string_view pattern);

// "/a/./b/../c" -> "/a/c"; never above "/".
std::string normal_path(std::string_view path);

}  // namespace imgport
