// A container that is read once, from its beginning: keeps the head and a rolling tail.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "format/byte_stream.hpp"
#include "format/container.hpp"
#include "support/bytes.hpp"

namespace imgport {

class StreamContainer final : public Container {
public:
    static constexpr std::size_t usual_head = std::size_t{8} << 20;
    static constexpr std::size_t tail_size = std::size_t{1} << 20;

    explicit StreamContainer(std::size_t head_size = usual_head) : m_head_size(head_size) {}

    // Reads to the end of the stream or of the budget. An error of the stream leaves what came before it.
    Result<void> fill(ByteStream &stream, Budget &budget);

    // The same by pieces: what comes next, and that nothing more comes.
    void keep(Bytes piece);
    void finish() { m_complete = true; }

    bool complete() const { return m_complete; }
    // Bytes seen.
    std::uint64_t position() const { return m_position; }

    std::optional<std::uint64_t> size() const override;
    bool has(std::uint64_t offset, std::uint64_t length) const override;
    Result<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length) override;
    const std::string &path() const override { return m_path; }

private:
    void keep_zeroes(std::uint64_t length);

    std::size_t m_head_size;
    std::vector<std::byte> m_head;
    std::vector<std::byte> m_tail;  // a ring: the byte at offset n lies at n % tail_size
    std::uint64_t m_position = 0;
    bool m_complete = false;
    std::string m_path;  // empty: what is inside a wrapper has no neighbours
};

}  // namespace imgport
