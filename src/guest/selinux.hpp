// SELinux: whether it is there, and the mode it will start in.
#pragma once

#include <string_view>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// /etc/selinux/config, selinux(8), overruled by "selinux=" and "enforcing=" of the kernel's command line.
Known<SelinuxFacts> read_selinux(FileTree &tree, std::string_view cmdline);

}  // namespace imgport
