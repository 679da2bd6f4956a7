// A disk cut into the pieces that are worth looking at.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <vector>

#include <imgport/disk.hpp>

namespace imgport {

// What is stored of the piece_size bytes at `offset`: the extents that are data, cut to the piece. Everything else of
// it is zero.
struct PieceTask {
    std::uint64_t offset = 0;
    std::vector<Extent> data = {};
};

class DiskPieces {
public:
    // From the piece at `from` on, a multiple of piece_size. Where nothing is stored for `longest_gap` bytes, a piece
    // without data comes all the same, for who has something to do there; 0: it does not.
    explicit DiskPieces(Disk &disk, std::uint64_t from = 0, std::uint64_t longest_gap = 0)
        : m_disk(disk), m_longest_gap(longest_gap), m_looked(std::min(from, disk.size())), m_last(m_looked)
    {}

    // The next piece, in rising order; nothing at the end. An error (interrupted) where the user has said so.
    Result<std::optional<PieceTask>> next();

private:
    Result<void> look_further();

    Disk &m_disk;
    std::uint64_t m_longest_gap;
    std::uint64_t m_looked;  // up to here the extents are known
    std::uint64_t m_last;    // the offset of the last piece found
    std::deque<PieceTask> m_found;
};

}  // namespace imgport
