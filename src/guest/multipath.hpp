// Device mapper multipath: whether its daemon starts, and what it is told to leave alone.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"
#include "guest/services.hpp"

namespace imgport {

Known<MultipathFacts> read_multipath(FileTree &tree, const Services &services);

}  // namespace imgport
