// Programs that the target's services mind or need.
#pragma once

#include <string>
#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// The paths that show a qemu guest agent; empty: not installed.
Known<std::vector<std::string>> read_qemu_guest_agent(FileTree &tree);

// Agents that configure a guest for one cloud, as cloud-init does for many: the program, and its name.
Known<std::vector<Evidence>> read_cloud_agents(FileTree &tree);

// The path of growpart; empty: not installed.
Known<std::string> read_growpart(FileTree &tree);

// /bin, /sbin, /lib and /lib64: folders, or links into /usr.
Known<std::vector<SystemDirectory>> read_system_directories(FileTree &tree);

}  // namespace imgport
