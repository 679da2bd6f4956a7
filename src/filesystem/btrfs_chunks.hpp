// Where logical addresses lie on the device. btrfs addresses everything logically; chunks map ranges of that space to
// one place on the device (profile single) or two (DUP).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "filesystem/btrfs_superblock.hpp"

namespace imgport::btrfs {

class ChunkMap {
public:
    // Learns the chunks of the superblock's array, which hold the chunk tree.
    static Result<ChunkMap> of_superblock(const Superblock &super);

    // Learns a chunk item of the chunk tree; `logical` is its key's offset. The same chunk may come twice.
    Result<void> add(std::uint64_t logical, Bytes item);

    // The copies of a range, which may not leave its chunk. Bytes on the device.
    struct Copies {
        std::uint64_t first = 0;
        std::optional<std::uint64_t> second = {};
    };
    Result<Copies> find(std::uint64_t logical, std::uint64_t length) const;

    struct Chunk {
        std::uint64_t length = 0;
        Copies copies;
    };
    // By logical address; they do not overlap there.
    const std::map<std::uint64_t, Chunk> &all() const { return m_chunks; }

private:
    ChunkMap(std::uint64_t device_id, Uuid device_uuid) : m_device_id(device_id), m_device_uuid(device_uuid) {}

    std::uint64_t m_device_id;
    Uuid m_device_uuid;
    std::map<std::uint64_t, Chunk> m_chunks;  // by logical address; they do not overlap
};

}  // namespace imgport::btrfs
