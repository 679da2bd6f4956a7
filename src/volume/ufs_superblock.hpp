// Where a UFS filesystem (FreeBSD's FFS) keeps its superblock, and the fields of it that recognition and the reader of
// the files share. FreeBSD: sys/ufs/ffs/fs.h, struct fs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "volume/volume_reader.hpp"

namespace imgport {

struct UfsSuperblock {
    bool version_2 = false;
    bool big_endian = false;  // of another machine: only the magic is meant to be looked at then
    std::vector<std::byte> bytes = {};

    // The fields at their offsets in struct fs.
    std::uint32_t u32(std::size_t at) const { return load_le<std::uint32_t>(bytes, at); }
    std::uint64_t u64(std::size_t at) const { return load_le<std::uint64_t>(bytes, at); }

    std::uint32_t block_size() const { return u32(48); }     // fs_bsize
    std::uint32_t fragment_size() const { return u32(52); }  // fs_fsize
    std::uint32_t groups() const { return u32(44); }         // fs_ncg
    std::uint32_t group_inodes() const { return u32(184); }  // fs_ipg
    // A UFS1 that no newer system has written to keeps its sizes and flags in older fields.
    bool old_sizes() const { return !version_2 && u32(860) != block_size(); }  // fs_maxbsize
    std::uint64_t fragments() const { return old_sizes() ? u32(36) : u64(1080); }
    std::uint32_t flags() const;

    // Sizes that the format allows (FreeBSD: sys/ufs/ffs/ffs_subr.c, validate_sblock): powers of two, a block of 4096
    // to 65536 bytes, and at most 8 fragments in it.
    bool plausible_sizes() const;
};

// fs_flags, fs.h.
inline constexpr std::uint32_t ufs_flag_soft_updates = 0x2;
inline constexpr std::uint32_t ufs_flag_needs_fsck = 0x4;
inline constexpr std::uint32_t ufs_flag_journal = 0x8;

// nullopt where none of the places has one.
std::optional<UfsSuperblock> find_ufs_superblock(VolumeReader &volume);

}  // namespace imgport
