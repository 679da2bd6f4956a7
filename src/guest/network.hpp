// How the guest sets its network up.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

// `cmdline`: the kernel's, which some configuration asks for; empty where it is not known.
Known<NetworkFacts> read_network(FileTree &tree, const Services &services, std::string_view cmdline = {});

// The readers of one kind of configuration each. They append what they find; the loopback is left out.

// /etc/sysconfig/network-scripts/ifcfg-* (Red Hat) and /etc/sysconfig/network/ifcfg-* (SUSE, ifcfg(5)).
void read_ifcfg(GuestFiles &files, std::vector<InterfaceConfig> &interfaces);
// /{lib,etc}/netplan/*.yaml, merged in the order of their names.
void read_netplan(GuestFiles &files, std::vector<InterfaceConfig> &interfaces);
bool has_netplan_generator(GuestFiles &files);
// Whether netplan's generator starts systemd-networkd at boot: it does unless another renderer is asked for.
bool netplan_starts_networkd(GuestFiles &files);
// *.network of systemd.network(5). What packages bring is left out where networkd does not start and something else
// does.
enum class NetworkdVendor { counted, left_out };
void read_networkd(GuestFiles &files, std::string_view cmdline, NetworkdVendor vendor,
                   std::vector<InterfaceConfig> &interfaces);
// /etc/network/interfaces with what it sources, interfaces(5).
void read_ifupdown(GuestFiles &files, std::vector<InterfaceConfig> &interfaces);
// NetworkManager's keyfiles, nm-settings-keyfile(5).
void read_network_manager(GuestFiles &files, std::vector<InterfaceConfig> &interfaces);
// ifconfig_NAME of FreeBSD's rc.conf(5).
void read_rc_conf_network(GuestFiles &files, std::vector<InterfaceConfig> &interfaces);

}  // namespace imgport
