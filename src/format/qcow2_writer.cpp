#include "format/qcow2_writer.hpp"

#include <algorithm>
#include <array>

#include "format/qcow2_header.hpp"
#include "format/qcow2_refcounts.hpp"
#include "format/reading.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t cluster = qcow2_cluster_size;
constexpr std::uint32_t cluster_bits = 16;
constexpr std::uint64_t table_entries = cluster / 8;
constexpr std::uint64_t table_covers = table_entries * cluster;
// "L1 table entry" and "L2 table entry", bit 63: the cluster belongs to nobody else.
constexpr std::uint64_t copied_flag = std::uint64_t{1} << 63;
// A cluster that is not smaller by a sector at least is not worth the time that it takes to unpack.
constexpr std::size_t packed_limit = cluster - sector_size;

std::uint64_t compressed_entry(std::uint64_t at, std::uint64_t size)
{
    std::uint64_t const further_sectors = (at + size - 1) / sector_size - at / sector_size;
    return qcow2::compressed_flag | further_sectors << (62 - (cluster_bits - 8)) | at;
}

class Qcow2Writer final : public ImageWriter {
public:
    explicit Qcow2Writer(const Qcow2Making &making)
        : m_making(making), m_l1((making.size + table_covers - 1) / table_covers)
    {
        m_space.take_clusters(1);  // the header
    }

    void pack(Piece &piece, Compressor *compressor) const override
    {
        auto taken = piece.taken_over.begin();
        Bytes const bytes = piece.bytes.bytes().first(static_cast<std::size_t>(*round_up(piece.length, cluster)));
        for (std::size_t at = 0; at < bytes.size(); at += cluster) {
            if (taken != piece.taken_over.end() && taken->offset == piece.offset + at) {
                piece.stored.push_back(*taken++);
                continue;
            }
            Bytes const plain = bytes.subspan(at, cluster);
            if (all_zero(plain))
                continue;
            auto const room = piece.packed.bytes().subspan(piece.packed_used);
            std::size_t const packed =
                compressor != nullptr ? compressor->compress(plain, room.first(std::min(room.size(), packed_limit)))
                                      : 0;
            if (packed == 0) {
                piece.stored.push_back({piece.offset + at, plain});
                continue;
            }
            piece.stored.push_back({piece.offset + at, room.first(packed), true});
            piece.packed_used += packed;
        }
    }

    void place(Piece &piece) override
    {
        for (auto &range : piece.stored) {
            if (m_making.preallocate)
                fill_up_to(range.offset);
            if (range.packed) {
                range.at = m_space.take_packed(range.bytes.size());
                map(range.offset, compressed_entry(range.at, range.bytes.size()));
            } else {
                range.at = m_space.take_clusters(1);
                map(range.offset, range.at | copied_flag);
            }
        }
        if (m_tables.size() > m_making.kept_tables)
            hand_over_tables(piece);
    }

    Result<void> finish(Output &output) override
    {
        if (m_making.preallocate)
            fill_up_to(m_making.size);
        Piece last;
        place_tables(last);
        std::uint64_t const l1_at = place_l1(last);
        auto const refcounts = m_space.finish(last);
        std::ranges::sort(last.stored, {}, &StoredRange::at);
        for (auto const &range : last.stored) {
            if (auto done = output.write(range.at, range.bytes); !done)
                return done;
        }
        if (auto done = output.resize(m_space.end()); !done)
            return done;
        // Until the header is there, nobody takes the file for an image.
        return output.write(0, header(l1_at, refcounts));
    }

    std::unique_ptr<ImageWriter> copy() const override { return std::make_unique<Qcow2Writer>(*this); }

private:
    struct Table {
        std::uint64_t number = 0;  // in the L1 table
        std::vector<std::uint64_t> entries = {};
    };

    void map(std::uint64_t offset, std::uint64_t entry)
    {
        std::uint64_t const number = offset / table_covers;
        if (m_tables.empty() || m_tables.back().number != number)
            m_tables.push_back({number, std::vector<std::uint64_t>(table_entries)});
        m_tables.back().entries[offset / cluster % table_entries] = entry;
        m_next = offset + cluster;
    }

    void fill_up_to(std::uint64_t offset)
    {
        while (m_next < offset)
            map(m_next, m_space.take_clusters(1) | copied_flag);
    }

    static Buffer table_of(const std::vector<std::uint64_t> &entries)
    {
        Buffer table(static_cast<std::size_t>(*round_up(entries.size() * 8, cluster)));
        std::fill(table.bytes().begin(), table.bytes().end(), std::byte{0});
        for (std::size_t i = 0; i < entries.size(); ++i)
            store_be(table.bytes(), i * 8, entries[i]);
        return table;
    }

    // All but the last table, which may not be complete.
    void hand_over_tables(Piece &piece)
    {
        auto last = std::move(m_tables.back());
        m_tables.pop_back();
        place_tables(piece);
        m_tables.push_back(std::move(last));
        m_space.hand_over_blocks(piece);
    }

    void place_tables(Piece &piece)
    {
        std::uint64_t at = m_tables.empty() ? 0 : m_space.take_clusters(m_tables.size());
        for (auto const &table : m_tables) {
            piece.tables.push_back(table_of(table.entries));
            piece.stored.push_back({.bytes = piece.tables.back().bytes(), .at = at});
            m_l1[table.number] = at | copied_flag;
            at += cluster;
        }
        m_tables.clear();
    }

    // A disk of no bytes has no table.
    std::uint64_t place_l1(Piece &piece)
    {
        if (m_l1.empty())
            return 0;
        piece.tables.push_back(table_of(m_l1));
        Bytes const bytes = piece.tables.back().bytes();
        piece.stored.push_back({.bytes = bytes, .at = m_space.take_clusters(bytes.size() / cluster)});
        return piece.stored.back().at;
    }

    // "Header", with nothing but the end of the header extensions behind it.
    std::array<std::byte, 120> header(std::uint64_t l1_at, const RefcountTable &refcounts) const
    {
        bool const zstd = m_making.compression == Compression::zstd;
        std::array<std::byte, 120> bytes{};
        store_be<std::uint32_t>(bytes, 0, 0x514649fb);  // "QFI\xfb"
        store_be<std::uint32_t>(bytes, 4, 3);
        store_be(bytes, 20, cluster_bits);
        store_be(bytes, 24, m_making.size);
        store_be(bytes, 36, static_cast<std::uint32_t>(m_l1.size()));
        store_be(bytes, 40, l1_at);
        store_be(bytes, 48, refcounts.at);
        store_be(bytes, 56, static_cast<std::uint32_t>(refcounts.clusters));
        store_be(bytes, 72, zstd ? qcow2::compression_type : std::uint64_t{0});
        store_be<std::uint32_t>(bytes, 96, 4);  // refcount_order: 16 bits
        store_be<std::uint32_t>(bytes, 100, 112);
        store_be(bytes, 104, static_cast<std::uint8_t>(zstd ? 1 : 0));
        return bytes;
    }

    Qcow2Making m_making;
    std::vector<std::uint64_t> m_l1;
    std::vector<Table> m_tables;  // L2 tables that are not written, in order
    std::uint64_t m_next = 0;     // behind the last cluster that was mapped
    Qcow2Space m_space;
};

}  // namespace

std::unique_ptr<ImageWriter> make_qcow2_writer(const Qcow2Making &making)
{
    return std::make_unique<Qcow2Writer>(making);
}

}  // namespace imgport
