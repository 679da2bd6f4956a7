// How the guest keeps its time.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

// Whether the hardware clock runs in local time, and which daemons set the clock from the network.
Known<TimeFacts> read_time(FileTree &tree, const Services &services);

}  // namespace imgport
