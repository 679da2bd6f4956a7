// One thread's reader of pieces, and what it has for that: a disk of its own, and buffers that are used again.
#pragma once

#include <memory>
#include <vector>

#include <imgport/disk.hpp>

#include "convert/disk_pieces.hpp"
#include "format/image_writer.hpp"
#include "format/packed_clusters.hpp"

namespace imgport {

class PieceReader {
public:
    explicit PieceReader(std::shared_ptr<Disk> disk);

    // The piece with all its bytes.
    Result<Piece> read(const PieceTask &task);
    // The same, but clusters that the source has compressed with deflate are taken over as they are, where no reader's
    // window is too small for them. With `bytes_too` the disk's bytes are there all the same.
    Result<Piece> take_over(const PieceTask &task, bool bytes_too);
    // A piece that is no longer needed.
    void recycle(Piece piece);

private:
    Piece make_piece(const PieceTask &task);
    Result<void> read_range(Piece &piece, std::uint64_t offset, std::uint64_t length);
    Result<bool> take_over_cluster(Piece &piece, std::uint64_t offset);

    std::shared_ptr<Disk> m_disk;
    PackedClusters *m_clusters;  // the same disk; nullptr where nothing can be taken over
    std::vector<Piece> m_spare;
};

}  // namespace imgport
