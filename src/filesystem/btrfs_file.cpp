#include "filesystem/btrfs_file.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "filesystem/btrfs_compression.hpp"

namespace imgport::btrfs {
namespace {

constexpr std::size_t inline_header = 21;
constexpr std::size_t extent_size = 53;
constexpr std::uint8_t type_inline = 0;
constexpr std::uint8_t type_preallocated = 2;
// A compressed extent has no more, packed or unpacked; plain ones are read in pieces of it.
constexpr std::size_t piece_size = 128 * 1024;
constexpr std::size_t longest_inline = 64 * 1024;  // what fits into a node, unpacked

class ExtentFile final : public FileStream {
public:
    ExtentFile(std::shared_ptr<Volume> volume, const FileToOpen &file) : m_volume(std::move(volume)), m_file(file) {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        std::size_t done = 0;
        while (done < out.size() && m_position < m_file.size) {
            if (m_position < m_piece.begin || m_position >= m_piece.end) {
                if (auto const moved = find_piece(); !moved)
                    return fail(moved.error());
            }
            std::uint64_t const left = std::min(m_piece.end, m_file.size) - m_position;
            auto const part = out.subspan(done, std::min<std::uint64_t>(left, out.size() - done));
            std::uint64_t const into = m_piece.into + (m_position - m_piece.begin);
            if (m_piece.zero)
                std::fill(part.begin(), part.end(), std::byte{0});
            else
                std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(into), part.size(), part.begin());
            done += part.size();
            m_position += part.size();
        }
        return done;
    }

private:
    // A range of the file; its bytes lie in m_bytes from `into` on.
    struct Piece {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        bool zero = false;
        std::uint64_t into = 0;
    };

    tl::unexpected<Error> broken(std::uint64_t begin, std::string what) const
    {
        return fail(ErrorCode::malformed,
                    fmt::format("the extent at {} of inode {} is damaged: {}", begin, m_file.inode, what));
    }

    // The piece that holds m_position.
    Result<void> find_piece()
    {
        m_piece = {};
        Cursor cursor(m_volume->nodes(), m_file.tree);
        Key const wanted{m_file.inode, extent_data_key, m_position};
        auto const is_extent = [&] {
            return cursor.key().objectid == wanted.objectid && cursor.key().type == wanted.type;
        };
        auto found = cursor.seek_last(wanted);
        if (found && *found && is_extent()) {
            auto piece = load_extent(cursor.key().offset, cursor.data());
            if (!piece)
                return fail(piece.error());
            if (m_position < piece->end) {
                m_piece = *piece;
                return {};
            }
        }
        // Between extents, or behind the last one: a hole.
        if (found)
            found = cursor.seek(wanted);
        if (!found)
            return fail(found.error());
        m_piece = {m_position, *found && is_extent() ? cursor.key().offset : m_file.size, true, 0};
        return {};
    }

    // What can be had of an extent that begins at or before m_position; nothing is loaded where it ends before.
    Result<Piece> load_extent(std::uint64_t begin, Bytes item)
    {
        if (item.size() < inline_header)
            return broken(begin, "it is too short");
        if (load_le<std::uint8_t>(item, 17) != 0 || load_le<std::uint16_t>(item, 18) != 0)
            return fail(ErrorCode::unsupported, fmt::format("inode {} is encrypted or encoded", m_file.inode));
        auto const type = load_le<std::uint8_t>(item, 20);
        if (type == type_inline)
            return load_inline(begin, item);
        if (type > type_preallocated)
            return broken(begin, fmt::format("its type is {}", type));
        if (item.size() < extent_size)
            return broken(begin, "it is too short");

        std::uint64_t const sector = m_volume->super().sector_size;
        auto const length = load_le<std::uint64_t>(item, 45);
        auto const end = checked_add(begin, length);
        if (length == 0 || length % sector != 0 || begin % sector != 0 || !end)
            return broken(begin, fmt::format("its length is {}", length));
        auto const logical = load_le<std::uint64_t>(item, 21);
        if (logical == 0 || type == type_preallocated || m_position >= *end)
            return Piece{begin, *end, true, 0};
        auto const compression = static_cast<Compression>(load_le<std::uint8_t>(item, 16));
        return compression == Compression::none ? load_plain(begin, *end, item)
                                                : load_compressed(begin, *end, item, compression);
    }

