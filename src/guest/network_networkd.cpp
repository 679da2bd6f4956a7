#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "guest/network.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

struct Unit {
    std::string path;                   // the main file
    std::vector<std::string> drop_ins;  // NAME.network.d/*.conf, in order
};

// One file as systemd-networkd understands it.
struct Profile {
    InterfaceConfig config;
    bool vendor = false;          // it came with a package, below /usr/lib
    bool matches = false;         // it has a [Match], without which it is ignored
    bool says_something = false;  // it is not empty, as a masked one
    bool applies = true;          // what [Match] says of the machine is true of an instance
    bool narrowed = false;        // it is for some cards only, by more than their names
    bool foreign = false;         // by drivers, none of them virtio's
};

// systemd.unit(5), ConditionVirtualization=: whether that may be an instance.
bool may_be_virtualization(std::string_view value)
{
    bool const negated = value.starts_with('!');
    std::string const kind = to_lower(value.substr(negated ? 1 : 0));
    constexpr std::array<std::string_view, 4> always{"yes", "true", "1", "vm"};
    constexpr std::array<std::string_view, 7> perhaps{"kvm",    "qemu",      "xen",          "amazon",
                                                      "google", "microsoft", "private-users"};
    if (std::find(always.begin(), always.end(), kind) != always.end())
        return !negated;
    return std::find(perhaps.begin(), perhaps.end(), kind) != perhaps.end() || negated;
}

// KernelCommandLine=: a word, or the name of an assignment, is there; with '!' it is not. Any of several will do.
bool is_on_command_line(std::string_view value, std::string_view cmdline)
{
    if (cmdline.empty())
        return true;
    auto const given = split_blanks(cmdline);
    auto const wanted = split_blanks(value);
    return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), [&](std::string_view word) {
               bool const negated = word.starts_with('!');
               word.remove_prefix(negated ? 1 : 0);
               bool const there = std::any_of(given.begin(), given.end(), [&](auto const &one) {
                   return one == word || one.substr(0, one.find('=')) == word;
               });
               return there != negated;
           });
}

// A list of patterns, all of them negated by a '!' in front of the first: whether `text` is one of them.
bool is_listed(std::string_view list, std::string_view text)
{
    bool const negated = list.starts_with('!');
    auto const patterns = split_blanks(list.substr(negated ? 1 : 0));
    bool const found =
        std::any_of(patterns.begin(), patterns.end(), [&](auto const &pattern) { return glob_match(pattern, text); });
    return found != negated;
}

// systemd.network(5), [Match].
void take_match(Profile &profile, const IniEntry &entry, std::string_view cmdline)
{
    InterfaceConfig &config = profile.config;
    profile.matches = true;
    if (entry.key == "Name") {
        config.name += (config.name.empty() || entry.value.empty() ? "" : " ") + entry.value;
    } else if (entry.key == "MACAddress" || entry.key == "PermanentMACAddress") {
        config.hwaddr = entry.value;
        profile.narrowed = true;
    } else if (entry.key == "Driver" || entry.key == "Path" || entry.key == "Property") {
        config.by_match = true;
        profile.narrowed = profile.narrowed || !entry.value.starts_with('!');
        profile.foreign = profile.foreign || (entry.key == "Driver" && !is_listed(entry.value, "virtio_net"));
    } else if (entry.key == "Type") {
        config.by_match = true;
        if (!is_listed(entry.value, "ether"))
            config.kind = "other";
    } else if (entry.key == "Kind") {
        // A card is of no kind.
        if (entry.value.starts_with('!'))
            config.by_match = true;
        else
            config.kind = "other";
    } else if (entry.key == "Virtualization") {
        profile.applies = profile.applies && may_be_virtualization(entry.value);
    } else if (entry.key == "KernelCommandLine") {
        profile.applies = profile.applies && is_on_command_line(entry.value, cmdline);
    } else {
        profile.narrowed = true;  // a host, an architecture, a kernel: perhaps this one
    }
}

