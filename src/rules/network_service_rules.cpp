// What sets the network up at boot, and what keeps the guest and the cloud's services apart.
#include <algorithm>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Red Hat's family up to release 7, whose first network stack were the network scripts.
bool has_network_scripts(const OsFacts &os)
{
    constexpr std::string_view family[] = {"rhel", "centos", "ol", "scientific"};
    if (std::find(std::begin(family), std::end(family), os.id) == std::end(family))
        return false;
    auto const major = parse_number(os.version.substr(0, os.version.find('.')));
    return major && *major <= 7;
}

Outcome net_nm(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!has_network_scripts(guest.os))
        return not_applicable("a rule for Red Hat's family up to release 7; later ones have NetworkManager alone");
    if (!guest.network)
        return unknown(guest.network.reason());
    auto const &services = guest.network->enabled_services;
    std::vector<std::string> wrong;
    if (contains(services, "NetworkManager"))
        wrong.emplace_back("NetworkManager starts at boot");
    if (!contains(services, "network"))
        wrong.emplace_back("the service network does not start at boot");
    if (wrong.empty())
        return passed("the service network starts at boot, and NetworkManager does not");
    return violated(fmt::format("{}: on this release the network may be unstable", join(wrong, ", and ")));
}

Outcome net_service_on(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.network)
        return unknown(guest.network.reason());
    auto const &network = *guest.network;
    if (!network.enabled_services.empty())
        return passed(fmt::format("{} sets the network up at boot", join(network.enabled_services, ", ")));
    if (network.netplan) {
        if (!guest.cloud_init)
            return unknown(guest.cloud_init.reason());
        if (cloud_init_configures_network(*guest.cloud_init))
            return passed("cloud-init writes a netplan configuration at boot, which starts systemd-networkd");
    }
    auto const entries = judged_entries(guest);
    bool const early = !entries.empty() && std::all_of(entries.begin(), entries.end(), [](auto const *entry) {
        return !kernel_parameters(entry->cmdline, "ip").empty();
    });
    if (early)
        return passed("the initramfs sets the network up (ip= on the kernel's command line)");
    return violated(
        "nothing sets the network up at boot: neither systemd-networkd, NetworkManager, networking, network "
        "nor wicked is enabled");
}

// Whether a service that is on brings its own client, or one of the programs serves it.
bool has_client(const NetworkFacts &network)
{
    for (auto const &service : network.enabled_services) {
        for (std::string_view own : {"systemd-networkd", "NetworkManager", "wicked", "connman", "dhcpcd", "iwd"}) {
            if (service == own)
                return true;
        }
    }
    auto const &clients = network.dhcp_clients;
    return std::any_of(clients.begin(), clients.end(), [&](auto const &client) {
        bool const inside =
            client == "systemd-networkd" || client == "NetworkManager" || client == "wicked" || client == "connman";
        // Where nothing is on, net-service-on speaks; where netplan waits for cloud-init, networkd will be.
        return !inside || network.enabled_services.empty();
    });
}

Outcome dhcp_client(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.network)
        return unknown(guest.network.reason());
    auto const &network = *guest.network;
    if (!has_client(network))
        return violated(fmt::format("no DHCP client is installed{}: the instance gets no address",
                                    network.enabled_services.empty()
                                        ? ""
                                        : fmt::format(" that {} could call", join(network.enabled_services, ", "))));
    std::string const found = network.dhcp_clients.empty()
                                  ? "a service has its own client"
                                  : fmt::format("{} installed", join(network.dhcp_clients, ", "));
    if (!guest.cloud_init || !guest.cloud_init->enabled || contains(network.dhcp_clients, "dhclient"))
        return passed(found);
    // cloudinit/net/dhcp.py: dhclient alone up to 23.4; dhcpcd and udhcpc too since.
    auto const &version = guest.cloud_init->version;
    bool const old = version.empty() || is_older_version(version, "24.1");
    bool const other = contains(network.dhcp_clients, "dhcpcd") || contains(network.dhcp_clients, "udhcpc");
    if (!old && other)
        return passed(found);
    return violated(fmt::format("cloud-init{} needs {} to ask for an address before the network is up, and there is "
                                "none; the network itself has a client",
                                version.empty() ? "" : " " + version, old ? "dhclient" : "dhcpcd, dhclient or udhcpc"),
                    {}, "cloud-init");
}

