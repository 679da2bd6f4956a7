// A btrfs filesystem on one device: its trees by their ids.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "filesystem/btrfs_cursor.hpp"

namespace imgport::btrfs {

class Volume {
public:
    // Reads the superblock and the chunk tree.
    static Result<std::shared_ptr<Volume>> open(std::shared_ptr<Disk> disk);

    Disk &disk() { return *m_disk; }
    NodeStore &nodes() { return m_nodes; }
    const ChunkMap &chunks() { return m_nodes.chunks(); }
    const Superblock &super() const { return m_super; }

    // Only as long as the volume lives.
    Cursor root_tree() { return {m_nodes, m_super.root_tree}; }
    // The tree with that id; malformed where there is none.
    Result<Cursor> tree(std::uint64_t id);
    // nullopt where there is none, or where it is a subvolume that has been deleted.
    Result<std::optional<Root>> find_root(std::uint64_t id);

private:
    Volume(std::shared_ptr<Disk> disk, Superblock super, ChunkMap chunks)
        : m_disk(std::move(disk)), m_super(std::move(super)), m_nodes(m_disk, m_super, std::move(chunks))
    {}
    Result<void> read_chunk_tree();

    std::shared_ptr<Disk> m_disk;
    Superblock m_super;
    NodeStore m_nodes;
    std::unordered_map<std::uint64_t, std::optional<Root>> m_roots;
};

}  // namespace imgport::btrfs
