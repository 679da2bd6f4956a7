// Room in a QCOW2 file that is being written, and who uses it: "Host cluster management" of docs/interop/qcow2.txt.
#pragma once

#include <cstdint>
#include <vector>

#include "format/image_writer.hpp"

namespace imgport {

// Where the refcount table lies.
struct RefcountTable {
    std::uint64_t at = 0;
    std::uint64_t clusters = 0;
};

// Clusters of 64 KiB, refcounts of 16 bits. Room is given out from the start of the file to its end and never again.
class Qcow2Space {
public:
    // Whole clusters in a row; where the first one begins.
    std::uint64_t take_clusters(std::uint64_t count);
    // Bytes for one compressed cluster: behind the one before it, or in a new cluster of the file where something else
    // has come in between. Every cluster that its sectors touch counts one more user.
    std::uint64_t take_packed(std::uint64_t size);
    // Puts the refcount blocks that nothing can change any more into the piece.
    void hand_over_blocks(Piece &piece);
    // Puts the refcount table and all blocks that are left into the piece.
    RefcountTable finish(Piece &piece);
    // The file's size, a multiple of a cluster.
    std::uint64_t end() const { return m_end; }

private:
    void place_block(Piece &piece, std::uint64_t at);

    std::uint64_t m_end = 0;
    std::uint64_t m_packed_at = 0;   // where the next compressed cluster goes
    std::uint64_t m_packed_end = 0;  // up to where there is room for it
    std::vector<std::uint64_t> m_table;
    std::vector<std::uint16_t> m_counts;  // of the clusters from the first block on that is not in m_table
};

}  // namespace imgport
