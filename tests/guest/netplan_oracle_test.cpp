// Our merging of netplan's files against netplan's own: its files are to mean what its one merged text means.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "guest/network.hpp"
#include "node_trees.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

std::string joined(std::vector<std::string> list)
{
    std::sort(list.begin(), list.end());
    return join(list, ",");
}

std::vector<std::string> as_we_say(const Nodes &nodes)
{
    Guest guest;
    add_to_guest(guest, nodes);
    GuestFiles files(guest.tree);
    std::vector<InterfaceConfig> interfaces;
    read_netplan(files, interfaces);
    EXPECT_FALSE(files.failed()) << files.reason();
    std::vector<std::string> lines;
    for (auto const &one : interfaces)
        lines.push_back(fmt::format("{} {} on_boot={} addresses={} hwaddr={} kind={} members={} by_match={}", one.name,
                                    one.method, one.on_boot, joined(one.addresses), one.hwaddr, one.kind,
                                    joined(one.members), one.by_match));
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::string as_netplan_says(const Nodes &nodes)
{
    Workshop const workshop;
    add_to_folder(workshop.path(), nodes);
    return run_tool({"netplan", "get", "--root-dir", workshop.path()});
}

}  // namespace

TEST(NetplanOracle, MergesItsFilesAsWeDo)
{
    IMGPORT_NEEDS("netplan");
    struct Case {
        Nodes nodes;
        std::size_t interfaces;
    };
    const char *one = "/etc/netplan/1.yaml";
    const char *two = "/etc/netplan/2.yaml";
    const Node dhcp{one, "network: {version: 2, ethernets: {a: {dhcp4: true}}}"};
    const Node address{one, "network: {ethernets: {a: {addresses: [10.0.0.1/24, 10.0.0.1/24]}}}"};
    const Case cases[] = {
        {{dhcp}, 1},
        {{dhcp, {two, "network: {ethernets: {a: {dhcp4: no}}}"}}, 1},
        {{dhcp, {two, "network: {ethernets: {a: {dhcp6: yes, dhcp4: off}}}"}}, 1},
        {{dhcp, {"/lib/netplan/1.yaml", "network: {ethernets: {b: {dhcp4: true}}}"}}, 1},
        {{dhcp, {"/lib/netplan/2.yaml", "network: {ethernets: {b: {dhcp4: true}, a: {dhcp4: false}}}"}}, 2},
        {{{one, ""}, {"/lib/netplan/1.yaml", "network: {ethernets: {b: {dhcp4: true}}}"}}, 0},
        {{{"/etc/netplan/9.yaml", "network: {ethernets: {a: {dhcp4: true}}}"},
          {"/etc/netplan/10.yaml", "network: {ethernets: {a: {dhcp4: false}}}"}},
         1},
        {{{"/etc/netplan/1.yml", "network: {ethernets: {a: {dhcp4: true}}}"}}, 0},
        {{address, {two, "network: {ethernets: {a: {addresses: [10.0.0.2/24, 10.0.0.1/24]}}}"}}, 1},
        {{address, {two, "network: {ethernets: {a: {addresses: []}}}"}}, 1},
        {{address, {two, "network: {ethernets: {a: {addresses: [10.0.0.3/24: {label: x}, 10.0.0.4/24]}}}"}}, 1},
        {{{one, "network: {ethernets: {a: {dhcp4: 'yes'}, b: {dhcp4: y}, c: {dhcp4: TRUE}, d: {dhcp4: on}}}"}}, 4},
        {{{one, "network: {ethernets: {a: {match: {name: ens3}, dhcp4: true}}}"},
          {two, "network: {ethernets: {a: {match: {macaddress: '00:11:22:33:44:55'}}}}"}},
         1},
        {{{one, "network: {ethernets: {a: {match: {macaddress: '00:11:22:33:44:55'}, dhcp4: true}}}"},
          {two, "network: {ethernets: {a: {set-name: lan0}}}"}},
         1},
        {{{one, "network: {ethernets: {a: {}, b: {}}, bonds: {b0: {interfaces: [a], dhcp4: true}}}"},
          {two, "network: {bonds: {b0: {interfaces: [b]}}}"}},
         3},
        {{{one, "network: {ethernets: {a: {}, b: {}}, vlans: {v: {id: 3, link: a, addresses: [10.0.0.1/8]}}}"},
          {two, "network: {vlans: {v: {id: 3, link: b}}}"}},
         3},
        {{dhcp, {two, "network: {ethernets: {a: {activation-mode: manual}}}"}}, 1},
        {{{one, "network:\n  ethernets:\n    a: {dhcp4: true}\n    a: {addresses: [10.0.0.1/24]}\n"}}, 1},
        {{{one, "network: {ethernets: {a: {dhcp4: true}}}\n---\nnetwork: {ethernets: {b: {dhcp4: true}}}\n"}}, 1},
    };
    for (auto const &[nodes, interfaces] : cases) {
        std::string const merged = as_netplan_says(nodes);
        auto const said = as_we_say(nodes);
        EXPECT_EQ(said, as_we_say({{"/etc/netplan/merged.yaml", merged.c_str()}})) << nodes.back().text;
        EXPECT_EQ(said.size(), interfaces) << nodes.back().text;
    }
}
