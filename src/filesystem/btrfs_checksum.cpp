#include "filesystem/btrfs_checksum.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/crc32c.hpp"
#include "support/digest.hpp"
#include "support/xxhash64.hpp"

namespace imgport::btrfs {

Result<Checksum> Checksum::of_type(std::uint16_t type)
{
    switch (type) {
    case 0: return Checksum(Kind::crc32c, 4);
    case 1: return Checksum(Kind::xxhash64, 8);
    case 2: return Checksum(Kind::sha256, 32);
    case 3: return fail(ErrorCode::unsupported, "its checksums are blake2b");
    default: return fail(ErrorCode::unsupported, fmt::format("its checksums are of the unknown type {}", type));
    }
}

bool Checksum::matches(Bytes bytes, Bytes stored) const
{
    if (stored.size() < m_size)
        return false;
    switch (m_kind) {
    case Kind::crc32c: return crc32c(0, bytes) == load_le<std::uint32_t>(stored, 0);
    case Kind::xxhash64: return xxhash64(bytes) == load_le<std::uint64_t>(stored, 0);
    case Kind::sha256: break;
    }
    Sha256 digest;
    digest.update(bytes);
    auto const value = digest.finish();
    return std::equal(value.begin(), value.end(), stored.begin());
}

}  // namespace imgport::btrfs
