// The superblock of btrfs: "On-disk format" in the btrfs documentation, section "Superblock".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <imgport/disk.hpp>

#include "filesystem/btrfs_checksum.hpp"

namespace imgport::btrfs {

// Where a tree begins.
struct Root {
    std::uint64_t logical = 0;  // bytes
    std::uint64_t generation = 0;
    std::uint8_t level = 0;
};

using Uuid = std::array<std::byte, 16>;

struct Superblock {
    Checksum checksum;
    Uuid metadata_uuid;                // what every tree node bears
    std::uint32_t sector_size = 0;     // bytes: the unit of data
    std::uint32_t node_size = 0;       // bytes: of a tree node
    std::uint64_t root_directory = 0;  // the inode in the root tree whose entry "default" is the default subvolume
    Root root_tree = {};
    Root chunk_tree = {};
    std::uint64_t compatible_ro = 0;  // features that a writer has to know
    std::uint64_t device_id = 0;
    std::uint64_t device_size = 0;  // bytes
    Uuid device_uuid = {};
    std::vector<std::byte> system_chunks = {};  // sys_chunk_array: keys, each with its chunk item
};

// The one at 64 KiB, as a mount reads it; the copies are for repair. Malformed where it is damaged or the volume is
// shorter than the device it says; unsupported, by name, for several devices, seed devices, metadata dumps, zoned
// devices and every incompatible feature that is not known here.
Result<Superblock> read_superblock(Disk &volume);

}  // namespace imgport::btrfs
