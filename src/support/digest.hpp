// Digests of byte streams.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/bytes.hpp"

namespace imgport {

// SHA-256 (FIPS 180-4), by OpenSSL.
class Sha256 {
public:
    using Value = std::array<std::byte, 32>;

    Sha256();
    Sha256(Sha256 &&) noexcept;
    Sha256 &operator=(Sha256 &&) noexcept;
    ~Sha256();
    void update(Bytes bytes);
    // Ends the digest; the object may not be used again.
    Value finish();
    // As it stands.
    Sha256 copy() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

// Any digest that OpenSSL knows by name ("SHA1", "SHA512"), piece by piece.
class NamedDigest {
public:
    // An unknown name gives an empty hex().
    explicit NamedDigest(std::string algorithm);
    NamedDigest(NamedDigest &&) noexcept;
    NamedDigest &operator=(NamedDigest &&) noexcept;
    ~NamedDigest();
    const std::string &algorithm() const { return m_algorithm; }
    void update(Bytes bytes);
    // Ends the digest, in lower-case hex; the object may not be used again.
    std::string hex();
    // As it stands.
    NamedDigest copy() const;

private:
    struct State;
    std::string m_algorithm;
    std::unique_ptr<State> m_state;
};

// The same of bytes that are all there; empty where OpenSSL knows no such name.
std::string hex_digest(const std::string &algorithm, Bytes bytes);
// Eight characters that tell one text from another, for names; nothing rests on them.
std::string short_tag(std::string_view text);

// CRC-64/XZ: the ECMA-182 polynomial reflected, initial value and final xor all ones. It is the checksum that OSS
// sends as x-oss-hash-crc64ecma. Start with 0 and feed the result back in.
std::uint64_t crc64_ecma(std::uint64_t crc, Bytes bytes);

// HMAC (RFC 2104) with a digest that OpenSSL knows by name ("SHA1", "SHA256"); empty where it knows no such name.
std::vector<std::byte> hmac(const std::string &algorithm, Bytes key, Bytes message);

std::string to_hex(Bytes bytes);
// RFC 4648, with the padding.
std::string to_base64(Bytes bytes);

}  // namespace imgport
