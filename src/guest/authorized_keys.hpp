// SSH keys that let somebody in.
#pragma once

#include <string>
#include <vector>

#include <imgport/known.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// The files with at least one key, of root and of the users that have a home in /home.
Known<std::vector<std::string>> read_authorized_keys(FileTree &tree);

}  // namespace imgport
