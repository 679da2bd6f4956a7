#include "guest/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/metadata_route.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;

namespace {

Known<NetworkFacts> read(Guest &guest)
{
    return read_network(guest.tree, Services(guest.tree));
}

struct NetworkCase {
    const char *path;
    const char *text;
    const char *name;
    const char *manager;
    const char *method;
    std::vector<std::string> addresses;
    const char *hwaddr;
    bool on_boot;
};

class OneInterface : public ::testing::TestWithParam<NetworkCase> {};

}  // namespace

TEST_P(OneInterface, IsReadFromItsFile)
{
    Guest guest;
    guest.file(GetParam().path, GetParam().text);
    if (std::string_view(GetParam().manager) == "rc.conf")
        guest.file("/etc/rc.subr", "");
    auto const facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    ASSERT_EQ(facts->interfaces.size(), 1U);
    auto const &config = facts->interfaces[0];
    EXPECT_EQ(config.name, GetParam().name);
    EXPECT_EQ(config.manager, GetParam().manager);
    EXPECT_EQ(config.method, GetParam().method);
    EXPECT_EQ(config.addresses, GetParam().addresses);
    EXPECT_EQ(config.hwaddr, GetParam().hwaddr);
    EXPECT_EQ(config.on_boot, GetParam().on_boot);
    EXPECT_EQ(config.where.file, GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    Files, OneInterface,
    ::testing::Values(
        NetworkCase{"/etc/sysconfig/network-scripts/ifcfg-eth0",
                    "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n",
                    "eth0",
                    "ifcfg",
                    "dhcp",
                    {},
                    "",
                    true},
        NetworkCase{"/etc/sysconfig/network-scripts/ifcfg-ens192",
                    "BOOTPROTO=none\nONBOOT=no\nIPADDR=192.0.2.5\nPREFIX=24\nHWADDR=\"00:50:56:00:00:01\"\n",
                    "ens192",
                    "ifcfg",
                    "static",
                    {"192.0.2.5"},
                    "00:50:56:00:00:01",
                    false},
        NetworkCase{"/etc/sysconfig/network/ifcfg-eth0",
                    "BOOTPROTO='dhcp4'\nSTARTMODE='auto'\n",
                    "eth0",
                    "ifcfg",
                    "dhcp",
                    {},
                    "",
                    true},
        NetworkCase{"/etc/sysconfig/network/ifcfg-eth0",
                    "BOOTPROTO='static'\nIPADDR='192.0.2.5/24'\nIPADDR_1='192.0.2.6/24'\nSTARTMODE='off'\n",
                    "eth0",
                    "ifcfg",
                    "static",
                    {"192.0.2.5/24", "192.0.2.6/24"},
                    "",
                    false},
        NetworkCase{"/etc/netplan/01.yaml",
                    "network:\n  ethernets:\n    eth0: {dhcp4: true}\n",
                    "eth0",
                    "netplan",
                    "dhcp",
                    {},
                    "",
                    true},
        NetworkCase{"/etc/netplan/50-cloud-init.yaml",
                    "network:\n  version: 2\n  ethernets:\n    any:\n      match: {macaddress: '52:54:00:12:34:56'}\n"
                    "      set-name: ens3\n      addresses: [192.0.2.5/24]\n",
                    "ens3",
                    "netplan",
                    "static",
                    {"192.0.2.5/24"},
                    "52:54:00:12:34:56",
                    true},
        NetworkCase{"/etc/netplan/01.yaml",
                    "network:\n  ethernets:\n    all:\n      match: {name: 'en*'}\n      dhcp6: yes\n",
                    "en*",
                    "netplan",
                    "dhcp",
                    {},
                    "",
                    true},
        NetworkCase{"/etc/systemd/network/10.network",
                    "[Match]\nName=en*\n\n[Network]\nDHCP=ipv4\n",
                    "en*",
                    "networkd",
                    "dhcp",
                    {},
                    "",
                    true},
        NetworkCase{"/etc/systemd/network/10.network",
                    "[Match]\nMACAddress=00:11:22:33:44:55\n[Network]\nAddress=192.0.2.5/24\nGateway=192.0.2.1\n"
                    "[Address]\nAddress=192.0.2.6/24\n",
                    "",
                    "networkd",
                    "static",
                    {"192.0.2.5/24", "192.0.2.6/24"},
                    "00:11:22:33:44:55",
                    true},
        NetworkCase{"/etc/network/interfaces",
                    "auto lo eth0\niface lo inet loopback\niface eth0 inet dhcp\n",
                    "eth0",
                    "ifupdown",
                    "dhcp",
                    {},
                    "",
                    true},
        NetworkCase{"/etc/network/interfaces",
                    "iface eth0 inet static\n    address 192.0.2.5/24\n    gateway 192.0.2.1\n    hwaddress ether "
                    "00:11:22:33:44:55\n",
                    "eth0",
                    "ifupdown",
                    "static",
                    {"192.0.2.5/24"},
                    "00:11:22:33:44:55",
                    false},
        NetworkCase{
            "/etc/NetworkManager/system-connections/Wired.nmconnection",
            "[connection]\nid=Wired\ntype=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=auto\n[ipv6]\nmethod=ignore\n",
            "eth0",
            "networkmanager",
            "dhcp",
            {},
            "",
            true},
        NetworkCase{
            "/etc/NetworkManager/system-connections/Static",
            "[connection]\nautoconnect=false\n[ethernet]\nmac-address=00:11:22:33:44:55\n[ipv4]\nmethod=manual\n"
            "address1=192.0.2.5/24,192.0.2.1\ndns=192.0.2.2;\n",
            "",
            "networkmanager",
            "static",
            {"192.0.2.5/24"},
            "00:11:22:33:44:55",
            false},
        NetworkCase{"/etc/rc.conf",
                    "hostname=\"bsd\"\nifconfig_lo0=\"inet 127.0.0.1\"\nifconfig_vtnet0=\"SYNCDHCP\"\n",
                    "vtnet0",
                    "rc.conf",
                    "dhcp",
                    {},
                    "",
                    true},
        NetworkCase{"/etc/rc.conf",
                    "ifconfig_em0=\"inet 192.0.2.5 netmask 255.255.255.0\"\n",
                    "em0",
                    "rc.conf",
                    "static",
                    {"192.0.2.5"},
                    "",
                    true}));

TEST(Ifcfg, TheLoopbackAndLeftoversAreNoInterfaces)
{
    Guest guest;
    guest.file("/etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo\nIPADDR=127.0.0.1\n")
        .file("/etc/sysconfig/network-scripts/ifcfg-eth0.bak", "IPADDR=192.0.2.5\n")
        .file("/etc/sysconfig/network-scripts/ifcfg-eth0.rpmsave", "IPADDR=192.0.2.5\n")
        .file("/etc/sysconfig/network-scripts/ifup-eth", "#!/bin/sh\n")
        .file("/etc/sysconfig/network", "NETWORKING=yes\n");
    ASSERT_TRUE(read(guest)) << read(guest).reason();
    EXPECT_TRUE(read(guest)->interfaces.empty());
}

namespace {

struct StackCase {
    const char *path;
    const char *text;
    const char *name;
    const char *kind;
    std::vector<std::string> members;
    const char *part_of;
    bool by_match = false;
};

class Stacked : public ::testing::TestWithParam<StackCase> {};

}  // namespace

TEST_P(Stacked, IsTold)
{
    Guest guest;
    guest.file(GetParam().path, GetParam().text).file("/etc/rc.subr", "");
    auto const facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    ASSERT_EQ(facts->interfaces.size(), 1U);
    auto const &config = facts->interfaces[0];
    EXPECT_EQ(config.name, GetParam().name);
    EXPECT_EQ(config.kind, GetParam().kind);
    EXPECT_EQ(config.members, GetParam().members);
    EXPECT_EQ(config.part_of, GetParam().part_of);
    EXPECT_EQ(config.by_match, GetParam().by_match);
}

INSTANTIATE_TEST_SUITE_P(
    Files, Stacked,
    ::testing::Values(
        StackCase{"/etc/sysconfig/network-scripts/ifcfg-bond0", "TYPE=Bond\nBOOTPROTO=dhcp\n", "bond0", "bond", {}, ""},
        StackCase{"/etc/sysconfig/network-scripts/ifcfg-eth0", "MASTER=bond0\nSLAVE=yes\n", "eth0", "", {}, "bond0"},
        StackCase{"/etc/sysconfig/network-scripts/ifcfg-eth0", "BRIDGE=br0\n", "eth0", "", {}, "br0"},
        StackCase{"/etc/sysconfig/network-scripts/ifcfg-eth0.7", "VLAN=yes\n", "eth0.7", "vlan", {"eth0"}, ""},
        StackCase{"/etc/sysconfig/network-scripts/ifcfg-eth0", "TYPE=Ethernet\n", "eth0", "", {}, ""},
        StackCase{"/etc/sysconfig/network/ifcfg-br0",
                  "BRIDGE='yes'\nBRIDGE_PORTS='eth0 eth1'\n",
                  "br0",
                  "bridge",
                  {"eth0", "eth1"},
                  ""},
        StackCase{"/etc/sysconfig/network/ifcfg-bond0",
                  "BONDING_MASTER='yes'\nBONDING_SLAVE0='eth0'\n",
                  "bond0",
                  "bond",
                  {"eth0"},
                  ""},
        StackCase{"/etc/sysconfig/network/ifcfg-vlan7", "ETHERDEVICE='eth0'\n", "vlan7", "vlan", {"eth0"}, ""},
        StackCase{"/etc/netplan/1.yaml",
                  "network: {bridges: {br0: {interfaces: [eth0], dhcp4: true}}}\n",
                  "br0",
                  "bridge",
                  {"eth0"},
                  ""},
        StackCase{"/etc/netplan/1.yaml", "network: {vlans: {v7: {id: 7, link: eth0}}}\n", "v7", "vlan", {"eth0"}, ""},
        StackCase{"/etc/netplan/1.yaml", "network: {wifis: {wlan0: {dhcp4: true}}}\n", "wlan0", "other", {}, ""},
        StackCase{"/etc/netplan/1.yaml",
                  "network: {ethernets: {a: {match: {driver: virtio_net}, dhcp4: true}}}\n",
                  "",
                  "",
                  {},
                  "",
                  true},
        StackCase{
            "/etc/systemd/network/1.network", "[Match]\nName=eth0\n[Network]\nBridge=br0\n", "eth0", "", {}, "br0"},
        StackCase{"/etc/systemd/network/1.network",
                  "[Match]\nDriver=virtio_net\n[Network]\nDHCP=yes\n",
                  "",
                  "",
                  {},
                  "",
                  true},
        StackCase{"/etc/network/interfaces",
                  "auto br0\niface br0 inet dhcp\n bridge_ports eth0\n",
                  "br0",
                  "bridge",
                  {"eth0"},
                  ""},
        StackCase{"/etc/network/interfaces",
                  "auto br0\niface br0 inet static\n bridge-ports none\n",
                  "br0",
                  "bridge",
                  {},
                  ""},
        StackCase{"/etc/network/interfaces",
                  "auto bond0\niface bond0 inet dhcp\n bond-slaves eth0 eth1\n",
                  "bond0",
                  "bond",
                  {"eth0", "eth1"},
                  ""},
        StackCase{"/etc/network/interfaces", "auto eth0.7\niface eth0.7 inet dhcp\n", "eth0.7", "vlan", {"eth0"}, ""},
        StackCase{"/etc/NetworkManager/system-connections/a",
                  "[connection]\ntype=vlan\n[vlan]\nparent=eth0\n",
                  "",
                  "vlan",
                  {"eth0"},
                  ""},
        StackCase{"/etc/NetworkManager/system-connections/a",
                  "[connection]\ntype=ethernet\ninterface-name=eth0\nmaster=br0\n",
                  "eth0",
                  "",
                  {},
                  "br0"},
        StackCase{"/etc/rc.conf",
                  "ifconfig_lagg0=\"laggproto failover laggport vtnet0 DHCP\"\n",
                  "lagg0",
                  "bond",
                  {"vtnet0"},
                  ""}));

TEST(InterfaceNames, ThatUdevGives)
{
    Guest old;
    EXPECT_NE(read(old)->kernel_names, "") << "nothing renames them";
    Guest guest;
    guest.file("/usr/lib/udev/rules.d/80-net-setup-link.rules", "SUBSYSTEM!=\"net\"\n")
        .file("/usr/lib/systemd/network/99-default.link", "[Match]\nOriginalName=*\n[Link]\nNamePolicy=keep kernel "
                                                          "database onboard slot path\nMACAddressPolicy=persistent\n");
    EXPECT_EQ(read(guest)->kernel_names, "");
    EXPECT_TRUE(read(guest)->given_names.empty());
    guest.file("/etc/systemd/network/10-bound.link", "[Match]\nMACAddress=52:54:00:00:00:01\n[Link]\nName=eth0\n");
    EXPECT_TRUE(read(guest)->given_names.empty());
    guest.file("/etc/systemd/network/20-any.link", "[Match]\nDriver=virtio_net\n[Link]\nName=lan0\n")
        .file("/etc/udev/rules.d/10-net.rules",
              "SUBSYSTEM==\"net\", ATTR{address}==\"52:54:00:00:00:01\", NAME=\"eth5\"\n"
              "SUBSYSTEM==\"net\", DRIVERS==\"virtio_net\", NAME=\"net0\"\nSUBSYSTEM==\"block\", NAME=\"x\"\n");
    EXPECT_THAT(read(guest)->given_names, ElementsAre("lan0", "net0"));
    guest.link("/etc/systemd/network/99-default.link", "/dev/null");
    EXPECT_EQ(read(guest)->kernel_names, "/etc/systemd/network/99-default.link");
}

TEST(InterfaceNames, StayTheKernelsWhereAGeneratorOrALinkSaysSo)
{
    const char *const rules = "/lib/udev/rules.d/80-net-setup-link.rules";
    Guest generator;
    generator.file(rules, "x\n").file("/lib/udev/rules.d/75-persistent-net-generator.rules", "ACTION!=\"add\"\n");
    EXPECT_EQ(read(generator)->kernel_names, "/lib/udev/rules.d/75-persistent-net-generator.rules");
    generator.file("/etc/udev/rules.d/75-persistent-net-generator.rules", "# off\n");
    EXPECT_EQ(read(generator)->kernel_names, "");
    Guest policy;
    policy.file(rules, "x\n")
        .file("/etc/systemd/network/99-default.link", "[Match]\nOriginalName=*\n[Link]\nNamePolicy=kernel\n");
    EXPECT_EQ(read(policy)->kernel_names, "/etc/systemd/network/99-default.link");
    Guest rule;
    rule.file(rules, "x\n").link("/etc/udev/rules.d/80-net-setup-link.rules", "/dev/null");
    EXPECT_EQ(read(rule)->kernel_names, "/etc/udev/rules.d/80-net-setup-link.rules");
}

TEST(DhcpClients, AreProgramsAndServices)
{
    Guest guest;
    EXPECT_TRUE(read(guest)->dhcp_clients.empty());
    guest.file("/sbin/dhclient", "ELF").file("/usr/lib/systemd/systemd-networkd", "ELF");
    EXPECT_THAT(read(guest)->dhcp_clients, ElementsAre("dhclient", "systemd-networkd"));
}

TEST(NetworkManager, MayBeToldToLeaveCardsAlone)
{
    Guest guest;
    guest.file("/usr/lib/NetworkManager/conf.d/00-server.conf", "[main]\nno-auto-default=*\n");
    EXPECT_EQ(read(guest)->nm_no_auto, "/usr/lib/NetworkManager/conf.d/00-server.conf");
    guest.file("/etc/NetworkManager/NetworkManager.conf", "[main]\nno-auto-default=52:54:00:00:00:01\n");
    EXPECT_EQ(read(guest)->nm_no_auto, "");
}

TEST(NetworkServices, InstancesOfTemplatesCount)
{
    Guest guest;
    guest.file("/lib/systemd/system/dhcpcd@.service", "[Unit]\n")
        .link("/etc/systemd/system/multi-user.target.wants/dhcpcd@eth0.service", "/lib/systemd/system/dhcpcd@.service");
    EXPECT_THAT(read(guest)->enabled_services, ElementsAre("dhcpcd"));
    Guest gentoo;
    gentoo.link("/etc/runlevels/default/net.eth0", "/etc/init.d/net.eth0");
    EXPECT_THAT(read(gentoo)->enabled_services, ElementsAre("network"));
}

TEST(Metadata, WhatItsNetworkIs)
{
    for (const char *yes : {"100.100.100.200", "100.100.100.200/32", "100.64.0.0/10", "100.64.0.0/255.192.0.0",
                            "100.100.0.0/16", "100.0.0.0/8"})
        EXPECT_TRUE(covers_metadata(yes)) << yes;
    for (const char *no : {"100.100.100.201", "0.0.0.0/0", "100.128.0.0/10", "10.0.0.0/8", "100.64.0.0", "", "/10",
                           "100.64.0.0/33", "100.64.0.0/x", "64.0.0.0/2"})
        EXPECT_FALSE(covers_metadata(no)) << no;
}

TEST(Metadata, IsBlockedByRulesThatAreLoadedAndByRoutes)
{
    auto const blocks = [](Guest &guest) {
        auto const facts = read(guest);
        EXPECT_TRUE(facts) << facts.reason();
        return facts ? facts->metadata_blocks.size() : 99;
    };
    Guest rules;
    rules
        .file("/etc/iptables/rules.v4", "*filter\n# -A OUTPUT -d 100.64.0.0/10 -j DROP\n"
                                        "-A OUTPUT -d 100.64.0.0/10 -j DROP\n-A OUTPUT -d 100.64.0.0/10 -j ACCEPT\n"
                                        "-A OUTPUT ! -d 100.64.0.0/10 -j DROP\n-A INPUT -j DROP\n")
        .file("/lib/systemd/system/netfilter-persistent.service", "[Unit]\n");
    EXPECT_EQ(blocks(rules), 0U) << "nothing loads them";
    rules.link("/etc/systemd/system/multi-user.target.wants/netfilter-persistent.service",
               "/lib/systemd/system/netfilter-persistent.service");
    EXPECT_EQ(blocks(rules), 1U);
    EXPECT_EQ(read(rules)->metadata_blocks[0].line, 3U);
    struct {
        const char *path;
        const char *text;
    } const routes[] = {
        {"/etc/sysconfig/network-scripts/route-eth0", "100.64.0.0/10 via 10.0.0.1 dev eth0\n"},
        {"/etc/sysconfig/network-scripts/route-eth0", "ADDRESS0=100.64.0.0\nNETMASK0=255.192.0.0\nGATEWAY0=10.0.0.1\n"},
        {"/etc/NetworkManager/system-connections/a", "[ipv4]\nroute1=100.64.0.0/10,10.0.0.1\n"},
        {"/etc/systemd/network/a.network", "[Match]\nName=eth0\n[Route]\nDestination=100.64.0.0/10\n"},
        {"/etc/netplan/a.yaml", "network:\n  ethernets:\n    eth0:\n      routes:\n        - to: 100.64.0.0/10\n"},
        {"/etc/network/interfaces", "iface eth0 inet dhcp\n  up ip route add blackhole 100.64.0.0/10\n"},
        {"/etc/rc.local", "ip route add unreachable 100.100.100.200\n"},
    };
    for (auto const &route : routes) {
        Guest guest;
        guest.file(route.path, route.text);
        EXPECT_EQ(blocks(guest), 1U) << route.path << route.text;
    }
    Guest other;
    other
        .file("/etc/network/interfaces", "iface eth0 inet dhcp\n  up ip route add 192.0.2.0/24 via 10.0.0.1\n"
                                         "  down ip route del blackhole 100.64.0.0/10\n")
        .file("/etc/sysconfig/network-scripts/route-eth0", "default via 10.0.0.1\n0.0.0.0/0 via 10.0.0.1\n");
    EXPECT_EQ(blocks(other), 0U);
}

TEST(Netplan, LaterFilesOverrideAndEtcHidesLib)
{
    Guest guest;
    guest.file("/lib/netplan/00.yaml", "network: {ethernets: {eth9: {dhcp4: true}}}\n")
        .file("/etc/netplan/00.yaml", "network: {ethernets: {eth0: {dhcp4: false, addresses: [192.0.2.5/24]}}}\n")
        .file("/etc/netplan/10.yaml", "network: {ethernets: {eth0: {dhcp4: true}}}\n")
        .file("/etc/netplan/10.yaml.bak", "network: {ethernets: {eth7: {dhcp4: true}}}\n");
    auto const facts = read(guest);
    ASSERT_TRUE(facts);
    ASSERT_EQ(facts->interfaces.size(), 1U);
    EXPECT_EQ(facts->interfaces[0].method, "dhcp");
    EXPECT_THAT(facts->interfaces[0].addresses, ElementsAre("192.0.2.5/24"));
}

TEST(Networkd, VendorFilesForContainersAreNoConfiguration)
{
    Guest guest;
    guest.file("/usr/lib/systemd/network/80-container-host0.network", "[Match]\nName=host0\n[Network]\nDHCP=yes\n")
        .file("/etc/systemd/network/20.network", "[Network]\nDHCP=yes\n")
        .file("/etc/systemd/network/30.network", "[Match]\nName=eth0\n[Network]\nAddress=192.0.2.5/24\n")
        .file("/etc/systemd/network/30.network.d/dhcp.conf", "[Network]\nDHCP=yes\nAddress=\n");
    auto const facts = read(guest);
    ASSERT_TRUE(facts);
    ASSERT_EQ(facts->interfaces.size(), 1U) << "without [Match] a file is ignored";
    EXPECT_EQ(facts->interfaces[0].method, "dhcp");
    EXPECT_TRUE(facts->interfaces[0].addresses.empty());
    EXPECT_EQ(facts->interfaces[0].where.file, "/etc/systemd/network/30.network.d/dhcp.conf");
}

namespace {

// How each file that counts gets its address: "FILE METHOD", in order.
std::vector<std::string> networkd(Guest &guest, std::string_view cmdline = {})
{
    auto const facts = read_network(guest.tree, Services(guest.tree), cmdline);
    std::vector<std::string> lines;
    for (auto const &interface : facts->interfaces)
        lines.push_back(interface.where.file + " " + interface.method);
    return lines;
}

constexpr const char *dhcp_for_all = "[Match]\nName=*\n[Network]\nDHCP=yes\n";
constexpr const char *vendor = "/usr/lib/systemd/network/zz-default.network";

}  // namespace

TEST(Networkd, AVendorsFileForEveryCardCounts)
{
    Guest guest;
    guest.file(vendor, dhcp_for_all);
    EXPECT_THAT(networkd(guest), ElementsAre(std::string(vendor) + " dhcp"));
    guest.file(vendor, "[Network]\nDHCP=yes\n\n[Match]\nName=*\nType=!loopback dummy bridge tunnel\nDriver=!veth\n");
    EXPECT_THAT(networkd(guest), ElementsAre(std::string(vendor) + " dhcp"));
    // Another stack sets the network up.
    guest.file("/usr/lib/systemd/system/NetworkManager.service", "[Unit]\n")
        .link("/etc/systemd/system/multi-user.target.wants/NetworkManager.service",
              "/usr/lib/systemd/system/NetworkManager.service");
    EXPECT_TRUE(networkd(guest).empty());
}

TEST(Networkd, OneOfTheSameNameInAStrongerFolderHidesIt)
{
    Guest guest;
    guest.file(vendor, dhcp_for_all).link("/etc/systemd/network/zz-default.network", "/dev/null");
    EXPECT_TRUE(networkd(guest).empty()) << "masked";
    guest.file("/etc/systemd/network/zz-default.network", "");
    EXPECT_TRUE(networkd(guest).empty()) << "masked by an empty file";
    guest.file("/etc/systemd/network/zz-default.network", "[Match]\nName=*\n[Network]\nAddress=192.0.2.5/24\n");
    EXPECT_THAT(networkd(guest), ElementsAre("/etc/systemd/network/zz-default.network static"));
    guest.files->remove("/etc/systemd/network/zz-default.network");
    guest.file("/usr/local/lib/systemd/network/zz-default.network", dhcp_for_all);
    EXPECT_THAT(networkd(guest), ElementsAre("/usr/local/lib/systemd/network/zz-default.network dhcp"));
}

TEST(Networkd, ADropInOfAVendorsFileCounts)
{
    Guest guest;
    guest.file(vendor, dhcp_for_all)
        .file("/usr/lib/systemd/network/zz-default.network.d/10.conf", "[Network]\nAddress=192.0.2.5/24\n")
        .file("/etc/systemd/network/zz-default.network.d/20.conf", "[Network]\nDHCP=no\n");
    EXPECT_THAT(networkd(guest), ElementsAre("/etc/systemd/network/zz-default.network.d/20.conf static"));
    guest.link("/etc/systemd/network/zz-default.network.d/10.conf", "/dev/null");
    EXPECT_THAT(networkd(guest), ElementsAre("/etc/systemd/network/zz-default.network.d/20.conf none"));
}

TEST(Networkd, TheFirstFileThatMatchesACardIsTheOnlyOneForIt)
{
    std::string const fixed = "[Network]\nAddress=192.0.2.5/24\n";
    struct Case {
        const char *match;
        bool hides;
    };
    const Case cases[] = {{"Name=*", true},
                          {"Name=e*", false},  // zz-default is left for others
                          {"Name=eth0", false},
                          {"Type=ether\nName=*", true},
                          {"MACAddress=52:54:00:12:34:56", false},
                          {"Driver=virtio_net", false},
                          {"Name=!eth*", false}};
    for (auto const &[match, hides] : cases) {
        Guest guest;
        guest.file(vendor, dhcp_for_all)
            .file("/etc/systemd/network/10.network", "[Match]\n" + std::string(match) + "\n" + fixed);
        EXPECT_EQ(networkd(guest).size(), hides ? 1U : 2U) << match;
    }
    Guest named;
    named.file("/etc/systemd/network/10.network", "[Match]\nName=eth* en*\n" + fixed)
        .file("/etc/systemd/network/20.network", "[Match]\nName=eth0 ens5\n[Network]\nDHCP=yes\n")
        .file("/etc/systemd/network/30.network", "[Match]\nName=eth0 wlan0\n[Network]\nDHCP=yes\n");
    EXPECT_THAT(networkd(named),
                ElementsAre("/etc/systemd/network/10.network static", "/etc/systemd/network/30.network dhcp"));
    Guest later;
    later.file(vendor, dhcp_for_all).file("/etc/systemd/network/zzz.network", "[Match]\nName=*\n" + fixed);
    EXPECT_THAT(networkd(later), ElementsAre(std::string(vendor) + " dhcp")) << "the names decide, not the folders";
}

TEST(Networkd, WhatIsSaidOfTheMachineIsAskedOfTheInstance)
{
    struct Case {
        const char *match;
        bool applies;
    };
    const Case cases[] = {{"Virtualization=vmware", false},     {"Virtualization=container", false},
                          {"Virtualization=!container", true},  {"Virtualization=vm", true},
                          {"Virtualization=kvm", true},         {"Virtualization=no", false},
                          {"KernelCommandLine=!root", false},   {"KernelCommandLine=root", true},
                          {"KernelCommandLine=netboot", false}, {"KernelCommandLine=quiet", true}};
    for (auto const &[match, applies] : cases) {
        Guest guest;
        guest.file("/usr/lib/systemd/network/yy.network",
                   "[Match]\nName=*\n" + std::string(match) + "\n[Network]\nDHCP=yes\n");
        EXPECT_EQ(networkd(guest, "root=LABEL=ROOT quiet").size(), applies ? 1U : 0U) << match;
    }
}

TEST(Networkd, VendorsFilesForOtherThingsThanCards)
{
    for (const char *match :
         {"Name=docker*", "Name=host0", "Type=wlan\nName=*", "Kind=veth\nName=ve-*", "Driver=ena"}) {
        Guest guest;
        guest.file(vendor, "[Match]\n" + std::string(match) + "\n[Network]\nDHCP=yes\n");
        EXPECT_TRUE(networkd(guest).empty()) << match;
    }
    Guest unmanaged;
    unmanaged.file(vendor, dhcp_for_all)
        .file("/etc/systemd/network/10.network", "[Match]\nName=*\n[Link]\nUnmanaged=yes\n");
    auto const facts = read(unmanaged);
    ASSERT_EQ(facts->interfaces.size(), 1U);
    EXPECT_FALSE(facts->interfaces[0].on_boot);
}

TEST(Networkd, BeforeRelease243AFileWithoutMatchIsForEveryCard)
{
    Guest guest;
    guest.file(vendor, "[Network]\nDHCP=v4\n");
    EXPECT_TRUE(networkd(guest).empty());
    guest.file("/usr/lib/systemd/libsystemd-shared-255.4-1.so", "ELF");
    EXPECT_TRUE(networkd(guest).empty());
    guest.files->remove("/usr/lib/systemd/libsystemd-shared-255.4-1.so");
    guest.file("/usr/lib/systemd/libsystemd-shared-241.so", "ELF");
    EXPECT_THAT(networkd(guest), ElementsAre(std::string(vendor) + " dhcp"));
    guest.link("/etc/systemd/network/zz-default.network", "/dev/null");
    EXPECT_TRUE(networkd(guest).empty()) << "masked";
}

TEST(Ifupdown, WhatIsSourcedCountsAndALoopEnds)
{
    Guest guest;
    guest
        .file("/etc/network/interfaces", "source /etc/network/interfaces.d/*\nsource /etc/network/interfaces\n"
                                         "source-directory more\n")
        .file("/etc/network/interfaces.d/50-cloud-init", "allow-hotplug eth0\niface eth0 inet dhcp\n"
                                                         "iface eth0:1 inet static\n  address \\\n 192.0.2.6\n")
        .file("/etc/network/more/eth1", "auto eth1\niface eth1 inet6 auto\n")
        .file("/etc/network/more/eth2.bak", "auto eth2\niface eth2 inet dhcp\n");
    auto const facts = read(guest);
    ASSERT_TRUE(facts) << facts.reason();
    ASSERT_EQ(facts->interfaces.size(), 2U);
    EXPECT_EQ(facts->interfaces[0].method, "dhcp");
    EXPECT_TRUE(facts->interfaces[0].on_boot);
    EXPECT_THAT(facts->interfaces[0].addresses, ElementsAre("192.0.2.6"));
    EXPECT_EQ(facts->interfaces[1].name, "eth1");
}

TEST(NetworkServices, EnabledOnesAreListed)
{
    Guest guest;
    guest.file("/lib/systemd/system/systemd-networkd.service", "[Unit]\n")
        .file("/lib/systemd/system/NetworkManager.service", "[Unit]\n")
        .link("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
              "/lib/systemd/system/systemd-networkd.service");
    EXPECT_THAT(read(guest)->enabled_services, ElementsAre("systemd-networkd"));
    Guest suse;
    suse.file("/usr/lib/systemd/system/wicked.service", "[Unit]\n")
        .link("/etc/systemd/system/network.service", "/usr/lib/systemd/system/wicked.service")
        .link("/etc/systemd/system/multi-user.target.wants/wicked.service", "/usr/lib/systemd/system/wicked.service");
    EXPECT_THAT(read(suse)->enabled_services, ::testing::Contains("wicked"));
}

TEST(NetworkServices, NetplanStartsNetworkdUnlessToldOtherwise)
{
    Guest guest;
    guest.file("/lib/systemd/system/systemd-networkd.service", "[Unit]\n")
        .file("/etc/netplan/01.yaml", "network: {version: 2, ethernets: {eth0: {dhcp4: true}}}\n");
    EXPECT_TRUE(read(guest)->enabled_services.empty());
    guest.file("/usr/lib/systemd/system-generators/netplan", "ELF");
    EXPECT_THAT(read(guest)->enabled_services, ElementsAre("systemd-networkd"));
    guest.file("/etc/netplan/02.yaml", "network: {renderer: NetworkManager}\n");
    EXPECT_TRUE(read(guest)->enabled_services.empty());
}

TEST(PersistentNetRules, OnlyActiveOnesOfTheAdministrator)
{
    Guest guest;
    guest
        .file("/etc/udev/rules.d/70-persistent-net.rules",
              "# generated\nSUBSYSTEM==\"net\", ATTR{address}==\"x\", NAME=\"eth0\"\n")
        .file("/etc/udev/rules.d/71-persistent-net.rules", "# nothing\n\n")
        .file("/etc/udev/rules.d/30-net_persistent-names.rules", "SUBSYSTEM==\"net\"\n")
        .file("/etc/udev/rules.d/75-persistent-net-generator.rules", "ACTION==\"x\"\n")
        .file("/etc/udev/rules.d/60-block.rules", "x\n");
    EXPECT_THAT(read(guest)->udev_rules, ElementsAre("/etc/udev/rules.d/30-net_persistent-names.rules",
                                                     "/etc/udev/rules.d/70-persistent-net.rules"));
}

TEST(NetworkHostile, OneBrokenFileMakesItUnknown)
{
    for (const char *path : {"/etc/netplan/01.yaml", "/etc/sysconfig/network-scripts/ifcfg-eth0",
                             "/etc/network/interfaces", "/etc/systemd/network/1.network",
                             "/etc/NetworkManager/system-connections/x", "/etc/udev/rules.d/70-persistent-net.rules"}) {
        Guest guest;
        guest.file(path, std::string("\0\0\0", 3));
        auto const facts = read(guest);
        ASSERT_FALSE(facts) << path;
        EXPECT_TRUE(facts.reason().starts_with(path)) << facts.reason();
    }
}

TEST(NetworkHostile, ShapesOfNetplanThatNobodyExpects)
{
    for (auto const *text :
         {"network: 5\n", "network: [a]\n", "network: {ethernets: [eth0]}\n",
          "network: {ethernets: {? [a] : b, c: 5, d: [1]}}\n", "network: {ethernets: {eth0: {addresses: {a: b}}}}\n",
          "network: {ethernets: {eth0: {match: 5, addresses: [{}]}}}\n"}) {
        Guest guest;
        guest.file("/etc/netplan/01.yaml", text);
        EXPECT_TRUE(read(guest)) << text << read(guest).reason();
    }
}
