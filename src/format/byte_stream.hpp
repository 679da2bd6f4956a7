// Bytes that come one after the other: a file, or what a wrapper unpacks to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <imgport/error.hpp>

#include "support/file.hpp"

namespace imgport {

// How far a stream may be read.
class Budget {
public:
    // `bytes` counts what the layers unpack, all of them together.
    Budget(std::uint64_t bytes, double seconds);
    static Budget unlimited();

    void spend(std::uint64_t bytes);
    // Used up, or the user stopped the work. What a layer says about its input's end is then not to be believed.
    bool exhausted();
    // A little more, for one more member of an archive that can be stepped through without reading.
    void grant(std::uint64_t bytes, double seconds);

private:
    using Clock = std::chrono::steady_clock;
    std::uint64_t m_bytes = 0;
    std::optional<Clock::time_point> m_deadline;
    bool m_exhausted = false;
};

class ByteStream {
public:
    ByteStream() = default;
    ByteStream(const ByteStream &) = delete;
    ByteStream &operator=(const ByteStream &) = delete;
    virtual ~ByteStream() = default;

    // Fills the beginning of `out`, which is not empty, and says how much of it; 0 only at the end.
    virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
    // Steps over zeroes that nothing is stored for (a hole of a sparse tar member) and says how many; usually 0.
    // Who does not call it reads the zeroes.
    virtual Result<std::uint64_t> skip_hole() { return 0; }
    // The size, of a stream that can seek; a stream without one cannot.
    virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
    virtual void seek(std::uint64_t) {}
};

// A file from its beginning; ends with an error (interrupted) when the user stops the work. The file must outlive it.
class FileStream final : public ByteStream {
public:
    explicit FileStream(const InputFile &file) : m_file(file) {}
    Result<std::size_t> read(std::span<std::byte> out) override;
    std::optional<std::uint64_t> size() const override { return m_file.size(); }
    void seek(std::uint64_t offset) override { m_offset = offset; }
    std::uint64_t offset() const { return m_offset; }

private:
    const InputFile &m_file;
    std::uint64_t m_offset = 0;
};

// Another stream whose first bytes can be looked at before they are read.
class PeekedStream final : public ByteStream {
public:
    static constexpr std::size_t head_size = 1024;

    // Reads the head of `base`, which must outlive this stream.
    static Result<std::unique_ptr<PeekedStream>> make(ByteStream &base);
    // As much of `head_size` bytes as there is.
    std::span<const std::byte> head() const { return m_head; }

    Result<std::size_t> read(std::span<std::byte> out) override;
    Result<std::uint64_t> skip_hole() override;
    std::optional<std::uint64_t> size() const override { return m_base.size(); }
    void seek(std::uint64_t offset) override;

private:
    explicit PeekedStream(ByteStream &base) : m_base(base) {}
    ByteStream &m_base;
    std::vector<std::byte> m_head;
    std::size_t m_used = 0;             // of m_head
    std::optional<Error> m_error = {};  // what came after the head
};

// Another stream, counted; it ends where the budget does.
class MeteredStream final : public ByteStream {
public:
    // Each byte costs `price`.
    MeteredStream(ByteStream &base, Budget &budget, unsigned price = 1) : m_base(base), m_budget(budget), m_price(price)
    {}
    Result<std::size_t> read(std::span<std::byte> out) override;
    Result<std::uint64_t> skip_hole() override;

private:
    ByteStream &m_base;
    Budget &m_budget;
    unsigned m_price;
};

}  // namespace imgport
