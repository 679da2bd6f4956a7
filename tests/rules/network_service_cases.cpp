#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

std::string network(const std::string &key, const std::string &value)
{
    return R"({"/inspection/guest/network/)" + key + "\": " + value + "}";
}

// A release of Red Hat's family, with these services on.
std::string release(const std::string &id, const std::string &version, const std::string &services)
{
    return R"({"/inspection/guest/os/id": ")" + id + R"(", "/inspection/guest/os/version": ")" + version +
           R"(", "/inspection/guest/network/enabled_services": )" + services + "}";
}

std::vector<std::string> others()
{
    return {"net-dhcp", "net-static",     "net-hwaddr", "net-udev-rules", "net-single-nic",
            "net-ipv6", "net-service-on", "net-ifname", "dhcp-client"};
}

std::vector<std::string> others_but(const std::string &rule)
{
    auto rules = others();
    std::erase(rules, rule);
    return rules;
}

const char *const no_network = R"({"/inspection/guest/network": {"unknown": "cut"}})";

}  // namespace

std::vector<RuleCase> network_service_cases()
{
    return {
        {"net-nm", passed, release("centos", "7", R"(["network"])")},
        {"net-nm", violated, release("centos", "7", R"(["NetworkManager", "network"])"),
         "NetworkManager starts at boot: "},
        {"net-nm", violated, release("rhel", "6.10", R"(["networking"])"), "the service network does not start"},
        {"net-nm", violated, release("ol", "7.9", R"(["NetworkManager"])"), "at boot, and the service network"},
        {"net-nm", not_applicable, release("rhel", "8.4", R"(["NetworkManager"])"), "up to release 7"},
        {"net-nm", not_applicable, "{}"},

        {"net-service-on", passed, "{}", "networking"},
        {"net-service-on", violated, network("enabled_services", "[]"), "nothing sets the network up"},
        {"net-service-on", passed,
         R"({"/inspection/guest/network/enabled_services": [], "/inspection/guest/network/netplan": true})",
         "cloud-init writes"},
        {"net-service-on", violated,
         R"({"/inspection/guest/network/enabled_services": [], "/inspection/guest/network/netplan": true,
             "/inspection/guest/cloud_init/network_disabled": true})"},
        {"net-service-on", passed,
         R"({"/inspection/guest/network/enabled_services": [], "/inspection/guest/boot_loader/entries/0/cmdline":
             "root=UUID=11111111-2222-3333-4444-555555555555 ip=dhcp"})",
         "ip="},
        {"net-service-on", unknown, no_network, "cut", others_but("net-service-on")},

        {"dhcp-client", passed, "{}", "dhclient"},
        {"dhcp-client",
         violated,
         network("dhcp_clients", "[]"),
         "that networking could call",
         {},
         "bios",
         "unreachable"},
        // systemd brings networkd along, which is off here.
        {"dhcp-client", violated, network("dhcp_clients", R"(["systemd-networkd"])"), "", {}, "bios", "unreachable"},
        {"dhcp-client",
         violated,
         R"({"/inspection/guest/network/dhcp_clients": ["systemd-networkd"],
             "/inspection/guest/network/enabled_services": ["systemd-networkd"]})",
         "needs dhclient",
         {},
         "bios",
         "recommendation"},
        {"dhcp-client",
         passed,
         R"({"/inspection/guest/network/dhcp_clients": ["systemd-networkd"],
             "/inspection/guest/network/enabled_services": ["systemd-networkd"],
             "/inspection/guest/cloud_init": {"installed": false}})",
         "",
         {"root-locked"}},
        {"dhcp-client", violated, network("dhcp_clients", R"(["dhcpcd"])"), "", {}, "bios", "recommendation"},
        {"dhcp-client", passed,
         R"({"/inspection/guest/network/dhcp_clients": ["dhcpcd"],
             "/inspection/guest/cloud_init/version": "24.1.3"})"},
        {"dhcp-client",
         violated,
         R"({"/inspection/guest/network/dhcp_clients": [], "/inspection/guest/network/enabled_services": []})",
         "no DHCP client is installed:",
         {"net-service-on"}},
        {"dhcp-client", unknown, no_network, "cut", others_but("dhcp-client")},

        {"hosts-allow", passed, "{}"},

        {"proxy-repo", passed, "{}"},
        {"proxy-repo", violated,
         R"({"/inspection/guest/private_sources": [{"file": "/etc/apt/apt.conf.d/01proxy", "line": 1,
             "value": "proxy 10.0.0.1"}]})",
         "proxy 10.0.0.1 (/etc/apt/apt.conf.d/01proxy)"},
        {"proxy-repo", unknown, R"({"/inspection/guest/private_sources": {"unknown": "cut"}})"},

        {"metadata-route", passed, "{}"},
        {"metadata-route", violated, network("metadata_blocks", R"([{"file": "/etc/iptables/rules.v4", "line": 9,
                                         "value": "-A OUTPUT -d 100.64.0.0/10 -j DROP"}])"),
         "/etc/iptables/rules.v4"},
        {"metadata-route", unknown, no_network, "cut", others()},
    };
}

}  // namespace imgport::testing
