#include "guest/network.hpp"

#include <algorithm>
#include <array>

#include "guest/guest_text.hpp"
#include "guest/interface_names.hpp"
#include "guest/metadata_route.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

struct Stack {
    const char *name;
    std::vector<std::string> units;
};

void read_services(GuestFiles &files, const Services &services, NetworkFacts &facts)
{
    const std::array<Stack, 11> stacks{{
        {"systemd-networkd", {"systemd-networkd.service"}},
        {"NetworkManager", {"NetworkManager.service"}},
        {"networking", {"networking.service"}},
        {"network", {"network.service"}},
        {"wicked", {"wicked.service"}},
        {"connman", {"connman.service"}},
        {"dhcpcd", {"dhcpcd.service"}},
        {"network-interface", {"network-interface.service"}},
        {"netctl", {"netctl.service", "netctl-auto.service"}},
        {"iwd", {"iwd.service"}},
        {"rc.inet1", {"rc.inet1.service"}},
    }};
    for (auto const &stack : stacks) {
        if (services.state(files, stack.units).enabled)
            facts.enabled_services.emplace_back(stack.name);
    }
    auto const listed = [&](std::string_view name) {
        return std::find(facts.enabled_services.begin(), facts.enabled_services.end(), name) !=
               facts.enabled_services.end();
    };
    if (!listed("systemd-networkd") && services.state(files, {"systemd-networkd.service"}).present &&
        netplan_starts_networkd(files))
        facts.enabled_services.emplace_back("systemd-networkd");
    facts.netplan = services.state(files, {"systemd-networkd.service"}).present && has_netplan_generator(files);
    // Instances of a template for one interface each: dhcpcd@eth0.service, netctl@NAME.service.
    for (auto const &[prefix, name] : {std::pair("dhcpcd@", "dhcpcd"), std::pair("netctl@", "netctl"),
                                       std::pair("ifup@", "networking"), std::pair("dhclient@", "dhclient")}) {
        if (!listed(name) && services.any_enabled(prefix))
            facts.enabled_services.emplace_back(name);
    }
    if (!listed("network") && services.any_enabled("net.e"))  // Gentoo: net.eth0
        facts.enabled_services.emplace_back("network");
    // SUSE's network.service is an alias of whichever stack is installed.
    if (auto const target = files.link("/etc/systemd/system/network.service")) {
        std::string const unit = base_name(*target);
        for (std::string_view name : {"wicked", "NetworkManager"}) {
            if (unit == std::string(name) + ".service" && !listed(name))
                facts.enabled_services.emplace_back(name);
        }
    }
    // FreeBSD's rc runs netif without being asked.
    if (files.exists("/etc/rc.d/netif") && files.exists("/etc/rc.subr"))
        facts.enabled_services.emplace_back("netif");
}

void read_udev_rules(GuestFiles &files, NetworkFacts &facts)
{
    for (auto const &path : files.files_in("/etc/udev/rules.d", ".rules")) {
        std::string const name = base_name(path);
        bool const binds_names = name.find("persistent-net") != std::string::npos ||
                                 name.find("net_persistent") != std::string::npos ||
                                 name.find("net-persistent") != std::string::npos;
        if (!binds_names || name.find("generator") != std::string::npos)
            continue;
        auto const text = files.text(path);
        if (text && has_active_line(*text))
            facts.udev_rules.push_back(path);
    }
}

// Programs that ask for an address. Those inside systemd-networkd, NetworkManager and wicked come with these.
void read_dhcp_clients(GuestFiles &files, NetworkFacts &facts)
{
    for (std::string const name : {"dhclient", "dhcpcd", "udhcpc", "pump", "dhcp-client", "dhcp6c"}) {
        for (const char *folder : {"/sbin/", "/usr/sbin/", "/bin/", "/usr/bin/", "/usr/local/sbin/"}) {
            if (files.exists(folder + name)) {
                facts.dhcp_clients.push_back(name);
                break;
            }
        }
    }
    struct Inside {
        const char *name;
        std::vector<const char *> paths;
    };
    for (auto const &[name, paths] : std::vector<Inside>{
             {"systemd-networkd", {"/usr/lib/systemd/systemd-networkd", "/lib/systemd/systemd-networkd"}},
             {"NetworkManager", {"/usr/sbin/NetworkManager", "/usr/bin/NetworkManager"}},
             {"wicked",
              {"/usr/sbin/wickedd", "/usr/lib/wicked/bin/wickedd-dhcp4", "/usr/libexec/wicked/bin/wickedd-dhcp4"}},
             {"connman", {"/usr/sbin/connmand", "/usr/bin/connmand"}}}) {
        if (std::any_of(paths.begin(), paths.end(), [&](auto path) { return files.exists(path); }))
            facts.dhcp_clients.emplace_back(name);
    }
}

// NetworkManager.conf(5): no-auto-default=* keeps it from making connections of its own.
void read_nm_auto(GuestFiles &files, NetworkFacts &facts)
{
    std::vector<std::string> paths;
    for (const char *folder : {"/usr/lib/NetworkManager/conf.d", "/etc/NetworkManager/conf.d"}) {
        for (auto const &path : files.files_in(folder, ".conf"))
            paths.push_back(path);
    }
    paths.emplace_back("/etc/NetworkManager/NetworkManager.conf");
    for (auto const &path : paths) {
        auto const text = files.text(path);
        for (auto const &section : parse_ini(text ? std::string_view(*text) : std::string_view())) {
            auto const value = section.name == "main" ? section.value("no-auto-default") : std::nullopt;
            if (value)
                facts.nm_no_auto = trim(*value) == "*" ? path : "";
        }
    }
}

}  // namespace

Known<NetworkFacts> read_network(FileTree &tree, const Services &services, std::string_view cmdline)
{
    GuestFiles files(tree);
    NetworkFacts facts;
    read_services(files, services, facts);
    auto const &on = facts.enabled_services;
    bool const others = !on.empty() && std::find(on.begin(), on.end(), "systemd-networkd") == on.end();
    for (auto read : {read_ifcfg, read_netplan})
        read(files, facts.interfaces);
    read_networkd(files, cmdline, others ? NetworkdVendor::left_out : NetworkdVendor::counted, facts.interfaces);
    for (auto read : {read_ifupdown, read_network_manager, read_rc_conf_network})
        read(files, facts.interfaces);
    read_udev_rules(files, facts);
    read_dhcp_clients(files, facts);
    read_nm_auto(files, facts);
    read_interface_names(files, facts);
    read_metadata_blocks(files, services, facts);
    return files.answer(std::move(facts));
}

}  // namespace imgport