    Result<Piece> load_inline(std::uint64_t begin, Bytes item)
    {
        auto const unpacked = load_le<std::uint64_t>(item, 8);
        auto const compression = static_cast<Compression>(load_le<std::uint8_t>(item, 16));
        Bytes const packed = item.subspan(inline_header);
        if (begin != 0 || unpacked > longest_inline)
            return broken(begin, fmt::format("it has {} bytes within the tree", unpacked));
        if (compression == Compression::none && unpacked > packed.size())
            return broken(begin, "its data end in the middle");
        std::size_t const sector = m_volume->super().sector_size;
        std::size_t const rounded = (std::max<std::size_t>(unpacked, 1) + sector - 1) / sector * sector;
        m_bytes.assign(rounded, std::byte{0});
        if (compression == Compression::none)
            std::copy_n(packed.begin(), unpacked, m_bytes.begin());
        else if (auto const done = decompress_extent(compression, packed, std::span(m_bytes).first(unpacked), sector);
                 !done)
            return fail(done.error());
        return Piece{0, rounded, false, 0};
    }

    Result<Piece> load_plain(std::uint64_t begin, std::uint64_t end, Bytes item)
    {
        std::uint64_t const sector = m_volume->super().sector_size;
        auto const logical = load_le<std::uint64_t>(item, 21);
        auto const stored = load_le<std::uint64_t>(item, 29);
        auto const offset = load_le<std::uint64_t>(item, 37);
        if (logical % sector != 0 || offset % sector != 0 || !range_inside(offset, end - begin, stored) ||
            !checked_add(logical, stored))
            return broken(begin, fmt::format("it takes {} bytes at {} of {}", end - begin, offset, stored));
        std::uint64_t const into = (m_position - begin) / sector * sector;
        std::uint64_t const size = std::min<std::uint64_t>(end - begin - into, piece_size);
        m_bytes.resize(size);
        if (auto const read = read_data(*m_volume, logical + offset + into, m_bytes, m_file.verify); !read)
            return fail(read.error());
        return Piece{begin + into, begin + into + size, false, 0};
    }

    Result<Piece> load_compressed(std::uint64_t begin, std::uint64_t end, Bytes item, Compression compression)
    {
        std::uint64_t const sector = m_volume->super().sector_size;
        auto const unpacked = load_le<std::uint64_t>(item, 8);
        auto const logical = load_le<std::uint64_t>(item, 21);
        auto const stored = load_le<std::uint64_t>(item, 29);
        auto const offset = load_le<std::uint64_t>(item, 37);
        if (logical % sector != 0 || stored % sector != 0 || stored > piece_size || unpacked > piece_size)
            return broken(begin, fmt::format("it has {} bytes compressed, {} not", stored, unpacked));
        if (!range_inside(offset, end - begin, unpacked))
            return broken(begin, fmt::format("it takes {} bytes at {} of {}", end - begin, offset, unpacked));
        std::vector<std::byte> packed(stored);
        if (auto const read = read_data(*m_volume, logical, packed, m_file.verify); !read)
            return fail(read.error());
        m_bytes.resize(unpacked);
        if (auto const done = decompress_extent(compression, packed, m_bytes, sector); !done)
            return fail(done.error());
        return Piece{begin, end, false, offset};
    }

    std::shared_ptr<Volume> m_volume;
    FileToOpen m_file;
    std::uint64_t m_position = 0;
    Piece m_piece;
    std::vector<std::byte> m_bytes;
};

}  // namespace

std::unique_ptr<FileStream> make_file_stream(std::shared_ptr<Volume> volume, const FileToOpen &file)
{
    return std::make_unique<ExtentFile>(std::move(volume), file);
}

}  // namespace imgport::btrfs
