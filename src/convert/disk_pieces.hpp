// A disk cut into the pieces that are worth looking at.
#pragma once

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
    explicit DiskPieces(Disk &disk) : m_disk(disk) {}

    // The next piece with data, in rising order; nothing at the end. An error (interrupted) where the user has said so.
    Result<std::optional<PieceTask>> next();

private:
    Result<void> look_further();

    Disk &m_disk;
    std::uint64_t m_looked = 0;  // up to here the extents are known
    std::deque<PieceTask> m_found;
};

}  // namespace imgport
