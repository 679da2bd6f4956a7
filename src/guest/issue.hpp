// The greeting of terminals, from which clouds tell the distribution.
#pragma once

#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

// /etc/issue and /etc/issue.net, the ones that are there.
Known<std::vector<IssueFile>> read_issue(FileTree &tree);

}  // namespace imgport
