// What a part of a stream adds up to while it passes: its checksum, and what the manifest tells of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "handoff/part_checksum.hpp"
#include "support/digest.hpp"

namespace imgport {

class PartSums {
public:
    // `whole`: the digest of all that lies before the part, which goes on with it.
    PartSums(bool with_md5, std::optional<Sha256> whole);
    // As they stand.
    PartSums copy() const;

    void update(Bytes bytes);
    std::uint64_t size() const { return m_size; }  // bytes
    std::uint64_t crc64() const { return m_checksum.crc64(); }
    std::string sha256() const { return to_hex(m_sha.copy().finish()); }
    // In hex; empty where it was not wanted.
    std::string md5() const { return m_checksum.md5(); }
    // Once.
    std::optional<Sha256> take_whole() { return std::move(m_whole); }

    PartMatch matches(const PartInfo &arrived) const { return m_checksum.matches(arrived); }

private:
    std::uint64_t m_size = 0;
    PartChecksum m_checksum;
    Sha256 m_sha;
    std::optional<Sha256> m_whole;
};

}  // namespace imgport
