#include "convert/piece_reader.hpp"

#include <algorithm>

#include "format/deflate_measure.hpp"
#include "format/qcow2_writer.hpp"
#include "format/reading.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t cluster = qcow2_cluster_size;

}  // namespace

Piece PiecePool::take()
{
    {
        std::lock_guard const lock(m_mutex);
        if (!m_spare.empty()) {
            auto piece = std::move(m_spare.back());
            m_spare.pop_back();
            return piece;
        }
    }
    Piece piece;
    piece.bytes = Buffer(piece_size);
    if (m_packed == Packed::yes)
        piece.packed = Buffer(piece_size);
    return piece;
}

void PiecePool::give_back(Piece piece)
{
    piece.taken_over.clear();
    piece.stored.clear();
    piece.tables.clear();
    piece.packed_used = 0;
    std::lock_guard const lock(m_mutex);
    m_spare.push_back(std::move(piece));
}

PieceReader::PieceReader(std::shared_ptr<Disk> disk, PiecePool &pool)
    : m_disk(std::move(disk)), m_clusters(dynamic_cast<PackedClusters *>(m_disk.get())), m_pool(pool)
{}

Piece PieceReader::make_piece(const PieceTask &task)
{
    Piece piece = m_pool.take();
    piece.offset = task.offset;
    piece.length = std::min(piece_size, *round_up(m_disk->size() - task.offset, sector_size));
    // What no extent covers is zero.
    auto const bytes = piece.bytes.bytes();
    std::uint64_t at = 0;
    for (auto const &extent : task.data) {
        std::uint64_t const begin = extent.offset - task.offset;
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                  std::byte{0});
        at = begin + extent.length;
    }
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), std::byte{0});
    return piece;
}

Result<void> PieceReader::read_range(Piece &piece, std::uint64_t offset, std::uint64_t length)
{
    if (length == 0)
        return {};
    return m_disk->read(offset, piece.bytes.bytes().subspan(static_cast<std::size_t>(offset - piece.offset),
                                                            static_cast<std::size_t>(length)));
}

Result<Piece> PieceReader::read(const PieceTask &task)
{
    auto piece = make_piece(task);
    for (auto const &extent : task.data) {
        if (auto done = read_range(piece, extent.offset, extent.length); !done)
            return fail(done.error());
    }
    return piece;
}

Result<bool> PieceReader::take_over_cluster(Piece &piece, std::uint64_t offset)
{
    auto const found = m_clusters->packed_cluster(offset, cluster, Packing::deflate);
    if (!found)
        return fail(found.error());
    auto const room = piece.packed.bytes().subspan(piece.packed_used);
    if (!*found || (*found)->size > room.size())
        return false;
    auto const bytes = room.first(static_cast<std::size_t>((*found)->size));
    if (auto done = (*found)->file->read((*found)->at, bytes); !done)
        return fail(done.error());
    auto const measure = measure_deflate(bytes, cluster, std::size_t{1} << qcow2_window_bits);
    if (!measure || measure->unpacked != cluster || measure->packed >= cluster)
        return false;
    piece.taken_over.push_back({offset, bytes.first(measure->packed), true});
    piece.packed_used += measure->packed;
    return true;
}

Result<Piece> PieceReader::take_over(const PieceTask &task, bool bytes_too)
{
    if (m_clusters == nullptr)
        return read(task);
    auto piece = make_piece(task);
    for (auto const &extent : task.data) {
        std::uint64_t const end = extent.offset + extent.length;
        std::uint64_t read_from = extent.offset;  // up to where all is read or taken over
        for (std::uint64_t at = *round_up(extent.offset, cluster); at + cluster <= end; at += cluster) {
            auto const taken = take_over_cluster(piece, at);
            if (!taken)
                return fail(taken.error());
            if (!*taken || bytes_too)
                continue;
            if (auto done = read_range(piece, read_from, at - read_from); !done)
                return fail(done.error());
            read_from = at + cluster;
        }
        if (auto done = read_range(piece, read_from, end - read_from); !done)
            return fail(done.error());
    }
    return piece;
}

}  // namespace imgport
