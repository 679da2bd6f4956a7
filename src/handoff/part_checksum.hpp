// What the bytes of a part add up to, and whether that is what the store says of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cloud/object_store.hpp"
#include "support/digest.hpp"

namespace imgport {

enum class PartMatch {
    yes,
    no,
    untold,  // the store tells no checksum, or one that was not summed up
};

class PartChecksum {
public:
    // `with_md5`: the store is expected to tell no CRC of a part, but its MD5 as the ETag.
    explicit PartChecksum(bool with_md5);
    // As it stands.
    PartChecksum copy() const;

    void update(Bytes bytes);
    std::uint64_t crc64() const { return m_crc; }
    // In hex; empty where it was not wanted.
    std::string md5() const { return m_md5 ? m_md5->copy().hex() : std::string(); }

    PartMatch matches(const PartInfo &arrived) const;
    // Only an MD5 would tell, and there is none.
    bool lacks_md5_of(const PartInfo &arrived) const;

private:
    std::uint64_t m_crc = 0;
    std::optional<NamedDigest> m_md5;
};

// 32 hex digits.
bool looks_like_md5(const std::string &etag);

}  // namespace imgport
