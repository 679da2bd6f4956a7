#include "guest/network.hpp"

#include <algorithm>
#include <array>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

struct Stack {
    const char *name;
    std::vector<std::string> units;
};

void read_services(GuestFiles &files, const Services &services, NetworkFacts &facts)
{
    const std::array<Stack, 8> stacks{{
        {"systemd-networkd", {"systemd-networkd.service"}},
        {"NetworkManager", {"NetworkManager.service"}},
        {"networking", {"networking.service"}},
        {"network", {"network.service"}},
        {"wicked", {"wicked.service"}},
        {"connman", {"connman.service"}},
        {"dhcpcd", {"dhcpcd.service"}},
        {"network-interface", {"network-interface.service"}},
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

}  // namespace

Known<NetworkFacts> read_network(FileTree &tree, const Services &services)
{
    GuestFiles files(tree);
    NetworkFacts facts;
    for (auto read :
         {read_ifcfg, read_netplan, read_networkd, read_ifupdown, read_network_manager, read_rc_conf_network})
        read(files, facts.interfaces);
    read_services(files, services, facts);
    read_udev_rules(files, facts);
    return files.answer(std::move(facts));
}

}  // namespace imgport
