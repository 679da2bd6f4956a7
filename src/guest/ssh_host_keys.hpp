// The SSH server's own keys, and what makes them where they are missing.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

// Fills in host_keys and key_generator. `configured`: the HostKey lines; empty where there are none.
void read_host_keys(GuestFiles &files, const Services &services, const std::vector<std::string> &configured,
                    SshdFacts &facts);

}  // namespace imgport
