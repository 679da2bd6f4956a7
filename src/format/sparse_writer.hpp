// A file written from its beginning to its end, zeroes left out.
#pragma once

#include <cstdint>
#include <string>

#include <imgport/error.hpp>

#include "support/bytes.hpp"

namespace imgport {

class SparseWriter {
public:
    // `fd` is an empty file; `most_bytes` bounds what write() takes, zeroes too: they cost time. `place` names its
    // folder in errors.
    SparseWriter(int fd, std::uint64_t most_bytes, std::string place);

    // Appends; aligned blocks of 4 KiB that are all zero become holes.
    Result<void> write(Bytes bytes);
    Result<void> skip(std::uint64_t zeroes);
    // Sets the size, holes at the end included.
    Result<void> finish();

    std::uint64_t position() const { return m_position; }

private:
    Result<void> put(std::uint64_t offset, Bytes bytes);

    int m_fd;
    std::uint64_t m_left;
    std::uint64_t m_most;
    std::string m_place;
    std::uint64_t m_position = 0;
};

}  // namespace imgport
