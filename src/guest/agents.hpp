// Programs that the target's services mind or need.
#pragma once

#include <string>
#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// The paths that show a qemu guest agent; empty: not installed.
Known<std::vector<std::string>> read_qemu_guest_agent(FileTree &tree);

// The path of growpart; empty: not installed.
Known<std::string> read_growpart(FileTree &tree);

// /bin, /sbin, /lib and /lib64: folders, or links into /usr.
Known<std::vector<SystemDirectory>> read_system_directories(FileTree &tree);

}  // namespace imgport
