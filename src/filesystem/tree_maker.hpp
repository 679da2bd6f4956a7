// An engine that finds a disk's volumes and opens their filesystems: the appliance, or native readers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <imgport/disk_facts.hpp>

#include "filesystem/raw_tree.hpp"

namespace imgport {

// Volumes that appear when others are assembled.
struct FoundVolumes {
    std::vector<VolumeFacts> volumes = {};
    std::vector<std::string> problems = {};  // what is damaged and may have held more of them
};

class TreeMaker {
public:
    TreeMaker() = default;
    TreeMaker(const TreeMaker &) = delete;
    TreeMaker &operator=(const TreeMaker &) = delete;
    virtual ~TreeMaker() = default;

    // "appliance", "native".
    virtual std::string name() const = 0;

    // Why the engine itself cannot go on (the appliance died), whatever the filesystems are like; nullopt while it can.
    virtual std::optional<Error> failure() const = 0;

    // LVM's logical volumes, with what their superblocks say. One that cannot be read has no filesystem type, but a
    // state that says why.
    // `known` are the ones found in the partition table.
    virtual Result<FoundVolumes> more_volumes(const std::vector<VolumeFacts> &known) = 0;

    // The files of the volume with that device name. `subvolume` is a btrfs subvolume's path, "" for the default one.
    // An error says by name what cannot be read.
    virtual Result<std::shared_ptr<RawTree>> open(const VolumeFacts &volume, const std::string &subvolume) = 0;

    // The paths of a btrfs filesystem's subvolumes ("@", "@/var"); empty for everything else.
    virtual Result<std::vector<std::string>> subvolumes(const VolumeFacts &volume) = 0;
};

}  // namespace imgport
