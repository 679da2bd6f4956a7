// What this machine has to give, its container's limits included.
#pragma once

#include <cstdint>
#include <string>

namespace imgport {

// Cores that this process may use.
unsigned usable_cores();
// Bytes that could be taken now without swapping.
std::uint64_t available_memory();
std::string host_name();

// From the text of a cgroup's cpu.max: "200000 100000" is two cores; 0: no limit.
unsigned cores_of_quota(const std::string &cpu_max);

}  // namespace imgport
