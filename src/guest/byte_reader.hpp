// A stream with a small look-ahead, so that parsers take exactly the bytes that are theirs.
#pragma once

#include <cstdint>
#include <vector>

#include <imgport/file_tree.hpp>

#include "support/bytes.hpp"

namespace imgport {

class ByteReader {
public:
    static constexpr std::size_t window = 128 * 1024;  // bytes

    explicit ByteReader(FileStream &source) : m_source(source), m_buffer(window) {}

    // The next bytes without taking them: `length` (at most `window`) of them, fewer at the end of the stream.
    Result<Bytes> peek(std::size_t length);
    // What is at hand without waiting for more than one read; empty at the end only.
    Result<Bytes> peek_some();
    // Takes bytes. An error (malformed) where the stream ends before.
    Result<void> skip(std::uint64_t length);
    // Bytes taken so far.
    std::uint64_t position() const { return m_position; }

private:
    Result<void> fill(std::size_t length);

    FileStream &m_source;
    std::vector<std::byte> m_buffer;
    std::size_t m_begin = 0;
    std::size_t m_end = 0;
    std::uint64_t m_position = 0;
};

}  // namespace imgport
