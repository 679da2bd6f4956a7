// /etc/hosts.allow and /etc/hosts.deny, hosts_access(5) and hosts_options(5), as far as they concern sshd.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// Fills in hosts_denied and hosts_allowed; nothing where somebody from anywhere gets in, or sshd does not ask at all.
void read_hosts_access(GuestFiles &files, SshdFacts &facts);

}  // namespace imgport
