#include <map>

#include "guest/guest_text.hpp"
#include "guest/network.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

struct Unit {
    std::string path;                   // the main file
    std::vector<std::string> drop_ins;  // NAME.network.d/*.conf, in order
};

void read_unit(GuestFiles &files, const Unit &unit, std::vector<InterfaceConfig> &interfaces)
{
    InterfaceConfig config;
    config.manager = "networkd";
    config.where.file = unit.path;
    std::string dhcp;
    bool matches_anything = false;
    std::vector<std::string> paths{unit.path};
    paths.insert(paths.end(), unit.drop_ins.begin(), unit.drop_ins.end());
    for (auto const &path : paths) {
        auto const text = files.text(path);
        for (auto const &section : parse_ini(text ? std::string_view(*text) : std::string_view())) {
            for (auto const &entry : section.entries) {
                if (section.name == "Match") {
                    matches_anything = true;
                    if (entry.key == "Name")
                        config.name = entry.value;
                    else if (entry.key == "MACAddress" || entry.key == "PermanentMACAddress")
                        config.hwaddr = entry.value;
                    else if (entry.key == "Driver" || entry.key == "Path" || entry.key == "Type" ||
                             entry.key == "Property")
                        config.by_match = true;
                    else if (entry.key == "Kind")
                        config.kind = "other";
                    if (entry.key == "Type" && entry.value != "ether")
                        config.kind = "other";
                } else if (section.name == "Network" && (entry.key == "Bond" || entry.key == "Bridge")) {
                    config.part_of = entry.value;
                } else if (section.name == "Network" && entry.key == "VLAN" && !entry.value.empty()) {
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
                }
            }
        }
    }
    // Without [Match] the file is ignored.
    if (!matches_anything || config.name == "lo")
        return;
    bool const asks =
        means_yes(dhcp) || dhcp == "ipv4" || dhcp == "ipv6" || dhcp == "both" || dhcp == "v4" || dhcp == "v6";
    config.method = asks ? "dhcp" : config.addresses.empty() ? "none" : "static";
    interfaces.push_back(std::move(config));
}

// systemd's own examples that concern containers, and never a machine's interface.
bool is_vendor_default(std::string_view path)
{
    return path.starts_with("/usr/lib/systemd/network/") || path.starts_with("/lib/systemd/network/");
}

}  // namespace

void read_networkd(GuestFiles &files, std::vector<InterfaceConfig> &interfaces)
{
    // A file in /etc hides one of the same name in /usr/lib.
    std::map<std::string, Unit> units;
    for (const char *folder : {"/lib/systemd/network", "/usr/lib/systemd/network", "/usr/local/lib/systemd/network",
                               "/etc/systemd/network"}) {
        for (auto const &path : files.files_in(folder, ".network"))
            units[base_name(path)].path = path;
    }
    for (auto &[name, unit] : units) {
        for (const char *folder : {"/usr/lib/systemd/network/", "/etc/systemd/network/"}) {
            for (auto const &path : files.files_in(folder + name + ".d", ".conf"))
                unit.drop_ins.push_back(path);
        }
        if (!is_vendor_default(unit.path) || !unit.drop_ins.empty())
            read_unit(files, unit, interfaces);
    }
}

}  // namespace imgport
