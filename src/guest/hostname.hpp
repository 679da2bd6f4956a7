// The guest's own name.
#pragma once

#include <string>

#include <imgport/known.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// From /etc/hostname (hostname(5)), else from where older distributions kept it; empty where none is set.
Known<std::string> read_hostname(FileTree &tree);

}  // namespace imgport
