// Keys and histories that somebody left in the guest. Their content is never kept.
#pragma once

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// In the home folders of root and of the accounts that can log in.
Known<std::vector<CredentialFile>> read_credentials(FileTree &tree);

// The files that the cloud or its users write at the first boot, with their inode flags, where they exist.
Known<std::vector<ProtectedFile>> read_protected_files(FileTree &tree);

}  // namespace imgport
