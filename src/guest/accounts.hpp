// Who can log in.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// passwd(5) and shadow(5), and the flags of the files that hold them. Password hashes are looked at and dropped.
Known<AccountsFacts> read_accounts(FileTree &tree);

}  // namespace imgport
