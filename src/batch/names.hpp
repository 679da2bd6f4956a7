// What artifacts of a batch are called: names that stay the same when the list grows.
#pragma once

#include <string>
#include <vector>

#include <imgport/batch.hpp>

namespace imgport {

// Empty where it can be a file's name.
std::string wrong_name(const std::string &name);

// Fills in the names that are not given. Of those that would be the same, each gets its folder's name before it, and
// where that does not tell them apart, a digest of the path after it. A name given twice, or an image listed twice
// without names, is a usage error. `earlier`: the list before this one, whose images keep their names where nobody else
// was given them.
Result<void> name_jobs(std::vector<BatchJob> &jobs, const std::vector<BatchJob> &earlier = {});

}  // namespace imgport
