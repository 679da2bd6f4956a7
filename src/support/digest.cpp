#include "support/digest.hpp"

#include <lzma.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace imgport {

struct Sha256::State {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    State() = default;
    State(const State &) = delete;
    State &operator=(const State &) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : m_state(std::make_unique<State>())
{
    EVP_DigestInit_ex(m_state->context, EVP_sha256(), nullptr);
}

Sha256::Sha256(Sha256 &&) noexcept = default;
Sha256 &Sha256::operator=(Sha256 &&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(Bytes bytes)
{
    EVP_DigestUpdate(m_state->context, bytes.data(), bytes.size());
}

Sha256::Value Sha256::finish()
{
    Value value{};
    EVP_DigestFinal_ex(m_state->context, reinterpret_cast<unsigned char *>(value.data()), nullptr);
    return value;
}

Sha256 Sha256::copy() const
{
    Sha256 other;
    EVP_MD_CTX_copy_ex(other.m_state->context, m_state->context);
    return other;
}

struct NamedDigest::State {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ready = false;
    State() = default;
    State(const State &) = delete;
    State &operator=(const State &) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

NamedDigest::NamedDigest(std::string algorithm) : m_algorithm(std::move(algorithm)), m_state(std::make_unique<State>())
{
    const EVP_MD *const kind = EVP_get_digestbyname(m_algorithm.c_str());
    m_state->ready = kind != nullptr && EVP_DigestInit_ex(m_state->context, kind, nullptr) == 1;
}

NamedDigest::NamedDigest(NamedDigest &&) noexcept = default;
NamedDigest &NamedDigest::operator=(NamedDigest &&) noexcept = default;
NamedDigest::~NamedDigest() = default;

NamedDigest NamedDigest::copy() const
{
    NamedDigest other(m_algorithm);
    if (m_state->ready)
        EVP_MD_CTX_copy_ex(other.m_state->context, m_state->context);
    return other;
}

void NamedDigest::update(Bytes bytes)
{
    if (m_state->ready)
        EVP_DigestUpdate(m_state->context, bytes.data(), bytes.size());
}

std::string NamedDigest::hex()
{
    std::array<std::byte, EVP_MAX_MD_SIZE> value{};
    unsigned length = 0;
    if (!m_state->ready ||
        EVP_DigestFinal_ex(m_state->context, reinterpret_cast<unsigned char *>(value.data()), &length) != 1)
        return {};
    return to_hex(Bytes(value).first(length));
}

std::string hex_digest(const std::string &algorithm, Bytes bytes)
{
    NamedDigest digest(algorithm);
    digest.update(bytes);
    return digest.hex();
}

std::string short_tag(std::string_view text)
{
    return hex_digest("SHA256", bytes_of(text)).substr(0, 8);
}

std::uint64_t crc64_ecma(std::uint64_t crc, Bytes bytes)
{
    return lzma_crc64(reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size(), crc);
}

std::vector<std::byte> hmac(const std::string &algorithm, Bytes key, Bytes message)
{
    const EVP_MD *const kind = EVP_get_digestbyname(algorithm.c_str());
    if (kind == nullptr)
        return {};
    std::vector<std::byte> value(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    // A key of no bytes is a key all the same: the pointer must not be null.
    const void *const start = key.empty() ? static_cast<const void *>("") : key.data();
    if (HMAC(kind, start, static_cast<int>(key.size()), reinterpret_cast<const unsigned char *>(message.data()),
             message.size(), reinterpret_cast<unsigned char *>(value.data()), &length) == nullptr)
        return {};
    value.resize(length);
    return value;
}

std::string to_hex(Bytes bytes)
{
    constexpr const char *digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (auto const byte : bytes) {
        out += digits[std::to_integer<unsigned>(byte) >> 4];
        out += digits[std::to_integer<unsigned>(byte) & 15];
    }
    return out;
}

std::string to_base64(Bytes bytes)
{
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL writes a zero behind it
    EVP_EncodeBlock(reinterpret_cast<unsigned char *>(out.data()),
                    reinterpret_cast<const unsigned char *>(bytes.data()), static_cast<int>(bytes.size()));
    out.pop_back();
    return out;
}

}  // namespace imgport
