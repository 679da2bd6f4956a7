// What one machine left behind and every instance of the image would share.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

Known<ResidueFacts> read_residue(FileTree &tree);

}  // namespace imgport
