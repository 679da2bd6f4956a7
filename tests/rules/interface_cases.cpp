#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

// That interface in place of the clean one, with cloud-init told to leave the network alone unless `cloud_init`.
std::string interface(const std::string &json, bool cloud_init = false)
{
    return R"({"/inspection/guest/network/interfaces/0": {"manager": "netplan", "method": "dhcp", "where": {"file":
               "/etc/netplan/01.yaml", "line": 4}, )" +
           json + R"(}, "/inspection/guest/cloud_init/network_disabled": )" + (cloud_init ? "false" : "true") + "}";
}

// A name under predictable names.
std::string predictable(const std::string &name, const std::string &more = "")
{
    return R"({"/inspection/guest/network/interfaces/0/name": ")" + name +
           R"(", "/inspection/guest/network/kernel_names": "", "/inspection/guest/cloud_init/network_disabled": true)" +
           more + "}";
}

const char *const ifnames = R"(, "/inspection/guest/boot_loader/entries/0/cmdline":
    "root=UUID=11111111-2222-3333-4444-555555555555 ro net.ifnames=0 biosdevname=0")";

}  // namespace

std::vector<RuleCase> interface_cases()
{
    return {
        {"net-single-nic", passed, "{}"},
        {"net-single-nic",
         violated,
         interface(R"("name": "bond0", "kind": "bond", "members": ["eth0", "eth1"])"),
         "bond0: a bond on eth0, eth1",
         {},
         "bios",
         "unreachable"},
        {"net-single-nic", violated, interface(R"("name": "eth0", "part_of": "br0")"), "eth0 belongs to br0"},
        {"net-single-nic", violated, interface(R"("name": "eth0.7", "kind": "vlan", "members": ["eth0"])"), "a vlan"},
        // A bridge for virtual machines of its own, with nothing in it.
        {"net-single-nic", passed, interface(R"("name": "virbr0", "kind": "bridge")", true)},
        {"net-single-nic", passed, interface(R"("name": "eth0", "part_of": "br0", "on_boot": false)", true)},
        {"net-single-nic", passed,
         R"({"/inspection/guest/network/interfaces/0/part_of": "br0",
             "/inspection/guest/network/interfaces/0/where/file": "/etc/netplan/50-cloud-init.yaml"})"},
        {"net-single-nic",
         violated,
         R"({"/inspection/guest/network/interfaces/1": {"name": "eth1", "manager": "ifupdown", "method": "dhcp"}})",
         "eth0, eth1 are configured",
         {},
         "bios",
         "feature"},
        // Two names for one card, of which it gets one.
        {"net-single-nic", passed,
         R"({"/inspection/guest/network/interfaces/1": {"name": "ens5", "manager": "ifupdown", "method": "dhcp"}})"},
        {"net-single-nic",
         unknown,
         R"({"/inspection/guest/network": {"unknown": "cut"}})",
         "cut",
         {"net-dhcp", "net-static", "net-hwaddr", "net-udev-rules", "net-ipv6", "net-ifname", "net-service-on",
          "dhcp-client"}},

        {"net-ipv6", passed, "{}"},
        {"net-ipv6", violated, interface(R"("name": "eth0", "addresses": ["2001:db8::5/64"])"), "2001:db8::5/64"},
        {"net-ipv6", violated, interface(R"("name": "eth0", "addresses": ["fe80::1/64", "fd00::5/64"])"), "fd00::5/64"},
        {"net-ipv6", passed, interface(R"("name": "eth0", "addresses": ["fe80::1/64"])")},
        {"net-ipv6", passed, interface(R"("name": "eth0", "on_boot": false, "addresses": ["2001:db8::5/64"])", true)},
        {"net-ipv6", passed,
         R"({"/inspection/guest/network/interfaces/0/addresses": ["2001:db8::5/64"],
             "/inspection/guest/network/interfaces/0/where/file": "/etc/network/interfaces.d/50-cloud-init"})"},
        {"net-ipv6",
         unknown,
         R"({"/inspection/guest/network/interfaces/0/addresses": ["2001:db8::5/64"],
             "/inspection/guest/network/interfaces/0/where/file": "/etc/netplan/50-cloud-init.yaml",
             "/inspection/guest/cloud_init": {"unknown": "cut"}})",
         "cut",
         {"cloudinit-ds", "root-locked"}},

        {"net-ifname", passed, "{}", "eth0"},
        {"net-ifname", passed, predictable("ens5"), "ens5"},
        {"net-ifname", passed, predictable("enp0s5")},
        {"net-ifname", passed, predictable("ens3")},
        {"net-ifname", violated, predictable("ens33"), "ens33"},
        {"net-ifname", violated, predictable("ens192")},
        {"net-ifname", violated, predictable("enp0s3")},
        {"net-ifname", violated, predictable("enp1s0")},
        {"net-ifname", violated, predictable("enp11s0f0")},
        {"net-ifname", violated, predictable("eno1")},
        {"net-ifname", violated, predictable("enx525400123456")},
        {"net-ifname", violated, predictable("em1")},
        {"net-ifname", violated, predictable("p2p1")},
        {"net-ifname", violated, predictable("eth0"), "eth0"},
        {"net-ifname", passed, predictable("eth0", ifnames)},
        {"net-ifname", violated, predictable("ens5", ifnames), "ens5"},
        {"net-ifname", violated, predictable("eth1", ifnames)},
        {"net-ifname", passed, predictable("eth0", R"(, "/inspection/guest/network/given_names": ["eth0"])")},
        {"net-ifname", passed, predictable("en*"), "not chosen by its name"},
        {"net-ifname", passed, predictable("")},
        {"net-ifname", passed, predictable("ens33", R"(, "/inspection/guest/network/interfaces/0/by_match": true)")},
        // Another one applies.
        {"net-ifname", passed,
         predictable("ens33", R"(, "/inspection/guest/network/interfaces/1": {"name": "ens5", "method": "dhcp",
                                                                              "manager": "ifupdown"})")},
        {"net-ifname", passed,
         predictable("ens33", R"(, "/inspection/guest/network/enabled_services": ["NetworkManager"])"),
         "NetworkManager"},
        {"net-ifname", violated,
         predictable("ens33", R"(, "/inspection/guest/network/enabled_services": ["NetworkManager"],
                                 "/inspection/guest/network/nm_no_auto": "/usr/lib/NetworkManager/conf.d/00.conf")")},
        {"net-ifname", passed,
         R"({"/inspection/guest/network/interfaces/0/name": "ens33",
             "/inspection/guest/network/kernel_names": ""})",
         "cloud-init"},
        {"net-ifname",
         unknown,
         R"({"/inspection/guest/network/interfaces/0/name": "ens33", "/inspection/guest/cloud_init": {"unknown":
             "cut"}})",
         "cut",
         {"cloudinit-ds", "root-locked"}},
        {"net-ifname",
         unknown,
         predictable("eth0", R"(, "/inspection/guest/boot_loader": {"unknown": "cut"})"),
         "not known",
         {"grub-root-uuid", "grub-root-exists"}},
    };
}

}  // namespace imgport::testing
