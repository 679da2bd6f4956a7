// The nodes of the trees: read, verified, kept for a while.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <imgport/disk.hpp>

#include "filesystem/btrfs_chunks.hpp"
#include "filesystem/btrfs_format.hpp"
#include "filesystem/btrfs_superblock.hpp"

namespace imgport::btrfs {

// A verified tree node ("On-disk format", struct btrfs_header): every item lies inside of it, keys ascend.
class Node {
public:
    struct Child {
        std::uint64_t logical = 0;
        std::uint64_t generation = 0;
    };

    // The checksum has been verified already; malformed where the rest breaks the format.
    static Result<Node> parse(std::vector<std::byte> bytes, std::uint64_t logical, const Uuid &metadata_uuid);

    std::uint64_t logical() const { return load_le<std::uint64_t>(m_bytes, 48); }
    std::uint64_t generation() const { return load_le<std::uint64_t>(m_bytes, 80); }
    std::uint8_t level() const { return load_le<std::uint8_t>(m_bytes, 100); }
    std::size_t size() const { return load_le<std::uint32_t>(m_bytes, 96); }
    // Of item or child `slot`, which is less than size().
    Key key(std::size_t slot) const;
    // How many keys are less than this one; with `or_equal`, less or equal.
    std::size_t count_below(const Key &key, bool or_equal) const;
    Bytes data(std::size_t slot) const;   // leaves (level 0) only
    Child child(std::size_t slot) const;  // inner nodes only

private:
    explicit Node(std::vector<std::byte> bytes) : m_bytes(std::move(bytes)) {}
    std::size_t slot_size() const;

    std::vector<std::byte> m_bytes;
};

// What a node has to be, said by what leads to it.
struct NodePlace {
    std::uint64_t logical = 0;
    std::uint64_t generation = 0;
    std::uint8_t level = 0;
    std::optional<Key> first_key = {};  // nullopt: a tree's root, which may be empty
};

class NodeStore {
public:
    NodeStore(std::shared_ptr<Disk> volume, const Superblock &super, ChunkMap chunks)
        : m_volume(std::move(volume)), m_checksum(super.checksum), m_metadata_uuid(super.metadata_uuid),
          m_node_size(super.node_size), m_chunks(std::move(chunks))
    {}

    // The second copy is tried where the first is damaged.
    Result<std::shared_ptr<const Node>> read(const NodePlace &place);

    ChunkMap &chunks() { return m_chunks; }

private:
    static constexpr std::size_t most_kept = 4 * 1024 * 1024;  // bytes

    Result<std::shared_ptr<const Node>> read_copy(std::uint64_t at, const NodePlace &place);
    void keep(std::shared_ptr<const Node> node);

    std::shared_ptr<Disk> m_volume;
    Checksum m_checksum;
    Uuid m_metadata_uuid;
    std::uint32_t m_node_size;
    ChunkMap m_chunks;
    std::list<std::shared_ptr<const Node>> m_nodes;  // the latest first
    std::unordered_map<std::uint64_t, std::list<std::shared_ptr<const Node>>::iterator> m_by_logical;
};

}  // namespace imgport::btrfs
