// What the guest does with its network at boot.
#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/network_questions.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome net_dhcp(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.network)
        return unknown(guest.network.reason());
    auto const &interfaces = guest.network->interfaces;
    for (auto const &interface : interfaces) {
        if (interface.method == "dhcp" && interface.on_boot)
            return passed(fmt::format("{} asks for its address by DHCP", name_of(interface)),
                          {place_of(interface, "dhcp")});
    }
    if (guest.cloud_init && cloud_init_configures_network(*guest.cloud_init))
        return passed("cloud-init configures the network at boot");
    // NetworkManager makes a DHCP connection by itself for a wired device that nothing describes (its manual,
    // NetworkManager.conf(5), "no-auto-default").
    if (interfaces.empty() && contains(guest.network->enabled_services, "NetworkManager"))
        return passed("nothing is configured, so NetworkManager asks for an address by DHCP");
    if (!guest.cloud_init)
        return unknown(guest.cloud_init.reason());
    if (leaves_network_to_nobody(guest) && context.profile.severities.contains("cloudinit-net"))
        return not_applicable("cloud-init is told to leave the network alone: see cloudinit-net");
    std::vector<Evidence> evidence;
    evidence.reserve(interfaces.size());
    for (auto const &interface : interfaces)
        evidence.push_back(place_of(interface, fmt::format("{}: {}{}", name_of(interface), interface.method,
                                                           interface.on_boot ? "" : ", not started at boot")));
    return violated("nothing asks for an address by DHCP, neither a configuration file nor cloud-init: the instance "
                    "has no network",
                    std::move(evidence));
}

Outcome net_static(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.network)
        return unknown(guest.network.reason());
    std::vector<Evidence> evidence;
    for (auto const &interface : guest.network->interfaces) {
        // Addresses of IPv6 have a rule of their own, net-ipv6.
        std::vector<std::string> addresses = interface.addresses;
        std::erase_if(addresses, is_ipv6);
        bool const fixed = !addresses.empty() || (interface.method == "static" && interface.addresses.empty());
        if (!fixed || !interface.on_boot)
            continue;
        if (guest.cloud_init && is_rewritten(interface, *guest.cloud_init))
            continue;
        evidence.push_back(place_of(interface, fmt::format("{}: {}", name_of(interface),
                                                           addresses.empty() ? "static" : join(addresses, ", "))));
    }
    if (evidence.empty())
        return passed("no fixed address is configured");
    if (may_be_rewritten(guest, evidence))
        return unknown(guest.cloud_init.reason());
    return violated(fmt::format("a fixed address is configured ({}): it is not the one that the cloud gives, so the "
                                "instance cannot be reached",
                                evidence.front().value),
                    evidence);
}

Outcome net_hwaddr(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.network)
        return unknown(guest.network.reason());
    std::vector<Evidence> evidence;
    for (auto const &interface : guest.network->interfaces) {
        if (interface.hwaddr.empty() || (guest.cloud_init && is_rewritten(interface, *guest.cloud_init)))
            continue;
        evidence.push_back(place_of(interface, fmt::format("{}: {}", name_of(interface), interface.hwaddr)));
    }
    if (evidence.empty())
        return passed("no configuration is bound to a MAC address");
    if (may_be_rewritten(guest, evidence))
        return unknown(guest.cloud_init.reason());
    return violated(fmt::format("the configuration is bound to the old machine's MAC address ({}): the instance has "
                                "another, so its network stays down",
                                evidence.front().value),
                    evidence);
}

Outcome net_udev_rules(const RuleContext &context)
{
    auto const &guest = *context.guest;
    std::vector<Evidence> evidence;
    if (guest.network) {
        for (auto const &path : guest.network->udev_rules)
            evidence.push_back(seen(path, "binds names to MAC addresses"));
    }
    if (const KernelFacts *kernel = default_kernel(guest)) {
        for (auto const &path : kernel->initramfs_udev_rules)
            evidence.push_back(seen(kernel->initramfs, "holds " + path));
    }
    if (!evidence.empty())
        return violated(fmt::format("{} gives the name of the old network card to its MAC address: the instance's card "
                                    "gets another name, which nothing configures",
                                    evidence.front().file),
                        evidence);
    if (!guest.network)
        return unknown(guest.network.reason());
    return passed("no udev rules bind network names to MAC addresses");
}

Outcome firewall_off(const RuleContext &context)
{
    auto const &firewalls = context.guest->firewalls;
    if (context.guest->os.id == "freebsd")
        return not_applicable("a FreeBSD: see fbsd-pf");
    if (!firewalls)
        return unknown(firewalls.reason());
    std::vector<Evidence> evidence;
    std::vector<std::string> names;
    for (auto const &service : *firewalls) {
        if (!service.enabled)
            continue;
        names.push_back(service.name);
        evidence.push_back(seen(service.where, service.name));
    }
    if (evidence.empty())
        return passed("no firewall starts at boot");
    return violated(fmt::format("{} start{} at boot: the cloud cannot configure the instance, and its security groups "
                                "already do that work",
                                join(names, ", "), names.size() == 1 ? "s" : ""),
                    std::move(evidence));
}

}  // namespace

std::vector<Rule> network_rules()
{
    std::string const group = "network";
    return {
        {{"net-dhcp",
          group,
          "The first network card gets its address by DHCP",
          "The instance has no network: nobody can log in, and cloud-init cannot read its metadata.",
          "Ubuntu (netplan): dhcp4: true; Debian (/etc/network/interfaces): iface eth0 inet dhcp with auto eth0; RHEL, "
          "CentOS (ifcfg-eth0): BOOTPROTO=dhcp, ONBOOT=yes; NetworkManager: method=auto; networkd: DHCP=yes; FreeBSD: "
          "ifconfig_DEFAULT=\"DHCP\" in /etc/rc.conf",
          cite({"INS", "CHK2", "CI"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         net_dhcp},
        {{"net-static",
          group,
          "No fixed address is configured",
          "The address is not the one that the cloud gives; the instance cannot be reached.",
          "Take addresses, gateway and name servers out of the file named here and use DHCP (see net-dhcp)",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         net_static},
        {{"net-hwaddr",
          group,
          "No network configuration is bound to a MAC address",
          "The instance's card has another MAC address, so the configuration does not apply and the network stays "
          "down.",
          "Delete HWADDR=, MACADDR= or mac-address= lines; in netplan the match: macaddress: and set-name: lines",
          cite({"CLOUDS"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         net_hwaddr},
        {{"net-udev-rules",
          group,
          "No udev rules bind network names to MAC addresses",
          "The instance's card becomes eth1 where eth0 is configured, and the network stays down.",
          "rm /etc/udev/rules.d/*persistent-net*.rules, then rebuild the initramfs (Debian, Ubuntu: update-initramfs "
          "-u; "
          "RHEL, CentOS, SUSE: dracut -f)",
          cite({"CLOUDS"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         net_udev_rules},
        {{"firewall-off",
          group,
          "No firewall starts at boot",
          "The cloud cannot configure the instance, and logins may be dropped; security groups do this work.",
          "systemctl disable --now firewalld (or nftables, iptables); Ubuntu: ufw disable; FreeBSD: pf_enable=\"NO\", "
          "firewall_enable=\"NO\"",
          cite({"INS", "CHK"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         firewall_off},
    };
}

}  // namespace imgport
