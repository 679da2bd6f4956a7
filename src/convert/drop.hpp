// The plan for what may be left out (imgport/drop.hpp), made once, as changes to be laid over the disk.
#pragma once

#include <memory>
#include <vector>

#include <imgport/disk.hpp>
#include <imgport/drop.hpp>

#include "format/changed_disk.hpp"

namespace imgport {

struct DropPlan {
    DiskChanges changes;           // holes and patches only
    std::vector<Dropped> dropped;  // one per volume and kind that could be meant, in the order of the disk
};

// Fails where the disk cannot be read, or where a hostile disk's structures lie over each other such that the changes
// would touch what they have no business with.
Result<DropPlan> plan_drop(std::shared_ptr<Disk> disk, const DropOptions &options);

}  // namespace imgport
