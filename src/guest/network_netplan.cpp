#include <algorithm>
#include <map>

#include "guest/guest_text.hpp"
#include "guest/network.hpp"
#include "guest/yaml_file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_interfaces = 1000;

// What the files say of one interface so far: a later file overrides each key, and adds to lists.
struct Merged {
    std::map<std::string, bool> dhcp = {};
    bool matches = false;  // its id is a mere label
    std::string match_name = {};
    std::string set_name = {};
    InterfaceConfig config = {};
};

void add_once(std::vector<std::string> &list, const std::string &text)
{
    if (std::find(list.begin(), list.end(), text) == list.end())
        list.push_back(text);
}

// The kind of the group "ethernets", "bonds", ...
const char *kind_of(std::string_view group)
{
    return group == "ethernets" ? ""
           : group == "bonds"   ? "bond"
           : group == "bridges" ? "bridge"
           : group == "vlans"   ? "vlan"
                                : "other";
}

void merge_one(Merged &merged, const std::string &id, const YAML::Node &node, const std::string &path)
{
    InterfaceConfig &config = merged.config;
    config.manager = "netplan";
    config.where = {path, yaml_line(node), {}, id};
    for (const char *key : {"dhcp4", "dhcp6"}) {
        if (auto const value = yaml_text(yaml_child(node, key)))
            merged.dhcp[key] = means_yes(*value);
    }
    auto const addresses = yaml_child(node, "addresses");
    for (auto const &address : yaml_texts(addresses)) {
        add_once(config.addresses, address);
        config.where.line = yaml_line(addresses);
    }
    // An address may also be a mapping of itself to its options.
    if (addresses.IsDefined() && addresses.IsSequence()) {
        for (std::size_t i = 0; i < std::min<std::size_t>(addresses.size(), max_interfaces); ++i) {
            auto const item = addresses[i];
            if (item.IsMap() && item.size() > 0)
                add_once(config.addresses, yaml_text(item.begin()->first).value_or(""));
        }
    }
    auto const match = yaml_child(node, "match");
    if (auto const mac = yaml_text(yaml_child(match, "macaddress")))
        config.hwaddr = *mac;
    // What one file matches by, and what another calls it, come together.
    merged.matches |= match.IsDefined();
    merged.match_name = yaml_text(yaml_child(match, "name")).value_or(merged.match_name);
    merged.set_name = yaml_text(yaml_child(node, "set-name")).value_or(merged.set_name);
    config.name = !merged.matches ? id : merged.set_name.empty() ? merged.match_name : merged.set_name;
    if (yaml_child(match, "driver").IsDefined() || yaml_child(match, "macaddress").IsDefined())
        config.by_match = true;
    for (auto const &member : yaml_texts(yaml_child(node, "interfaces")))
        add_once(config.members, member);
    if (auto const link = yaml_text(yaml_child(node, "link")))
        config.members = {*link};
    if (auto const mode = yaml_text(yaml_child(node, "activation-mode")))
        config.on_boot = *mode != "manual" && *mode != "off";
}

// A file in /etc hides one of the same name in /lib (netplan(5)). By name, which is the order of merging.
std::map<std::string, std::string> netplan_files(GuestFiles &files)
{
    std::map<std::string, std::string> by_name;
    for (const char *folder : {"/lib/netplan", "/etc/netplan"}) {
        for (auto const &path : files.files_in(folder, ".yaml"))
            by_name[base_name(path)] = path;
    }
    return by_name;
}

}  // namespace

bool has_netplan_generator(GuestFiles &files)
{
    return files.exists("/lib/systemd/system-generators/netplan") ||
           files.exists("/usr/lib/systemd/system-generators/netplan");
}

bool netplan_starts_networkd(GuestFiles &files)
{
    if (!has_netplan_generator(files))
        return false;
    std::string renderer;
    for (auto const &[name, path] : netplan_files(files)) {
        auto const document = read_yaml(files, path);
        auto const network = document ? yaml_child(*document, "network") : YAML::Node(YAML::NodeType::Undefined);
        if (network.IsDefined() && renderer.empty())
            renderer = "networkd";
        renderer = yaml_text(yaml_child(network, "renderer")).value_or(renderer);
    }
    return renderer == "networkd";
}

void read_netplan(GuestFiles &files, std::vector<InterfaceConfig> &interfaces)
{
    std::map<std::string, Merged> merged;
    std::vector<std::string> order;
    for (auto const &[name, path] : netplan_files(files)) {
        auto const document = read_yaml(files, path);
        if (!document)
            continue;
        auto const network = yaml_child(*document, "network");
        for (const char *kind : {"ethernets", "bonds", "bridges", "vlans", "wifis"}) {
            auto const group = yaml_child(network, kind);
            if (!group.IsDefined() || !group.IsMap())
                continue;
            for (auto const &item : group) {
                std::string const id = yaml_text(item.first).value_or("");
                if (id.empty() || id == "lo" || order.size() >= max_interfaces)
                    continue;
                if (!merged.contains(id))
                    order.push_back(id);
                merge_one(merged[id], id, item.second, path);
                merged[id].config.kind = kind_of(kind);
            }
        }
    }
    for (auto const &id : order) {
        Merged &one = merged[id];
        bool const dhcp = one.dhcp["dhcp4"] || one.dhcp["dhcp6"];
        one.config.method = dhcp ? "dhcp" : one.config.addresses.empty() ? "none" : "static";
        interfaces.push_back(std::move(one.config));
    }
}

}  // namespace imgport
