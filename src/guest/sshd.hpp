// The OpenSSH server: whether it starts, and what it will allow.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

Known<SshdFacts> read_sshd(FileTree &tree, const Services &services);

}  // namespace imgport
