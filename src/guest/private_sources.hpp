// Proxies and package sources that only the old network could reach.
#pragma once

#include <string_view>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// Each evidence says in `value` what it is and its host; never the rest of the address, which may hold a password.
Known<std::vector<Evidence>> read_private_sources(FileTree &tree);

// The host of "scheme://user:password@host:port/path"; empty where there is none.
std::string host_of_url(std::string_view url);

// A host of no public network: RFC 1918, loopback, .local, .internal and the like, or a name without a dot.
bool is_private_host(std::string_view host);

}  // namespace imgport
