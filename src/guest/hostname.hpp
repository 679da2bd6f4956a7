// The guest's own name.
#pragma once

#include <string>
#include <vector>

#include <imgport/evidence.hpp>
#include <imgport/known.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// From /etc/hostname (hostname(5)), else from where older distributions kept it; empty where none is set.
Known<std::string> read_hostname(FileTree &tree);

// The lines of /etc/hosts that give that name, with or without a domain, an address other than the machine's own
// loopback.
Known<std::vector<Evidence>> read_own_addresses(FileTree &tree, const std::string &hostname);

}  // namespace imgport
