#include "support/digest.hpp"

#include <lzma.h>
#include <openssl/evp.h>

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

std::string hex_digest(const std::string &algorithm, Bytes bytes)
{
    const EVP_MD *const kind = EVP_get_digestbyname(algorithm.c_str());
    if (kind == nullptr)
        return {};
    std::array<std::byte, EVP_MAX_MD_SIZE> value{};
    unsigned length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char *>(value.data()), &length, kind,
                   nullptr) != 1)
        return {};
    return to_hex(Bytes(value).first(length));
}

std::uint64_t crc64_ecma(std::uint64_t crc, Bytes bytes)
{
    return lzma_crc64(reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size(), crc);
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

}  // namespace imgport
