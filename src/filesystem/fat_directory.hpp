// The entries of a FAT directory, long names put together.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "filesystem/fat_volume.hpp"

namespace imgport {

// The directory entry's own fields.
struct FatEntry {
    bool directory = false;
    bool read_only = false;
    std::uint32_t first_cluster = 0;  // not verified
    std::uint32_t size = 0;           // bytes; 0 for directories
};
// Of the 32 bytes at that offset of the volume.
Result<FatEntry> read_fat_entry(const FatVolume &volume, std::uint64_t offset);

struct FatName {
    std::string short_name;
    std::string long_name;     // empty where there is none
    std::uint64_t offset = 0;  // of the entry in the volume, bytes
    bool directory = false;

    const std::string &shown() const { return long_name.empty() ? short_name : long_name; }
};

// Where the pieces of a directory lie in the volume; each but the root of FAT12 and FAT16 is a cluster.
struct FatPieces {
    std::vector<std::uint64_t> offsets;
    std::uint32_t piece_size = 0;  // bytes

    std::uint64_t size() const { return std::uint64_t{piece_size} * offsets.size(); }
};
FatPieces fat_fixed_root(const FatLayout &layout);
// malformed where the chain is broken or holds more than the 65536 entries that a directory can have.
Result<FatPieces> fat_directory_pieces(const std::shared_ptr<const FatVolume> &volume, std::uint32_t first_cluster);

// Without the label, ".", ".." and what is deleted. Names with a slash are malformed.
Result<std::vector<FatName>> read_fat_directory(const FatVolume &volume, const FatPieces &pieces);

}  // namespace imgport
