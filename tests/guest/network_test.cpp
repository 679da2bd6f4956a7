#include "guest/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"

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
