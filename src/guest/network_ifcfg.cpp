#include <algorithm>

#include "guest/guest_text.hpp"
#include "guest/network.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Editors' and package managers' leftovers, which the scripts pass over as well.
bool is_leftover(std::string_view name)
{
    for (std::string_view suffix : {"~", ".bak", ".old", ".orig", ".rpmnew", ".rpmorig", ".rpmsave", ".template"}) {
        if (name.ends_with(suffix))
            return true;
    }
    return false;
}

// IPADDR, IPADDR0, IPADDR_1, IPV6ADDR...
bool is_address_key(std::string_view key)
{
    for (std::string_view prefix : {"IPADDR", "IPV6ADDR"}) {
        if (!key.starts_with(prefix))
            continue;
        std::string_view const rest = key.substr(prefix.size());
        if (rest.empty() || rest.front() == '_' || (rest.front() >= '0' && rest.front() <= '9'))
            return true;
    }
    return key == "IPV6ADDR_SECONDARIES";
}

// What it lies on, or lies on it: DEVICETYPE and TYPE, MASTER, BRIDGE, VLAN, and SUSE's words for the same.
void describe_stack(const Assignments &values, InterfaceConfig &config)
{
    std::string const type = to_lower(value_of(values, "TYPE"));
    for (auto const *key : {"MASTER", "BRIDGE", "TEAM_MASTER", "OVS_BRIDGE", "BRIDGE_UUID", "MASTER_UUID"}) {
        auto const value = value_of(values, key);
        // SUSE's bridge says BRIDGE=yes of itself.
        if (!value.empty() && !means_yes(value) && !means_no(value) && config.part_of.empty())
            config.part_of = value;
    }
    auto const physical =
        value_of(values, "PHYSDEV").empty() ? value_of(values, "ETHERDEVICE") : value_of(values, "PHYSDEV");
    if (type == "bond" || means_yes(value_of(values, "BONDING_MASTER")) || values.contains("BONDING_OPTS") ||
        to_lower(value_of(values, "DEVICETYPE")) == "team") {
        config.kind = "bond";
    } else if (type == "bridge" || means_yes(value_of(values, "BRIDGE"))) {
        config.kind = "bridge";
        config.members = split_blanks(value_of(values, "BRIDGE_PORTS"));
    } else if (type == "vlan" || means_yes(value_of(values, "VLAN")) || !physical.empty()) {
        config.kind = "vlan";
        // eth0.100 lies on eth0.
        config.members = {physical.empty() ? config.name.substr(0, config.name.find('.')) : physical};
    } else if (type == "wireless" || type == "infiniband" || type == "ipsec" || type == "tun" || type == "tap" ||
               type == "dummy" || type == "gre" || type == "ppp" || type == "xdsl") {
        config.kind = "other";
    }
    for (auto const &[key, assigned] : values) {
        if (key.starts_with("BONDING_SLAVE") && !assigned.value.empty())
            config.members.push_back(assigned.value);
    }
}

InterfaceConfig describe(const Assignments &values, const std::string &path, bool suse)
{
    InterfaceConfig config;
    config.manager = "ifcfg";
    config.where.file = path;
    config.name = values.contains("DEVICE") ? value_of(values, "DEVICE") : base_name(path).substr(6);
    std::string const protocol = to_lower(value_of(values, "BOOTPROTO"));
    // "dhcp", "dhcp4", "dhcp6", "bootp"; SUSE also "dhcp+autoip".
    bool const dhcp = protocol.starts_with("dhcp") || protocol == "bootp" || means_yes(value_of(values, "DHCPV6C"));
    for (auto const &[key, assigned] : values) {
        if (is_address_key(key) && !assigned.value.empty() && assigned.value != "0.0.0.0") {
            config.addresses.push_back(assigned.value);
            config.where.line = assigned.line;
        }
    }
    config.method = dhcp ? "dhcp" : !config.addresses.empty() || protocol == "static" ? "static" : "none";
    for (auto const *key : {"BOOTPROTO", "DEVICE", "ONBOOT"}) {
        auto const found = values.find(key);
        if (!config.where.line && found != values.end()) {
            config.where.line = found->second.line;
            config.where.value = found->first + "=" + found->second.value;
        }
    }
    for (auto const *key : {"HWADDR", "MACADDR", "LLADDR"}) {
        if (auto const hwaddr = value_of(values, key); !hwaddr.empty() && config.hwaddr.empty())
            config.hwaddr = hwaddr;
    }
    describe_stack(values, config);
    if (suse) {
        std::string const mode = to_lower(value_of(values, "STARTMODE"));
        config.on_boot = mode == "auto" || mode == "onboot" || mode == "boot" || mode == "hotplug" || mode == "nfsroot";
    } else {
        // initscripts ask for anything but "no"; NetworkManager for anything that is not false.
        config.on_boot = !means_no(value_of(values, "ONBOOT"));
    }
    return config;
}

}  // namespace

void read_ifcfg(GuestFiles &files, std::vector<InterfaceConfig> &interfaces)
{
    for (const char *folder : {"/etc/sysconfig/network-scripts", "/etc/sysconfig/network"}) {
        // Red Hat has a file of that name where SUSE has a folder.
        if (!files.is_directory(folder))
            continue;
        bool const suse = std::string_view(folder) == "/etc/sysconfig/network";
        for (auto const &path : files.files_in(folder, "")) {
            std::string const name = base_name(path);
            if (!name.starts_with("ifcfg-") || name.size() == 6 || is_leftover(name))
                continue;
            auto const text = files.text(path);
            if (!text)
                continue;
            InterfaceConfig config = describe(shell_assignments(*text), path, suse);
            if (config.name != "lo" && name != "ifcfg-lo")
                interfaces.push_back(std::move(config));
        }
    }
}

}  // namespace imgport
