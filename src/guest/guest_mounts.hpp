// The guest's filesystems, put together as the guest itself mounts them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <imgport/facts.hpp>

#include "filesystem/mounted_tree.hpp"
#include "filesystem/tree_maker.hpp"
#include "guest/find_root.hpp"

namespace imgport {

struct GuestMounts {
    std::unique_ptr<MountedTree> tree;
    std::vector<MountPoint> points = {};     // the root and what fstab adds, as the guest has them
    std::vector<MountPoint> reachable = {};  // and the EFI system partition, where fstab leaves it out
    std::unique_ptr<MountedTree> esp = {};   // the EFI system partition by itself
    std::string esp_target = {};
    std::string esp_failure = {};
    std::vector<std::string> problems = {};
};

// Follows the fstab of the root. A volume that cannot be opened becomes a tree in which every access fails with the
// reason, so that whatever is read below it is unknown and not absent.
GuestMounts mount_guest(TreeMaker &maker, const RootVolume &root, const FstabFacts &fstab,
                        const std::vector<VolumeFacts> &volumes, const VolumeFacts *esp);

}  // namespace imgport
