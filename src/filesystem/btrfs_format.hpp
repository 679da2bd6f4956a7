// The numbers of the btrfs format that several of its readers share: "On-disk format" and "Btree items" in the btrfs
// developer documentation. Everything on the disk is little-endian and packed.
#pragma once

#include <compare>
#include <cstdint>

#include "support/bytes.hpp"

namespace imgport::btrfs {

// The key of an item. Trees are sorted by it.
struct Key {
    std::uint64_t objectid = 0;
    std::uint8_t type = 0;
    std::uint64_t offset = 0;

    // NOLINTNEXTLINE(modernize-use-nullptr): a false alarm of clang-tidy 14
    friend auto operator<=>(const Key &, const Key &) = default;
};

inline constexpr std::size_t key_size = 17;

// 17 bytes that the caller has made sure of.
inline Key load_key(Bytes bytes, std::size_t at)
{
    return {load_le<std::uint64_t>(bytes, at), load_le<std::uint8_t>(bytes, at + 8),
            load_le<std::uint64_t>(bytes, at + 9)};
}

// Key types.
inline constexpr std::uint8_t inode_item_key = 1;
inline constexpr std::uint8_t inode_ref_key = 12;
inline constexpr std::uint8_t dir_item_key = 84;   // offset: hash of the name
inline constexpr std::uint8_t dir_index_key = 96;  // offset: in the order of creation
inline constexpr std::uint8_t extent_data_key = 108;
inline constexpr std::uint8_t extent_csum_key = 128;
inline constexpr std::uint8_t root_item_key = 132;
inline constexpr std::uint8_t root_backref_key = 144;   // objectid: the subvolume, offset: its parent
inline constexpr std::uint8_t root_ref_key = 156;       // objectid: the parent, offset: the subvolume
inline constexpr std::uint8_t extent_item_key = 168;    // offset: its length
inline constexpr std::uint8_t metadata_item_key = 169;  // a tree node; offset: its level
inline constexpr std::uint8_t block_group_item_key = 192;
inline constexpr std::uint8_t device_extent_key = 204;
inline constexpr std::uint8_t chunk_item_key = 228;
inline constexpr std::uint8_t temporary_item_key = 248;  // a balance that has not ended
inline constexpr std::uint8_t device_replace_key = 250;

// Object ids of trees, and of the things in them.
inline constexpr std::uint64_t extent_tree = 2;
inline constexpr std::uint64_t device_tree = 4;
inline constexpr std::uint64_t fs_tree = 5;  // the top-level subvolume
inline constexpr std::uint64_t csum_tree = 7;
inline constexpr std::uint64_t block_group_tree = 11;
inline constexpr std::uint64_t first_chunk_tree = 256;
inline constexpr std::uint64_t first_subvolume = 256;
// The upper 16 bits of an id are the level of a quota group: no subvolume has them.
inline constexpr std::uint64_t last_subvolume = (1ULL << 48) - 1;
inline constexpr std::uint64_t subvolume_root = 256;  // the inode of each subvolume's root directory
inline constexpr std::uint64_t extent_csum = 0 - 10ULL;
inline constexpr std::uint64_t largest_offset = ~std::uint64_t{0};

inline constexpr std::uint8_t most_levels = 8;
inline constexpr std::size_t longest_name = 255;

// Whether the tree with that id holds files.
constexpr bool is_subvolume(std::uint64_t tree)
{
    return tree == fs_tree || (tree >= first_subvolume && tree <= last_subvolume);
}

}  // namespace imgport::btrfs
