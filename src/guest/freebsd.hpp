// What only a FreeBSD has.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// The kernel that the loader starts, how it comes by the virtio drivers, and the root that the loader names. `kernel`
// is empty where there is none, as on every other system.
Known<FreeBsdFacts> read_freebsd(FileTree &tree);

}  // namespace imgport
