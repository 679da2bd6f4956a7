// What a guest starts for the machine it ran on: other hypervisors' guest tools, and kdump.
#pragma once

#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

// Empty: there are none.
Known<std::vector<HypervisorTool>> read_hypervisor_tools(FileTree &tree, const Services &services);

Known<CrashDumpFacts> read_crash_dump(FileTree &tree, const Services &services);

}  // namespace imgport
