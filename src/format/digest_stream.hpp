// Another stream, digested as it goes by.
#pragma once

#include <string>
#include <vector>

#include "format/byte_stream.hpp"
#include "support/digest.hpp"

namespace imgport {

class DigestStream final : public ByteStream {
public:
    // The base must outlive it. Without algorithms it only passes on.
    DigestStream(ByteStream &base, const std::vector<std::string> &algorithms);
    Result<std::size_t> read(std::span<std::byte> out) override;
    Result<std::uint64_t> skip_hole() override;

    // Reads what is left.
    Result<void> drain();
    // Lower-case hex of what went by; empty where that algorithm was not asked for. Only once.
    std::string hex(const std::string &algorithm);

private:
    ByteStream &m_base;
    std::vector<NamedDigest> m_digests;
};

// Reads a stream to its end, for its checksums.
Result<void> drain(ByteStream &stream);

}  // namespace imgport
