// What a volume holds, by its superblock. One small file per family; the table is in superblock.cpp.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <imgport/disk.hpp>
#include <imgport/disk_facts.hpp>

#include "volume/volume_reader.hpp"

namespace imgport {

// `type` stays empty where nothing was recognised. Fails only where the volume cannot be read.
Result<FilesystemFacts> describe_filesystem(Disk &volume);

// All that would pass for what the volume holds, the likeliest first: a superblock may outlive its filesystem.
Result<std::vector<FilesystemFacts>> superblocks_of(Disk &volume);

// nullopt: not mine.
using SuperblockReader = std::optional<FilesystemFacts> (*)(VolumeReader &volume);

std::optional<FilesystemFacts> read_raid_superblock(VolumeReader &volume);
std::optional<FilesystemFacts> read_lvm_label(VolumeReader &volume);
std::optional<FilesystemFacts> read_luks_header(VolumeReader &volume);
// LUKS2's copy, where nothing else was recognised: it may outlive its volume.
std::optional<FilesystemFacts> read_luks_second_header(VolumeReader &volume);
std::optional<FilesystemFacts> read_bitlocker_header(VolumeReader &volume);
std::optional<FilesystemFacts> read_swap_header(VolumeReader &volume);
std::optional<FilesystemFacts> read_xfs_superblock(VolumeReader &volume);
std::optional<FilesystemFacts> read_ext_superblock(VolumeReader &volume);
std::optional<FilesystemFacts> read_btrfs_superblock(VolumeReader &volume);
std::optional<FilesystemFacts> read_ntfs_boot_sector(VolumeReader &volume);
std::optional<FilesystemFacts> read_fat_boot_sector(VolumeReader &volume);
std::optional<FilesystemFacts> read_iso9660_descriptor(VolumeReader &volume);
std::optional<FilesystemFacts> read_ufs_superblock(VolumeReader &volume);
std::optional<FilesystemFacts> read_zfs_label(VolumeReader &volume);
// The ones that are only named: squashfs, f2fs, reiserfs, ...
std::optional<FilesystemFacts> read_other_superblock(VolumeReader &volume);

// A feature bit's name, in the words of the filesystem's own tools.
struct FeatureName {
    std::uint32_t bit;
    const char *name;
};

// Appends the names of the set bits; a bit without a name becomes PREFIX and the bit's number ("FEATURE_I20").
void append_features(std::vector<std::string> &out, std::uint32_t bits, std::span<const FeatureName> names,
                     const char *prefix);

// a * b where that fits.
std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b);

// Makes facts.clean false and adds the reason to facts.state.
void mark_unclean(FilesystemFacts &facts, std::string_view reason);

}  // namespace imgport
