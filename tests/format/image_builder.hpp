// Small images put together field by field, and containers that hold them in memory.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/container.hpp"
#include "support/bytes.hpp"

namespace imgport::testing {

class ImageBuilder {
public:
    explicit ImageBuilder(std::size_t size) : m_bytes(size) {}

    template <class T>
    ImageBuilder &be(std::size_t offset, T value)
    {
        grow(offset + sizeof(T));
        store_be<T>(m_bytes, offset, value);
        return *this;
    }
    template <class T>
    ImageBuilder &le(std::size_t offset, T value)
    {
        grow(offset + sizeof(T));
        store_le<T>(m_bytes, offset, value);
        return *this;
    }
    ImageBuilder &text(std::size_t offset, std::string_view text)
    {
        grow(offset + text.size());
        std::copy_n(bytes_of(text).begin(), text.size(), m_bytes.begin() + static_cast<std::ptrdiff_t>(offset));
        return *this;
    }
    ImageBuilder &byte(std::size_t offset, std::uint8_t value)
    {
        grow(offset + 1);
        m_bytes[offset] = static_cast<std::byte>(value);
        return *this;
    }
    // Cuts the file, or adds zeros.
    ImageBuilder &size(std::size_t size)
    {
        m_bytes.resize(size);
        return *this;
    }
    ImageBuilder &append(Bytes bytes)
    {
        m_bytes.insert(m_bytes.end(), bytes.begin(), bytes.end());
        return *this;
    }

    const std::vector<std::byte> &bytes() const { return m_bytes; }
    Bytes part(std::size_t offset, std::size_t length) const
    {
        EXPECT_TRUE(range_inside(offset, length, m_bytes.size()));
        return Bytes(m_bytes).subspan(offset, length);
    }

private:
    void grow(std::size_t size) { m_bytes.resize(std::max(m_bytes.size(), size)); }

    std::vector<std::byte> m_bytes;
};

// A whole file, or a stream of which only the head was kept and whose end was not reached.
class MemoryContainer final : public Container {
public:
    explicit MemoryContainer(std::vector<std::byte> bytes, std::string path = "")
        : m_bytes(std::move(bytes)), m_path(std::move(path))
    {}
    static MemoryContainer stream(std::vector<std::byte> head)
    {
        MemoryContainer made(std::move(head));
        made.m_end_known = false;
        return made;
    }
    MemoryContainer(MemoryContainer &&other) noexcept
        : m_bytes(std::move(other.m_bytes)), m_path(std::move(other.m_path)), m_end_known(other.m_end_known)
    {}

    std::optional<std::uint64_t> size() const override
    {
        return m_end_known ? std::optional<std::uint64_t>(m_bytes.size()) : std::nullopt;
    }
    bool has(std::uint64_t offset, std::uint64_t length) const override
    {
        return range_inside(offset, length, m_bytes.size());
    }
    Result<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length) override
    {
        if (!has(offset, length))
            return fail(malformed("outside", offset, ""));
        auto const begin = m_bytes.begin() + static_cast<std::ptrdiff_t>(offset);
        return std::vector<std::byte>(begin, begin + static_cast<std::ptrdiff_t>(length));
    }
    const std::string &path() const override { return m_path; }

private:
    std::vector<std::byte> m_bytes;
    std::string m_path;
    bool m_end_known = true;
};

inline ImageFacts facts_of(const FormatReader &reader, Container &container, const AllowedFiles &allowed = {})
{
    ImageFacts facts;
    facts.format = reader.format;
    reader.describe(container, allowed, facts);
    return facts;
}

inline ImageFacts facts_of(const FormatReader &reader, const ImageBuilder &image, const AllowedFiles &allowed = {})
{
    MemoryContainer container(image.bytes());
    EXPECT_TRUE(reader.recognise(container));
    return facts_of(reader, container, allowed);
}

inline bool is_recognised(const FormatReader &reader, const ImageBuilder &image)
{
    MemoryContainer container(image.bytes());
    return reader.recognise(container);
}

// "" where there is none.
inline std::string severity_of(const ImageFacts &facts, std::string_view id)
{
    auto const *const hazard = facts.hazard(id);
    return hazard == nullptr ? "" : to_string(hazard->severity);
}

inline std::string message_of(const ImageFacts &facts, std::string_view id)
{
    auto const *const hazard = facts.hazard(id);
    return hazard == nullptr ? "" : hazard->message;
}

// "id severity, id severity": all hazards at a glance.
inline std::string hazards_of(const ImageFacts &facts)
{
    std::string text;
    for (auto const &hazard : facts.hazards)
        text += (text.empty() ? "" : ", ") + hazard.id + " " + to_string(hazard.severity);
    return text;
}

inline std::string error_of(const ImageFacts &facts)
{
    return facts.error ? facts.error->code + ": " + facts.error->message : "";
}

// Neither an error nor a hazard.
inline void expect_clean(const ImageFacts &facts)
{
    EXPECT_EQ(error_of(facts), "");
    EXPECT_EQ(hazards_of(facts), "");
}

// Puts each of some telling values into each byte of the first `length`, one at a time. What a reader owes then is an
// answer: a size, an error or a refusal, without a crash (the sanitizers look on).
inline void expect_an_answer_for_any_byte(const FormatReader &reader, const ImageBuilder &image, std::size_t length)
{
    for (std::size_t offset = 0; offset < length; ++offset) {
        for (int const value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
            ImageBuilder changed = image;
            changed.byte(offset, static_cast<std::uint8_t>(value));
            MemoryContainer container(changed.bytes());
            if (!reader.recognise(container))
                continue;
            auto const facts = facts_of(reader, container);
            EXPECT_TRUE(facts.virtual_size || facts.refused()) << "byte " << offset << " set to " << value;
        }
    }
}

// Cuts the file at every so many bytes: each piece that is still recognised gets an answer, too.
inline void expect_an_answer_for_any_length(const FormatReader &reader, const ImageBuilder &image, std::size_t step)
{
    for (std::size_t length = 0; length < image.bytes().size(); length += step) {
        ImageBuilder cut = image;
        cut.size(length);
        MemoryContainer whole(cut.bytes());
        if (!reader.recognise(whole))
            continue;
        auto const facts = facts_of(reader, whole);
        EXPECT_TRUE(facts.virtual_size || facts.refused()) << "cut at " << length;
        auto streamed = MemoryContainer::stream(cut.bytes());
        auto const seen = facts_of(reader, streamed);
        EXPECT_TRUE(!seen.error || !seen.error->message.empty()) << "stream of " << length;
    }
}

}  // namespace imgport::testing
