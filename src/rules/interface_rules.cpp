// Which network cards the guest expects, and by which names.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/network_questions.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

bool is_number(std::string_view text)
{
    return parse_number(text).has_value();
}

// eth0, ens5, enp1s0: a name of a card, not of something made of cards.
bool is_card(std::string_view name)
{
    return name.starts_with("e") || (name.size() > 1 && name[0] == 'p' && is_number(name.substr(1, 1))) ||
           name.starts_with("vtnet");
}

// What the configuration says of the machine's own cards and is still there at the first boot.
std::vector<const InterfaceConfig *> lasting(const GuestFacts &guest)
{
    std::vector<const InterfaceConfig *> found;
    for (auto const &interface : guest.network->interfaces) {
        if (interface.on_boot && !(guest.cloud_init && is_rewritten(interface, *guest.cloud_init)))
            found.push_back(&interface);
    }
    return found;
}

Outcome net_single_nic(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.network)
        return unknown(guest.network.reason());
    std::vector<Evidence> stacked;
    std::vector<Evidence> cards;
    std::map<std::string, std::set<std::string>> names;  // by their scheme: eth0 and ens5 may be the same card
    for (auto const *interface : lasting(guest)) {
        auto const &members = interface->members;
        bool const on_card = std::any_of(members.begin(), members.end(), is_card);
        if (interface->kind.empty() && !interface->part_of.empty()) {
            stacked.push_back(
                place_of(*interface, fmt::format("{} belongs to {}", name_of(*interface), interface->part_of)));
        } else if (!interface->kind.empty() && interface->kind != "other" && on_card) {
            stacked.push_back(place_of(
                *interface, fmt::format("{}: a {} on {}", name_of(*interface), interface->kind, join(members, ", "))));
        } else if (interface->kind.empty() && is_card(interface->name) &&
                   interface->name.find_first_of("*?[") == std::string::npos) {
            names[interface->name.starts_with("eth") ? "eth" : ""].insert(interface->name);
            cards.push_back(place_of(*interface, interface->name));
        }
    }
    if (!stacked.empty())
        return violated(fmt::format("{}: the instance has one plain network card, and the cloud sets up nothing else",
                                    stacked.front().value),
                        stacked);
    for (auto const &[scheme, found] : names) {
        if (found.size() > 1)
            return violated(fmt::format("{} are configured: a new instance has one network card",
                                        join({found.begin(), found.end()}, ", ")),
                            cards, "second");
    }
    return passed("not more than one network card is configured");
}

Outcome net_ipv6(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.network)
        return unknown(guest.network.reason());
    std::vector<Evidence> evidence;
    for (auto const *interface : lasting(guest)) {
        for (auto const &address : interface->addresses) {
            // Link-local ones are nobody's, and hold on any network.
            std::string const lower = to_lower(address);
            if (is_ipv6(address) && !lower.starts_with("fe80:") && !lower.starts_with("::1"))
                evidence.push_back(place_of(*interface, fmt::format("{}: {}", name_of(*interface), address)));
        }
    }
    if (evidence.empty())
        return passed("no IPv6 address is configured");
    if (!guest.cloud_init && may_be_rewritten(guest, evidence))
        return unknown(guest.cloud_init.reason());
    return violated(
        fmt::format("an IPv6 address is configured ({}): the cloud takes no images with IPv6 addresses, and "
                    "gives the instance's itself",
                    evidence.front().value),
        evidence);
}

// How the guest names its first card: true: the kernel's way, eth0; nullopt: the command line is not known.
std::optional<bool> kernel_names(const GuestFacts &guest)
{
    if (!guest.network->kernel_names.empty())
        return true;
    if (!guest.boot_loader)
        return std::nullopt;
    auto const entries = judged_entries(guest);
    if (entries.empty())
        return std::nullopt;
    return std::all_of(entries.begin(), entries.end(), [](auto const *entry) {
        auto const values = kernel_parameters(entry->cmdline, "net.ifnames");
        return !values.empty() && values.back() == "0";
    });
}

