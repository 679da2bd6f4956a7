// SELinux, firewalls, accounts, agents and the system's folders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/accounts.hpp"
#include "guest/agents.hpp"
#include "guest/firewall.hpp"
#include "guest/selinux.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;

namespace {

void enable(Guest &guest, const std::string &unit)
{
    guest.file("/lib/systemd/system/" + unit, "[Unit]\n")
        .link("/etc/systemd/system/multi-user.target.wants/" + unit, "/lib/systemd/system/" + unit);
}

std::vector<ServiceFacts> firewalls(Guest &guest)
{
    auto const found = read_firewalls(guest.tree, Services(guest.tree));
    EXPECT_TRUE(found) << found.reason();
    return found ? *found : std::vector<ServiceFacts>();
}

}  // namespace

TEST(Selinux, TheFileAndThenTheCommandLine)
{
    Guest guest;
    guest.file("/etc/selinux/config", "# SELINUX=disabled\nSELINUX=enforcing\nSELINUXTYPE=targeted\n");
    EXPECT_EQ(read_selinux(guest.tree, "")->mode.value, "enforcing");
    EXPECT_EQ(read_selinux(guest.tree, "")->mode.where.line, 2U);
    EXPECT_EQ(read_selinux(guest.tree, "ro selinux=0")->mode.value, "disabled");
    EXPECT_EQ(read_selinux(guest.tree, "enforcing=0")->mode.value, "permissive");
    Guest none;
    EXPECT_FALSE(read_selinux(none.tree, "enforcing=1")->installed);
    EXPECT_EQ(read_selinux(none.tree, "enforcing=1")->mode.value, "disabled");
}

TEST(Firewall, NoneInstalledIsAnEmptyList)
{
    Guest guest;
    EXPECT_TRUE(firewalls(guest).empty());
}

TEST(Firewall, FirewalldByItsUnit)
{
    Guest guest;
    guest.file("/lib/systemd/system/firewalld.service", "[Unit]\n");
    EXPECT_FALSE(firewalls(guest).at(0).enabled);
    enable(guest, "firewalld.service");
    EXPECT_TRUE(firewalls(guest).at(0).enabled);
}

TEST(Firewall, UfwNeedsItsOwnSwitch)
{
    Guest guest;
    enable(guest, "ufw.service");
    guest.file("/etc/ufw/ufw.conf", "# comment\nENABLED=no\n");
    EXPECT_FALSE(firewalls(guest).at(0).enabled);
    guest.file("/etc/ufw/ufw.conf", "ENABLED=yes\n");
    EXPECT_TRUE(firewalls(guest).at(0).enabled);
    EXPECT_EQ(firewalls(guest).at(0).where, "/etc/ufw/ufw.conf:1");
}

TEST(Firewall, NftablesCountsWhereItTurnsSomethingAway)
{
    Guest guest;
    enable(guest, "nftables.service");
    guest.file("/etc/nftables.conf", "flush ruleset\ntable inet filter {\n\tchain input {\n"
                                     "\t\ttype filter hook input priority filter;\n\t}\n}\n");
    EXPECT_FALSE(firewalls(guest).at(0).enabled) << "Debian's stock file";
    EXPECT_NE(firewalls(guest).at(0).where.find("no rule"), std::string::npos);
    guest.file("/etc/nftables.conf", "table inet f { chain i { type filter hook input priority 0; policy drop; } }\n");
    EXPECT_TRUE(firewalls(guest).at(0).enabled);
    guest.file("/etc/nftables.conf", "include \"/etc/nftables.d/*.nft\"\ninclude \"nftables.conf\"\n")
        .file("/etc/nftables.d/a.nft", "# drop\nadd rule inet f i tcp dport 22 reject\n");
    EXPECT_TRUE(firewalls(guest).at(0).enabled);
}

