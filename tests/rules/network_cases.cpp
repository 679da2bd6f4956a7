#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_network = R"({"/inspection/guest/network": {"unknown": "netplan: not YAML"}})";

// The other rules that need the network's facts.
std::vector<std::string> others(const std::string &rule)
{
    std::vector<std::string> rules{"net-dhcp", "net-static", "net-hwaddr",     "net-udev-rules", "net-single-nic",
                                   "net-ipv6", "net-ifname", "net-service-on", "dhcp-client"};
    std::erase(rules, rule);
    return rules;
}

// One static interface in that file, and cloud-init's say in it.
std::string fixed(const std::string &file, const std::string &cloud_init)
{
    return R"({"/inspection/guest/network/interfaces/0": {"name": "eth0", "manager": "netplan", "method": "static",
               "addresses": ["192.0.2.10/24"], "where": {"file": ")" +
           file + R"(", "line": 7}}, "/inspection/guest/cloud_init/network_disabled": )" + cloud_init + "}";
}

std::string bound(const std::string &file)
{
    return R"({"/inspection/guest/network/interfaces/0/hwaddr": "52:54:00:12:34:56",
               "/inspection/guest/network/interfaces/0/where/file": ")" +
           file + "\"}";
}

}  // namespace

std::vector<RuleCase> network_cases()
{
    return {
        {"net-dhcp", passed, "{}", "eth0"},
        {"net-dhcp", passed, R"({"/inspection/guest/network/interfaces": []})", "cloud-init configures"},
        {"net-dhcp",
         not_applicable,
         R"({"/inspection/guest/network/interfaces": [], "/inspection/guest/cloud_init/network_disabled": true})",
         "see cloudinit-net",
         {"cloudinit-net"}},
        {"net-dhcp",
         violated,
         R"({"/inspection/guest/network/interfaces": [], "/inspection/guest/cloud_init": {"installed": false}})",
         "",
         {"root-locked"}},
        {"net-dhcp",
         violated,
         R"({"/inspection/guest/network/interfaces/0/on_boot": false,
             "/inspection/guest/cloud_init": {"installed": true, "version": "22.4", "enabled": false}})",
         "",
         {"root-locked"}},
        {"net-dhcp",
         passed,
         R"({"/inspection/guest/network": {"interfaces": [], "enabled_services": ["NetworkManager"]},
             "/inspection/guest/cloud_init": {"installed": false}})",
         "NetworkManager",
         {"root-locked"}},
        {"net-dhcp", unknown, no_network, "not YAML", others("net-dhcp")},
        {"net-dhcp",
         unknown,
         R"({"/inspection/guest/network/interfaces": [], "/inspection/guest/cloud_init": {"unknown": "cut"}})",
         "cut",
         {"cloudinit-ds", "root-locked"}},

        {"net-static", passed, "{}"},
        {"net-static", violated, fixed("/etc/netplan/01.yaml", "true"), "192.0.2.10/24", {"net-dhcp"}},
        {"net-static", violated, fixed("/etc/netplan/01.yaml", "false"), "192.0.2.10/24"},
        {"net-static", passed, fixed("/etc/netplan/50-cloud-init.yaml", "false")},
        {"net-static", violated, fixed("/etc/netplan/50-cloud-init.yaml", "true"), "", {"net-dhcp"}},
        {"net-static", passed, R"({"/inspection/guest/network/interfaces/0/addresses": ["fe80::5/64"]})"},
        {"net-static", unknown, no_network, "", others("net-static")},
        {"net-static",
         unknown,
         R"({"/inspection/guest/network/interfaces/0/addresses": ["192.0.2.10/24"],
             "/inspection/guest/network/interfaces/0/where/file": "/etc/netplan/50-cloud-init.yaml",
             "/inspection/guest/cloud_init": {"unknown": "cut"}})",
         "cut",
         {"cloudinit-ds", "root-locked"}},

        {"net-hwaddr", passed, "{}"},
        {"net-hwaddr", violated, bound("/etc/sysconfig/network-scripts/ifcfg-eth0"), "52:54:00:12:34:56"},
        {"net-hwaddr", passed, bound("/etc/netplan/50-cloud-init.yaml")},
        {"net-hwaddr", unknown, no_network, "", others("net-hwaddr")},

        {"net-udev-rules", passed, "{}"},
        {"net-udev-rules", violated,
         R"({"/inspection/guest/network/udev_rules": ["/etc/udev/rules.d/70-persistent-net.rules"]})",
         "70-persistent-net.rules"},
        {"net-udev-rules", violated,
         R"({"/inspection/guest/kernels/0/initramfs_udev_rules": ["etc/udev/rules.d/70-persistent-net.rules"]})",
         "initrd.img"},
        {"net-udev-rules", unknown, no_network, "", others("net-udev-rules")},

        {"firewall-off", passed, "{}"},
        {"firewall-off", violated,
         R"({"/inspection/guest/firewalls": [{"name": "ufw", "enabled": true, "where": "/etc/ufw/ufw.conf"},
                                             {"name": "nftables", "enabled": false}]})",
         "ufw starts at boot"},
        {"firewall-off", unknown, R"({"/inspection/guest/firewalls": {"unknown": "cut"}})"},
    };
}

}  // namespace imgport::testing
