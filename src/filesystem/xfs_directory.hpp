// An XFS directory of any form: "XFS Algorithms & Data Structures", third edition, chapter "Directories".
//
// A directory that has outgrown its inode is a file of directory blocks in three spaces: entries from byte 0, the index
// by the hash of the names from 32 GiB, and lists of free room from 64 GiB, which are not read.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "filesystem/xfs_directory_data.hpp"
#include "filesystem/xfs_extents.hpp"

namespace imgport {

// It remembers what it read: worth keeping for the next name.
class XfsDirectory {
public:
    static Result<XfsDirectory> open(std::shared_ptr<const XfsVolume> volume, XfsInode inode);

    // nullopt: there is no such name. Large directories are asked by their index.
    Result<std::optional<std::uint64_t>> look_up(std::string_view name);
    // All entries, without "." and "..". unsupported where there are more than most_bytes of them.
    Result<void> visit(const XfsEntryVisitor &visit);

    // Bytes of entries that are listed at most: what a list takes of memory is a small multiple. About 4 million names.
    static constexpr std::uint64_t most_bytes = std::uint64_t{128} << 20;

private:
    // Bytes of blocks that are kept: the whole of a directory of some 200,000 names.
    static constexpr std::size_t most_kept = std::size_t{8} << 20;

    XfsDirectory(std::shared_ptr<const XfsVolume> volume, XfsInode inode)
        : m_volume(std::move(volume)), m_inode(std::move(inode))
    {}

    struct Block {
        std::uint64_t at = 0;  // in the volume, bytes
        std::vector<std::byte> bytes;
    };
    // The directory block that begins at filesystem block `offset` of the directory, its seal checked. malformed where
    // it is a hole.
    Result<Block> read_block(std::uint64_t offset, const XfsSeal &seal);
    // The same for looking up, which comes back to the blocks.
    using KeptBlock = std::shared_ptr<const Block>;
    Result<KeptBlock> kept_block(std::uint64_t offset, const XfsSeal &seal);
    Result<KeptBlock> data_block(std::uint64_t offset);
    Result<KeptBlock> index_block(std::uint64_t offset);
    Result<std::optional<std::uint64_t>> look_up_by_hash(std::string_view name);
    // The leaf of the index that has the hash; null where none has.
    Result<KeptBlock> find_leaf(std::uint32_t hash);
    // What the entry at byte `address`, below 32 GiB, leads to; nullopt where it has another name.
    Result<std::optional<std::uint64_t>> inode_at(std::uint64_t address, std::string_view name);
    Error broken(std::uint64_t at, std::string_view problem) const;

    std::uint64_t blocks_each() const;  // filesystem blocks of a directory block
    std::uint64_t index_begin() const;  // in filesystem blocks
    std::uint64_t index_end() const;

    std::shared_ptr<const XfsVolume> m_volume;
    XfsInode m_inode;
    std::optional<XfsExtents> m_extents;  // nullopt: short form
    std::unordered_map<std::uint64_t, KeptBlock> m_kept;
};

// The hash of a name that the index is sorted by.
std::uint32_t xfs_name_hash(std::string_view name);

}  // namespace imgport
