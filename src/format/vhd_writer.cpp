#include "format/vhd_writer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "format/reading.hpp"
#include "format/vhd_structure.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t block_size = std::uint64_t{2} << 20;
// A bit for each sector of a block fills one sector.
constexpr std::uint64_t bitmap_size = block_size / sector_size / 8;
constexpr std::uint64_t header_at = VhdFooter::length;
constexpr std::uint64_t table_at = header_at + VhdDynamicHeader::length;
constexpr std::uint64_t nowhere = 0xffffffffffffffff;
constexpr std::uint32_t version_1_0 = 0x00010000;

struct Geometry {
    std::uint64_t cylinders = 0;
    std::uint64_t heads = 0;
    std::uint64_t sectors = 0;
};

// "CHS Calculation".
Geometry geometry_of(std::uint64_t size)
{
    std::uint64_t const total = std::min<std::uint64_t>(size / sector_size, std::uint64_t{65535} * 16 * 255);
    if (total >= std::uint64_t{65535} * 16 * 63)
        return {total / 255 / 16, 16, 255};
    Geometry geometry{0, 0, 17};
    std::uint64_t by_track = total / 17;
    geometry.heads = std::max<std::uint64_t>((by_track + 1023) / 1024, 4);
    if (by_track >= geometry.heads * 1024 || geometry.heads > 16) {
        geometry = {0, 16, 31};
        by_track = total / 31;
    }
    if (by_track >= geometry.heads * 1024) {
        geometry = {0, 16, 63};
        by_track = total / 63;
    }
    geometry.cylinders = by_track / geometry.heads;
    return geometry;
}

void store_text(std::span<std::byte> bytes, std::size_t offset, std::string_view text)
{
    std::memcpy(bytes.subspan(offset, text.size()).data(), text.data(), text.size());
}

// "Hard Disk Footer Format".
std::array<std::byte, VhdFooter::length> make_footer(const VhdMaking &making,
                                                     const std::array<std::byte, 16> &unique_id)
{
    std::array<std::byte, VhdFooter::length> footer{};
    store_text(footer, 0, "conectix");
    store_be<std::uint32_t>(footer, 8, 2);  // features: reserved, always set
    store_be(footer, 12, version_1_0);
    store_be(footer, 16, making.fixed ? nowhere : header_at);
    store_be(footer, 24, making.created);
    store_text(footer, 28, "qem2");
    store_be<std::uint32_t>(footer, 32, 0x00050003);
    store_text(footer, 36, "Wi2k");
    store_be(footer, 40, making.size);
    store_be(footer, 48, making.size);
    auto const geometry = geometry_of(making.size);
    store_be(footer, 56, static_cast<std::uint16_t>(geometry.cylinders));
    store_be(footer, 58, static_cast<std::uint8_t>(geometry.heads));
    store_be(footer, 59, static_cast<std::uint8_t>(geometry.sectors));
    store_be(footer, 60, static_cast<std::uint32_t>(making.fixed ? VhdFooter::Type::fixed : VhdFooter::Type::dynamic));
    std::copy(unique_id.begin(), unique_id.end(), footer.begin() + 68);
    store_be(footer, 64, vhd_checksum(footer, 64));
    return footer;
}

// "Dynamic Disk Header Format".
std::array<std::byte, VhdDynamicHeader::length> make_header(std::uint32_t table_entries)
{
    std::array<std::byte, VhdDynamicHeader::length> header{};
    store_text(header, 0, "cxsparse");
    store_be(header, 8, nowhere);
    store_be(header, 16, table_at);
    store_be(header, 24, version_1_0);
    store_be(header, 28, table_entries);
    store_be(header, 32, static_cast<std::uint32_t>(block_size));
    store_be(header, 36, vhd_checksum(header, 36));
    return header;
}

class VhdWriter : public ImageWriter {
public:
    void identify(const std::array<std::byte, 16> &unique_id) override { m_unique_id = unique_id; }

protected:
    std::array<std::byte, 16> m_unique_id{};
};

class FixedWriter final : public VhdWriter {
public:
    explicit FixedWriter(const VhdMaking &making) : m_making(making) {}

    void pack(Piece &piece, Compressor * /*compressor*/) const override { piece.stored = ranges_with_data(piece); }

    void place(Piece &piece) override
    {
        for (auto &range : piece.stored)
            range.at = range.offset;
    }

    Result<void> finish(Output &output) override
    {
        return output.write(m_making.size, make_footer(m_making, m_unique_id));
    }

    std::unique_ptr<ImageWriter> copy() const override { return std::make_unique<FixedWriter>(*this); }

private:
    VhdMaking m_making;
};

class DynamicWriter final : public VhdWriter {
public:
    explicit DynamicWriter(const VhdMaking &making)
        : m_making(making), m_blocks((making.size + block_size - 1) / block_size, VhdDynamicHeader::unused_block),
          m_end(*round_up(table_at + m_blocks.size() * 4, sector_size))
    {
        m_bitmap.fill(std::byte{0xff});
    }

    void pack(Piece &piece, Compressor * /*compressor*/) const override { piece.stored = ranges_with_data(piece); }

    void place(Piece &piece) override
    {
        static_assert(block_size % piece_size == 0);  // a piece has one block
        if (piece.stored.empty())
            return;
        auto &block = m_blocks[piece.offset / block_size];
        bool const is_new = block == VhdDynamicHeader::unused_block;
        if (is_new) {
            block = static_cast<std::uint32_t>(m_end / sector_size);
            m_end += bitmap_size + block_size;
        }
        std::uint64_t const bitmap_at = block * sector_size;
        for (auto &range : piece.stored)
            range.at = bitmap_at + bitmap_size + range.offset % block_size;
        if (is_new)
            piece.stored.insert(piece.stored.begin(), StoredRange{.bytes = m_bitmap, .at = bitmap_at});
    }

    Result<void> finish(Output &output) override
    {
        auto const footer = make_footer(m_making, m_unique_id);
        auto const header = make_header(static_cast<std::uint32_t>(m_blocks.size()));
        std::vector<std::byte> table(static_cast<std::size_t>(*round_up(m_blocks.size() * 4, sector_size)),
                                     std::byte{0xff});
        for (std::size_t i = 0; i < m_blocks.size(); ++i)
            store_be(table, i * 4, m_blocks[i]);
        if (auto done = output.write(0, footer); !done)
            return done;
        if (auto done = output.write(header_at, header); !done)
            return done;
        if (auto done = output.write(table_at, table); !done)
            return done;
        return output.write(m_end, footer);
    }

    std::unique_ptr<ImageWriter> copy() const override { return std::make_unique<DynamicWriter>(*this); }

private:
    VhdMaking m_making;
    std::vector<std::uint32_t> m_blocks;  // the block allocation table: sectors
    std::uint64_t m_end;                  // where the next block goes
    std::array<std::byte, bitmap_size> m_bitmap{};
};

}  // namespace

std::unique_ptr<ImageWriter> make_vhd_writer(const VhdMaking &making)
{
    if (making.fixed)
        return std::make_unique<FixedWriter>(making);
    return std::make_unique<DynamicWriter>(making);
}

}  // namespace imgport
