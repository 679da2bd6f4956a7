// What several tests of this room need.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"

namespace imgport::testing {

// The environment of the machine that runs the tests, out of their way; back again afterwards.
class CleanEnvironment {
public:
    CleanEnvironment()
    {
        for (const char *const name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy",
                                       "NO_PROXY", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_REGION",
                                       "AWS_DEFAULT_REGION", "OSS_REGION", "ALIBABA_CLOUD_REGION_ID"})
            set(name, nullptr);
    }
    CleanEnvironment(const CleanEnvironment &) = delete;
    CleanEnvironment &operator=(const CleanEnvironment &) = delete;
    ~CleanEnvironment()
    {
        for (auto entry = m_before.rbegin(); entry != m_before.rend(); ++entry)
            put(entry->first.c_str(), entry->second ? entry->second->c_str() : nullptr);
    }
    void set(const char *name, const char *value)
    {
        const char *const before = std::getenv(name);
        m_before.emplace_back(name, before != nullptr ? std::optional<std::string>(before) : std::nullopt);
        put(name, value);
    }

private:
    static void put(const char *name, const char *value)
    {
        if (value != nullptr)
            ::setenv(name, value, 1);
        else
            ::unsetenv(name);
    }
    std::vector<std::pair<std::string, std::optional<std::string>>> m_before;
};

// A body out of memory that counts what is done with it.
class TextBody final : public RequestBody {
public:
    explicit TextBody(std::string text) : m_text(std::move(text)) {}
    std::uint64_t size() const override { return m_text.size(); }
    Result<void> rewind() override
    {
        ++rewinds;
        m_at = 0;
        return {};
    }
    Result<std::size_t> read(std::span<std::byte> into) override
    {
        if (fails_at && m_at >= *fails_at)
            return fail({ErrorCode::unreadable, "a bad sector", "disk.raw"});
        std::size_t const n = std::min(into.size(), m_text.size() - m_at);
        std::memcpy(into.data(), m_text.data() + m_at, n);
        m_at += n;
        largest_read = std::max(largest_read, n);
        return n;
    }

    int rewinds = 0;
    std::size_t largest_read = 0;
    std::optional<std::size_t> fails_at = {};

private:
    std::string m_text;
    std::size_t m_at = 0;
};

// Bytes that do not repeat soon.
inline std::string noise(std::size_t size)
{
    std::string text(size, '\0');
    std::uint32_t state = 12345;
    for (char &c : text) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return text;
}

class FixedKeys final : public CredentialSource {
public:
    Result<Credentials> get() override
    {
        return Credentials{.id = "LTAI-TEST", .secret = "the-secret", .token = token, .origin = "~/.test [one]"};
    }
    std::string token = {};
};

}  // namespace imgport::testing
