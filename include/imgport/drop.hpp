// What of a disk is dead and may be left out of the output: blocks that no file uses, and what was swapped out. Off
// unless asked for, as it makes deleted files unrecoverable.
//
// Windows' swap and hibernation files (pagefile.sys, swapfile.sys, hiberfil.sys) are files, and stay as they are; so
// does a swap file on Linux.
#pragma once

#include <cstdint>
#include <string>

namespace imgport {

struct DropOptions {
    bool free_space = false;
    bool swap = false;

    bool any() const { return free_space || swap; }
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

// "/dev/sda1: 512 MiB of free space left out", "/dev/sda2: free-space stays: its journal was not replayed"
std::string describe(const Dropped &dropped);

}  // namespace imgport