TEST(Firewall, IptablesCountsWhereItHasRules)
{
    Guest guest;
    enable(guest, "iptables.service");
    EXPECT_FALSE(firewalls(guest).at(0).enabled);
    guest.file("/etc/sysconfig/iptables", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n");
    EXPECT_FALSE(firewalls(guest).at(0).enabled);
    guest.file("/etc/sysconfig/iptables", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j REJECT --reject-with x\nCOMMIT\n");
    EXPECT_TRUE(firewalls(guest).at(0).enabled);
    guest.file("/etc/sysconfig/iptables", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
    EXPECT_TRUE(firewalls(guest).at(0).enabled);
}

TEST(Firewall, FreeBsdsThree)
{
    Guest guest;
    guest.file("/etc/rc.subr", "").file("/etc/rc.conf", "pf_enable=YES\nfirewall_enable=YES\nfirewall_type=open\n");
    auto const found = firewalls(guest);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_TRUE(found[0].enabled);
    EXPECT_FALSE(found[1].enabled) << "an open ipfw lets everything pass";
    EXPECT_FALSE(found[2].enabled);
}

TEST(Accounts, WhoCanLogIn)
{
    Guest guest;
    guest
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/"
                             "nologin\nadmin:x:1000:1000:A,,:/home/a:/bin/sh\n"
                             "toor::0:0::/root:\nbroken line\nold:$1$hash:1001:1::/:/bin/sh\nno:x:abc:1::/:/bin/sh\n")
        .file("/etc/shadow", "root:*:19000:0:::::\nadmin:$6$salt$hash:19000::::::\ntoor::1::::::\n");
    guest.files->immutable("/etc/shadow");
    auto const facts = read_accounts(guest.tree);
    ASSERT_TRUE(facts) << facts.reason();
    ASSERT_EQ(facts->accounts.size(), 4U);
    EXPECT_EQ(facts->accounts[0].password, "locked");
    EXPECT_EQ(facts->accounts[1].name, "admin");
    EXPECT_EQ(facts->accounts[1].password, "password");
    EXPECT_EQ(facts->accounts[2].password, "empty");
    EXPECT_EQ(facts->accounts[3].password, "password");
    ASSERT_EQ(facts->files.size(), 4U);
    EXPECT_TRUE(facts->files[1].present);
    EXPECT_EQ(facts->files[1].immutable, true);
    EXPECT_EQ(facts->files[0].immutable, false);
    EXPECT_FALSE(facts->files[2].present);
}

TEST(Accounts, TheGroupsOfRootAndTheCommands)
{
    Guest guest;
    guest.file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
        .file("/etc/group", "root:x:0:\nwheel:x:10:admin,root\nusers:x:100:admin,rooty\n")
        .file("/usr/bin/passwd", "ELF")
        .file("/usr/sbin/useradd", "ELF");
    EXPECT_THAT(read_accounts(guest.tree)->root_groups, ElementsAre("root", "wheel"));
    EXPECT_THAT(read_accounts(guest.tree)->commands, ElementsAre("passwd", "useradd"));
}

TEST(Accounts, ManyAreCappedAndGarbageIsUnknown)
{
    Guest guest;
    std::string lines = "root:x:0:0:root:/root:/bin/bash\n";
    for (int i = 0; i < 3000; ++i)
        lines += "u" + std::to_string(i) + ":x:" + std::to_string(2000 + i) + ":1::/:/bin/sh\n";
    guest.file("/etc/passwd", lines);
    EXPECT_EQ(read_accounts(guest.tree)->accounts.size(), 1000U);
    guest.file("/etc/shadow", std::string(100, '\0'));
    EXPECT_FALSE(read_accounts(guest.tree));
}

TEST(Agents, TracesOfThem)
{
    Guest guest;
    EXPECT_TRUE(read_qemu_guest_agent(guest.tree)->empty());
    EXPECT_EQ(*read_growpart(guest.tree), "");
    guest.link("/sbin", "usr/sbin")
        .link("/lib", "usr/lib")
        .file("/usr/sbin/qemu-ga", "ELF")
        .file("/usr/bin/growpart", "#!/bin/sh\n");
    guest.file("/usr/lib/systemd/system/qemu-guest-agent.service", "[Unit]\n");
    EXPECT_THAT(*read_qemu_guest_agent(guest.tree),
                ElementsAre("/usr/sbin/qemu-ga", "/usr/lib/systemd/system/qemu-guest-agent.service"));
    EXPECT_EQ(*read_growpart(guest.tree), "/usr/bin/growpart");
    EXPECT_TRUE(read_cloud_agents(guest.tree)->empty());
    guest.file("/usr/sbin/waagent", "#!/usr/bin/python3\n").file("/usr/bin/google_guest_agent", "x");
    auto const agents = *read_cloud_agents(guest.tree);
    ASSERT_EQ(agents.size(), 2U);
    EXPECT_EQ(agents[0].file + " " + agents[0].value, "/usr/sbin/waagent waagent");
    EXPECT_EQ(agents[1].value, "google-guest-agent");
}

TEST(Directories, FoldersAndLinks)
{
    Guest guest;
    guest.directory("/sbin")
        .link("/bin", "usr/bin")
        .link("/lib", "/usr/lib")
        .directory("/usr/lib")
        .directory("/usr/bin");
    auto const found = read_system_directories(guest.tree);
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)[0].kind, "symlink");
    EXPECT_EQ((*found)[0].target, "usr/bin");
    EXPECT_EQ((*found)[1].kind, "directory");
    EXPECT_EQ((*found)[2].target, "/usr/lib");
    EXPECT_EQ((*found)[3].kind, "");
}
