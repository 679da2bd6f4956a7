// Where the bytes of an XFS file lie: the extent list in its inode, or the B+tree that grows out of it. "XFS Algorithms
// & Data Structures", third edition, chapter "Data Extents". Positions are in filesystem blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "filesystem/extent_stream.hpp"
#include "filesystem/xfs_inode.hpp"

namespace imgport {

struct XfsRun {
    std::uint64_t offset = 0;              // in the file, blocks
    std::uint64_t count = 0;               // blocks
    std::optional<std::uint64_t> at = {};  // in the volume, bytes; nullopt: it reads as zeroes
};

// Of one file; remembers the part of the tree that it looked at last. What find() reads is bounded by the height of the
// tree, which cannot be more than most_levels.
class XfsExtents {
public:
    // malformed where the inode holds neither extents nor a tree of them.
    static Result<XfsExtents> of(std::shared_ptr<const XfsVolume> volume, const XfsInode &inode);

    // No file reaches further than this block.
    static constexpr std::uint64_t end_of_space = std::uint64_t{1} << 54;

    // The run that holds block `offset`, which is below end_of_space. A hole may be cut short.
    Result<XfsRun> find(std::uint64_t offset);

private:
    XfsExtents(std::shared_ptr<const XfsVolume> volume, const XfsInode &inode)
        : m_volume(std::move(volume)), m_inode(inode.number)
    {}

    // Takes the records as those of [begin, end).
    Result<void> take(Bytes records, std::uint64_t begin, std::uint64_t end);
    // Walks from the root of the tree to the leaf that holds block `offset`, and takes that.
    Result<void> descend(std::uint64_t offset);
    Error broken(std::string_view problem) const;

    std::shared_ptr<const XfsVolume> m_volume;
    std::uint64_t m_inode;
    std::vector<std::byte> m_root;  // of the tree; empty where the list is in the inode
    std::vector<XfsRun> m_runs;     // those with a place in [m_begin, m_end), in order
    std::uint64_t m_begin = 0;
    std::uint64_t m_end = 0;
};

// A stream of the file's bytes. It may outlive everything but the volume, which it shares.
Result<std::unique_ptr<FileStream>> open_xfs_file(const std::shared_ptr<const XfsVolume> &volume,
                                                  const XfsInode &inode);

}  // namespace imgport
