// What turns root, or everybody, away before a password is even looked at.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// PAM's securetty and access lists, limits.conf, /etc/nologin. Each evidence says in `value` what it does.
Known<std::vector<Evidence>> read_login_limits(FileTree &tree);

}  // namespace imgport
