#include "format/qcow2_refcounts.hpp"

#include <algorithm>

#include "format/qcow2_writer.hpp"
#include "format/reading.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t cluster = qcow2_cluster_size;
constexpr std::uint64_t block_entries = cluster / 2;
constexpr std::uint64_t table_entries = cluster / 8;

std::uint64_t divide_up(std::uint64_t n, std::uint64_t unit)
{
    return (n + unit - 1) / unit;
}

}  // namespace

std::uint64_t Qcow2Space::take_clusters(std::uint64_t count)
{
    std::uint64_t const at = m_end;
    m_end += count * cluster;
    m_counts.insert(m_counts.end(), static_cast<std::size_t>(count), 1);
    return at;
}

std::uint64_t Qcow2Space::take_packed(std::uint64_t size)
{
    // What lies behind it already is never gone back over, so that the file can be sent while it is made.
    if (m_packed_end != m_end)
        m_packed_at = m_packed_end = m_end;
    // Compressed clusters may cross from one cluster of the file into the next.
    if (size > m_packed_end - m_packed_at) {
        m_end += cluster;
        m_packed_end = m_end;
        m_counts.push_back(0);
    }
    std::uint64_t const at = m_packed_at;
    m_packed_at += size;
    std::uint64_t const first = m_table.size() * block_entries;
    for (std::uint64_t index = at / cluster; index <= (at + size - 1) / cluster; ++index)
        ++m_counts[index - first];
    return at;
}

void Qcow2Space::place_block(Piece &piece, std::uint64_t at)
{
    auto const count = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(block_entries, m_counts.size()));
    Buffer block(cluster);
    std::fill(block.bytes().begin(), block.bytes().end(), std::byte{0});
    for (std::ptrdiff_t i = 0; i < count; ++i)
        store_be(block.bytes(), static_cast<std::size_t>(i) * 2, m_counts[static_cast<std::size_t>(i)]);
    m_counts.erase(m_counts.begin(), m_counts.begin() + count);
    m_table.push_back(at);
    piece.tables.push_back(std::move(block));
    piece.stored.push_back({.bytes = piece.tables.back().bytes(), .at = at});
}

void Qcow2Space::hand_over_blocks(Piece &piece)
{
    // The cluster that is being filled still changes.
    m_packed_at = m_packed_end;
    while (m_counts.size() >= block_entries)
        place_block(piece, take_clusters(1));
}

RefcountTable Qcow2Space::finish(Piece &piece)
{
    // The table and the blocks count themselves, so their number is sought until it fits.
    RefcountTable table;
    std::uint64_t blocks = 0;
    for (bool fits = false; !fits;) {
        std::uint64_t const clusters = m_end / cluster + table.clusters + blocks;
        std::uint64_t const all_blocks = divide_up(clusters, block_entries);
        std::uint64_t const needed = divide_up(all_blocks, table_entries);
        fits = needed == table.clusters && all_blocks - m_table.size() == blocks;
        table.clusters = needed;
        blocks = all_blocks - m_table.size();
    }
    table.at = take_clusters(table.clusters);
    std::uint64_t at = take_clusters(blocks);
    for (std::uint64_t i = 0; i < blocks; ++i, at += cluster)
        place_block(piece, at);
    Buffer bytes(static_cast<std::size_t>(table.clusters * cluster));
    std::fill(bytes.bytes().begin(), bytes.bytes().end(), std::byte{0});
    for (std::size_t i = 0; i < m_table.size(); ++i)
        store_be(bytes.bytes(), i * 8, m_table[i]);
    piece.tables.push_back(std::move(bytes));
    piece.stored.push_back({.bytes = piece.tables.back().bytes(), .at = table.at});
    return table;
}

}  // namespace imgport
