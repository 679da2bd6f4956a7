// Which names the guest's udev gives to network cards.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// Fills in kernel_names and given_names.
void read_interface_names(GuestFiles &files, NetworkFacts &facts);

}  // namespace imgport
