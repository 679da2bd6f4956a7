// The four checksums of btrfs (documentation, "Checksumming"): of metadata blocks, and of each sector of data.
#pragma once

#include <array>
#include <cstdint>

#include <imgport/error.hpp>

#include "support/bytes.hpp"

namespace imgport::btrfs {

class Checksum {
public:
    // `type` is csum_type of the superblock: crc32c, xxhash64 and sha256 are known, blake2b is unsupported.
    static Result<Checksum> of_type(std::uint16_t type);

    // Bytes of one checksum: 4, 8 or 32.
    std::size_t size() const { return m_size; }
    // Whether `stored`, size() bytes or more, is the checksum of `bytes`.
    bool matches(Bytes bytes, Bytes stored) const;

private:
    enum class Kind { crc32c, xxhash64, sha256 };
    Checksum(Kind kind, std::size_t size) : m_kind(kind), m_size(size) {}

    Kind m_kind;
    std::size_t m_size;
};

}  // namespace imgport::btrfs
