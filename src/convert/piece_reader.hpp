// One thread's reader of pieces, with a disk of its own, and the pieces' buffers, which all threads use again.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <imgport/disk.hpp>

#include "convert/disk_pieces.hpp"
#include "format/image_writer.hpp"
#include "format/packed_clusters.hpp"

namespace imgport {

// Pieces that are done with, for whoever begins one: what one thread has read another may have written, so a store for
// each thread would grow without end. Its size is that of the work under way.
class PiecePool {
public:
    // With room for compressed clusters, or without.
    enum class Packed { yes, no };
    explicit PiecePool(Packed packed) : m_packed(packed) {}

    Piece take();
    void give_back(Piece piece);

private:
    Packed m_packed;
    std::mutex m_mutex;
    std::vector<Piece> m_spare;
};

class PieceReader {
public:
    // The pool must outlive it.
    PieceReader(std::shared_ptr<Disk> disk, PiecePool &pool);

    // The piece with all its bytes.
    Result<Piece> read(const PieceTask &task);
    // The same, but clusters that the source has compressed with deflate are taken over as they are, where no reader's
    // window is too small for them. With `bytes_too` the disk's bytes are there all the same.
    Result<Piece> take_over(const PieceTask &task, bool bytes_too);

private:
    Piece make_piece(const PieceTask &task);
    Result<void> read_range(Piece &piece, std::uint64_t offset, std::uint64_t length);
    Result<bool> take_over_cluster(Piece &piece, std::uint64_t offset);

    std::shared_ptr<Disk> m_disk;
    PackedClusters *m_clusters;  // the same disk; nullptr where nothing can be taken over
    PiecePool &m_pool;
};

}  // namespace imgport
