// Logical volumes, read without LVM2 and device-mapper.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

struct LogicalVolume {
    std::string device;          // "/dev/vg0/root"
    std::uint64_t length = 0;    // bytes
    std::shared_ptr<Disk> disk;  // nullptr where it cannot be read
    // Where its bytes lie, in order and without gaps; empty where that is more than plain runs.
    struct Run {
        std::uint64_t length = 0;         // bytes
        std::size_t physical_volume = 0;  // its place in what was handed in
        std::uint64_t offset = 0;         // bytes from its start
    };
    std::vector<Run> runs = {};
    // Set where there is no disk. unsupported: a kind of volume that is not read natively; unreadable: it lies on a
    // physical volume that is not there or was cut short, so that no system would activate it.
    std::optional<Error> error = {};
};

struct LogicalVolumes {
    // By device, 256 at most: the ones that `lvs` lists and a system activates by itself. Hidden and internal ones,
    // pools, snapshots that are merged away, exported groups and volumes marked to be skipped are left out. Groups that
    // another system owns (system_id) are not: this disk is that system.
    std::vector<LogicalVolume> volumes = {};
    // What is damaged, and may have held more volumes. A metadata area that another copy stands in for is no problem.
    std::vector<Error> problems = {};
};

// Of the physical volumes of one machine, in any order. Fails only where one cannot be read.
Result<LogicalVolumes> read_lvm2(std::span<const std::shared_ptr<Disk>> physical_volumes);

}  // namespace imgport