// Names that a virtio card on KVM does not get: those of VMware's (ens33, ens160, ens192), VirtualBox's (enp0s3) and
// PCIe slots, of onboard cards, of biosdevname and of MAC addresses. Small ens and enp0s numbers may be the cloud's.
bool is_foreign(std::string_view name)
{
    if (name.starts_with("eno") || name.starts_with("enx") || name.starts_with("em") ||
        (name.size() > 1 && name[0] == 'p' && is_number(name.substr(1, 1))))
        return true;
    if (name.starts_with("ens")) {
        auto const slot = parse_number(name.substr(3));
        return slot && *slot >= 32;  // KVM's slots end at 31
    }
    if (name.starts_with("enp")) {
        auto const bus = parse_number(name.substr(3, name.find('s') - 3));
        return (bus && *bus >= 1) || name == "enp0s3" || name == "enp0s8" || name == "enp0s17";
    }
    return false;
}

// Whether the card may get that name; nullopt: that hangs on the command line.
std::optional<bool> may_get(const GuestFacts &guest, const std::string &name)
{
    if (contains(guest.network->given_names, name))
        return true;
    auto const by_kernel = kernel_names(guest);
    bool const first = name == "eth0";
    if (is_foreign(name))
        return false;
    if (!by_kernel)
        return std::nullopt;
    if (name.starts_with("eth"))
        return first && *by_kernel;
    return !(*by_kernel && name.starts_with("en"));
}

Outcome net_ifname(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.network)
        return unknown(guest.network.reason());
    auto const &network = *guest.network;
    std::vector<Evidence> evidence;
    std::string open;
    for (auto const *interface : lasting(guest)) {
        bool const by_name = is_card(interface->name) && !interface->by_match && interface->hwaddr.empty();
        if (!interface->kind.empty())
            continue;
        // A pattern, a driver or a MAC address (see net-hwaddr) chooses the card.
        if (!by_name || interface->name.find_first_of("*?[") != std::string::npos)
            return passed(fmt::format("{} is not chosen by its name alone", name_of(*interface)));
        auto const gets = may_get(guest, interface->name);
        if (gets.value_or(false))
            return passed(fmt::format("{} is a name that the instance's card may get", interface->name),
                          {place_of(*interface, interface->name)});
        if (!gets)
            open = interface->name;
        evidence.push_back(place_of(*interface, interface->name));
    }
    if (evidence.empty())
        return passed("no configuration names a network card");
    if (guest.cloud_init && cloud_init_configures_network(*guest.cloud_init))
        return passed("cloud-init configures the network at boot, by the name that it finds");
    if (contains(network.enabled_services, "NetworkManager") && network.nm_no_auto.empty())
        return passed("NetworkManager asks for an address by DHCP on a card that nothing describes");
    if (!guest.cloud_init)
        return unknown(guest.cloud_init.reason());
    if (!open.empty())
        return unknown(
            fmt::format("whether the card is named {} hangs on the kernel's command line, which is not known", open));
    return violated(fmt::format("the network is configured for {}, a name that the instance's card does not get: it "
                                "stays down",
                                evidence.front().value),
                    evidence);
}

}  // namespace

std::vector<Rule> interface_rules()
{
    std::string const group = "network";
    return {
        {{"net-single-nic",
          group,
          "One plain network card is configured",
          "A bond, bridge or VLAN has nothing to lie on, and nothing sets it up on the instance; a second card is "
          "waited for at each boot.",
          "Configure the first card alone, by DHCP (see net-dhcp), and delete the files of bonds, bridges, VLANs and "
          "further cards",
          cite({"INS"}),
          {"", "second"}},
         Reads::guest,
         Guests::unix_like,
         net_single_nic},
        {{"net-ipv6",
          group,
          "No IPv6 address is configured",
          "The cloud takes no images with IPv6 addresses, and an address of the old network is not reached.",
          "Take the IPv6 addresses out of the file named here; link-local ones and automatic configuration may stay",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         net_ipv6},
        {{"net-ifname",
          group,
          "The network configuration is for a name that the instance's card can get",
          "The configuration is for the card of another hypervisor (ens33, ens192, enp0s3), or for eth0 where udev "
          "gives predictable names: nothing configures the instance's card, and it cannot be reached.",
          "Configure eth0 and add net.ifnames=0 biosdevname=0 to the kernel's command line; or match by driver "
          "(netplan: match: {driver: virtio_net}; networkd: [Match] Driver=virtio_net); or leave the network to "
          "cloud-init",
          cite({"CI", "PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         net_ifname},
    };
}

}  // namespace imgport