Outcome proxy_repo(const RuleContext &context)
{
    auto const &sources = context.guest->private_sources;
    if (!sources)
        return unknown(sources.reason());
    if (sources->empty())
        return passed("no proxy is configured, and no package source in a private network");
    return violated(fmt::format("{} ({}): the instance is not in the network that it belongs to",
                                sources->front().value, sources->front().file),
                    *sources);
}

Outcome metadata_route(const RuleContext &context)
{
    auto const &network = context.guest->network;
    if (!network)
        return unknown(network.reason());
    auto const &blocks = network->metadata_blocks;
    if (blocks.empty())
        return passed("no saved rule or route concerns 100.100.100.200");
    return violated(fmt::format("{}: the cloud's metadata service at 100.100.100.200 (and its name servers and package "
                                "sources, in 100.64.0.0/10) cannot be reached: \"{}\"",
                                blocks.front().file, blocks.front().value),
                    blocks);
}

}  // namespace

std::vector<Rule> network_service_rules()
{
    std::string const group = "network";
    return {
        {{"net-nm",
          group,
          "Red Hat's family up to release 7: NetworkManager is off, and the service network on",
          "The cloud's checker of 2019 counts both as an unstable network; the instance may lose its address.",
          "systemctl disable NetworkManager && systemctl enable network (release 6: chkconfig NetworkManager off; "
          "chkconfig network on)",
          cite({"CHK"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         net_nm},
        {{"net-service-on",
          group,
          "Something sets the network up at boot",
          "The instance has no network: nobody can log in, and cloud-init cannot read its metadata.",
          "systemctl enable systemd-networkd (or NetworkManager, networking, network, wicked: whichever has the "
          "configuration)",
          cite({"CHK"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         net_service_on},
        {{"dhcp-client",
          group,
          "A DHCP client is installed",
          "Nothing can ask for the instance's address. Older releases of cloud-init call dhclient themselves when they "
          "look for their data source early.",
          "Debian, Ubuntu: apt install isc-dhcp-client (or dhcpcd-base); RHEL, CentOS: dhcp-client; or a service with "
          "a "
          "client of its own (systemd-networkd, NetworkManager)",
          cite({"CID", "PRACTICE"}),
          {"", "cloud-init"}},
         Reads::guest,
         Guests::unix_like,
         dhcp_client},
        {{"security-group",
          group,
          "The security group of the instance lets SSH (22) or remote desktop (3389) in",
          "The instance starts and nobody can reach it.",
          "look at the security group that the instance will be in: it has to let in TCP 22 (Linux) or 3389 (Windows); "
          "the image cannot change that",
          cite({"INS"}),
          {""},
          false},
         Reads::nothing,
         Guests::any,
         nullptr},
        {{"proxy-repo",
          group,
          "No proxy and no package source of the old network is configured",
          "Updates and installations hang until they time out.",
          "Delete the proxy lines and the private sources from the files named here; the cloud's own mirror is "
          "mirrors.cloud.aliyuncs.com",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         proxy_repo},
        {{"metadata-route",
          group,
          "The cloud's metadata service at 100.100.100.200 can be reached",
          "cloud-init gets neither password nor key nor host name; name servers and mirrors in 100.64.0.0/10 are lost "
          "as well.",
          "Delete the rules and routes about 100.64.0.0/10 from the files named here",
          cite({"CID"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         metadata_route},
    };
}

}  // namespace imgport
