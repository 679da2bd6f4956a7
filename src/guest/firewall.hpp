// Packet filters that the guest starts by itself.
#pragma once

#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

// One per filter that is installed. One that is started with rules which let everything pass (Debian's stock
// /etc/nftables.conf) is not enabled, and `where` says why.
Known<std::vector<ServiceFacts>> read_firewalls(FileTree &tree, const Services &services);

// Whether an nftables ruleset turns anything away: a drop or reject, as a statement or as a chain's policy.
bool nftables_blocks(std::string_view ruleset);
// The same of the output of iptables-save(8).
bool iptables_blocks(std::string_view rules);

}  // namespace imgport
