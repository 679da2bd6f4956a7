// What a part adds up to while it passes, and whether that is what has arrived.
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
    untold,  // the store tells no checksum
};

class PartSums {
public:
    // `with_md5`: the store is expected to tell no CRC of a part, but its MD5 as the ETag. `whole`: the digest of all
    // that lies before the part, which goes on with it.
    PartSums(bool with_md5, std::optional<Sha256> whole);
    // As they stand.
    PartSums copy() const;

    void update(Bytes bytes);
    std::uint64_t size() const { return m_size; }  // bytes
    std::uint64_t crc64() const { return m_crc; }
    std::string sha256() const { return to_hex(m_sha.copy().finish()); }
    // In hex; empty where it was not wanted.
    std::string md5() const { return m_md5 ? m_md5->copy().hex() : std::string(); }
    // Once.
    std::optional<Sha256> take_whole() { return std::move(m_whole); }

    PartMatch matches(const PartInfo &arrived) const;

private:
    std::uint64_t m_size = 0;
    std::uint64_t m_crc = 0;
    Sha256 m_sha;
    std::optional<NamedDigest> m_md5;
    std::optional<Sha256> m_whole;
};

}  // namespace imgport
