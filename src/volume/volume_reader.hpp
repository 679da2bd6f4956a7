// How superblock readers and table readers look at a disk: pieces that may lie outside it, and a read error that is
// remembered so that it is reported once, at the end, and never taken for an absent superblock.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <imgport/disk.hpp>

#include "support/bytes.hpp"

namespace imgport {

class VolumeReader {
public:
    explicit VolumeReader(Disk &disk) : m_disk(disk) {}

    std::uint64_t size() const { return m_disk.size(); }

    // Exactly `length` bytes, which is at most 8 MiB; nullopt where they do not lie inside the disk, and after a read
    // error.
    std::optional<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length);
    // Whether `magic` stands at `offset`.
    bool has(std::uint64_t offset, std::string_view magic);

    // The first read error.
    const std::optional<Error> &error() const { return m_error; }

private:
    Disk &m_disk;
    std::vector<std::byte> m_head;  // the first 128 KiB, where most superblocks are
    std::optional<Error> m_error;
};

}  // namespace imgport
