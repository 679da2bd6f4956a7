// What of a disk is dead and may be left out: blocks that no file uses, and what was swapped out. Planned once, as
// changes to be laid over the disk. Off unless asked for, as it makes deleted files unrecoverable.
//
// Windows' swap and hibernation files (pagefile.sys, swapfile.sys, hiberfil.sys) are files, and stay as they are; so
// does a swap file on Linux.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <imgport/disk.hpp>

#include "format/changed_disk.hpp"

namespace imgport {

struct DropOptions {
    bool free_space = false;
    bool swap = false;
};

struct Dropped {
    std::string device;        // "/dev/sda1"
    std::string what;          // "free-space", "swap"
    std::uint64_t bytes = 0;   // of data that the source stores and the target will not
    std::string skipped = {};  // why nothing was dropped
    std::string note = {};     // what was lost with it: a hibernated system

    static void fields(auto &self, auto &&visit)
    {
        visit("device", self.device);
        visit("what", self.what);
        visit("bytes", self.bytes);
        visit("skipped", self.skipped);
        visit("note", self.note);
    }
};

struct DropPlan {
    DiskChanges changes;           // holes and patches only
    std::vector<Dropped> dropped;  // one per volume and kind that could be meant, in the order of the disk
};

// Fails where the disk cannot be read, or where a hostile disk's structures lie over each other such that the changes
// would touch what they have no business with.
Result<DropPlan> plan_drop(std::shared_ptr<Disk> disk, const DropOptions &options);

}  // namespace imgport