Profile read_unit(GuestFiles &files, const Unit &unit, std::string_view cmdline)
{
    Profile profile;
    InterfaceConfig &config = profile.config;
    config.manager = "networkd";
    config.where.file = unit.path;
    std::string dhcp;
    std::vector<std::string> paths{unit.path};
    paths.insert(paths.end(), unit.drop_ins.begin(), unit.drop_ins.end());
    for (auto const &path : paths) {
        auto const text = files.text(path);
        for (auto const &section : parse_ini(text ? std::string_view(*text) : std::string_view())) {
            for (auto const &entry : section.entries) {
                profile.says_something = true;
                if (section.name == "Match") {
                    take_match(profile, entry, cmdline);
                } else if (section.name == "Network" && (entry.key == "Bond" || entry.key == "Bridge" ||
                                                         (entry.key == "VLAN" && !entry.value.empty()))) {
                    config.part_of = entry.value;
                } else if (section.name == "Network" && entry.key == "DHCP") {
                    dhcp = to_lower(entry.value);
                    config.where = {path, entry.line, {}, "DHCP=" + entry.value};
                } else if ((section.name == "Network" || section.name == "Address") && entry.key == "Address") {
                    if (entry.value.empty())
                        config.addresses.clear();  // systemd.syntax(7): an empty assignment resets a list
                    else
                        config.addresses.push_back(entry.value);
                    if (dhcp.empty())
                        config.where = {path, entry.line, {}, "Address=" + entry.value};
                } else if (section.name == "Link" && entry.key == "ActivationPolicy") {
                    config.on_boot = entry.value != "manual" && entry.value != "down" && entry.value != "always-down";
                } else if (section.name == "Link" && entry.key == "Unmanaged" && means_yes(to_lower(entry.value))) {
                    config.on_boot = false;
                }
            }
        }
    }
    bool const asks =
        means_yes(dhcp) || dhcp == "ipv4" || dhcp == "ipv6" || dhcp == "both" || dhcp == "v4" || dhcp == "v6";
    config.method = asks ? "dhcp" : config.addresses.empty() ? "none" : "static";
    return profile;
}

// Before systemd 243 a file without [Match] was for every card. Its library tells the release.
bool matches_without_section(GuestFiles &files)
{
    constexpr std::string_view name = "libsystemd-shared-";
    for (const char *folder : {"/usr/lib/systemd", "/lib/systemd"}) {
        for (auto const &path : files.files_in(folder, ".so")) {
            std::string const file = base_name(path);
            if (!file.starts_with(name))
                continue;
            auto const release =
                parse_number(file.substr(name.size(), file.find_first_of("-.", name.size()) - name.size()));
            return release && *release < 243;
        }
    }
    return false;
}

// For each card the first file that matches it counts: whether nothing is left to `later`.
bool takes_all_of(const Profile &first, const Profile &later)
{
    if (first.narrowed || !first.config.kind.empty() || first.config.name.starts_with('!'))
        return false;
    std::string_view const names = first.config.name.empty() ? std::string_view("*") : first.config.name;
    if (later.config.name.empty() || later.config.name.starts_with('!'))
        return is_listed(names, "*");
    auto const wanted = split_blanks(later.config.name);
    return std::all_of(wanted.begin(), wanted.end(), [&](auto const &name) { return is_listed(names, name); });
}

// Packages bring files for what containers, tunnels and bridges make, and for the cards of one cloud; few are for any
// card.
bool concerns_a_card(const Profile &profile)
{
    constexpr std::array<std::string_view, 4> names{"eth0", "ens5", "enp0s5", "enX0"};
    InterfaceConfig const &config = profile.config;
    return !profile.foreign && config.kind.empty() && config.method != "none" &&
           (config.name.empty() ||
            std::any_of(names.begin(), names.end(), [&](auto name) { return is_listed(config.name, name); }));
}

}  // namespace

void read_networkd(GuestFiles &files, std::string_view cmdline, NetworkdVendor vendor,
                   std::vector<InterfaceConfig> &interfaces)
{
    // Of several files of one name the one in the strongest folder counts; an empty one, or a link to /dev/null, says
    // nothing. All are then taken in the order of their names.
    constexpr std::array<const char *, 5> folders{"/lib/systemd/network", "/usr/lib/systemd/network",
                                                  "/usr/local/lib/systemd/network", "/run/systemd/network",
                                                  "/etc/systemd/network"};
    std::map<std::string, Unit> units;
    for (const char *folder : folders) {
        for (auto const &path : files.files_in(folder, ".network"))
            units[base_name(path)].path = path;
    }
    bool const any_matches = matches_without_section(files);
    std::vector<Profile> profiles;
    for (auto &[name, unit] : units) {
        std::map<std::string, std::string> drop_ins;  // by their names, as the files themselves
        for (const char *folder : folders) {
            for (auto const &path : files.files_in(fmt::format("{}/{}.d", folder, name), ".conf"))
                drop_ins[base_name(path)] = path;
        }
        for (auto const &[drop_in, path] : drop_ins)
            unit.drop_ins.push_back(path);
        Profile profile = read_unit(files, unit, cmdline);
        profile.vendor =
            unit.drop_ins.empty() && (unit.path.starts_with("/usr/lib/") || unit.path.starts_with("/lib/"));
        bool const matches = profile.matches || (any_matches && profile.says_something);
        if (!matches || !profile.applies || profile.config.name == "lo" ||
            (profile.vendor && vendor == NetworkdVendor::left_out))
            continue;
        bool const hidden = std::any_of(profiles.begin(), profiles.end(),
                                        [&](auto const &first) { return takes_all_of(first, profile); });
        if (!hidden)
            profiles.push_back(std::move(profile));
    }
    for (auto &profile : profiles) {
        if (!profile.vendor || concerns_a_card(profile))
            interfaces.push_back(std::move(profile.config));
    }
}

}  // namespace imgport
