// cloud-init: which version, whether it runs, where it looks for its data.
#pragma once

#include <string_view>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

// `cmdline` is the command line of the kernel that starts by default; "cloud-init=disabled" in it counts.
Known<CloudInitFacts> read_cloud_init(FileTree &tree, const Services &services, std::string_view cmdline);

}  // namespace imgport
