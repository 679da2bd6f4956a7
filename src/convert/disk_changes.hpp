// All that is to change about a disk on its way, as the options want it.
#pragma once

#include <vector>

#include <imgport/convert.hpp>

#include "convert/content_digest.hpp"
#include "format/changed_disk.hpp"

namespace imgport {

// `size` is the disk's size afterwards. What was left out, or could be, is added to `dropped`.
Result<DiskChanges> plan_changes(const DiskMaker &make_disk, std::uint64_t size, const ConvertOptions &options,
                                 std::vector<Dropped> &dropped);

}  // namespace imgport
