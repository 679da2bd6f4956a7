// Whether the guest keeps itself from the cloud's metadata service, 100.100.100.200.
#pragma once

#include <string_view>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

// Fills in metadata_blocks: saved firewall rules that a service loads, and static routes.
void read_metadata_blocks(GuestFiles &files, const Services &services, NetworkFacts &facts);

// Whether "ADDRESS", "ADDRESS/BITS" or "ADDRESS/MASK" holds 100.100.100.200 and is narrower than /8 or just that.
bool covers_metadata(std::string_view network);

}  // namespace imgport
