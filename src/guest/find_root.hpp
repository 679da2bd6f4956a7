// Which of the volumes holds the system.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <imgport/facts.hpp>

#include "filesystem/raw_tree.hpp"
#include "filesystem/tree_maker.hpp"
#include "guest/root_layouts.hpp"

namespace imgport {

struct RootVolume {
    const VolumeFacts *volume = nullptr;
    std::string subvolume = {};  // btrfs; "" for the default one
    std::shared_ptr<RawTree> tree;
    std::vector<ExtraMount> extra = {};
};

// One line for each volume that may hide a system without letting anyone look: encrypted, part of a RAID or a pool.
std::vector<std::string> closed_volumes(const std::vector<VolumeFacts> &volumes);

// The best candidate: a filesystem with /etc, programs, and one of os-release, fstab and passwd; or a Windows. Volumes
// that could not be looked into are told in `problems`.
std::optional<RootVolume> find_root(TreeMaker &maker, const std::vector<VolumeFacts> &volumes,
                                    std::vector<std::string> &problems);

// Whether such a filesystem can hold a system's root and be looked into.
bool can_hold_root(const std::string &filesystem);

}  // namespace imgport
