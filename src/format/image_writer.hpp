// How an image is written: what becomes of a piece of the disk (by any thread), where it goes (in order), and the
// tables that say so (at the end). A writer decides; the bytes are written by whoever drives it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "format/compress.hpp"
#include "support/buffer.hpp"
#include "support/bytes.hpp"

namespace imgport {

// A run of bytes on its way into the file.
struct StoredRange {
    std::uint64_t offset = 0;  // in the disk; of tables nothing
    Bytes bytes = {};
    bool packed = false;   // `bytes` are a compressed cluster
    std::uint64_t at = 0;  // in the file, once it was placed
};

// Pieces are this long, and begin at multiples of it; the last one of a disk may be shorter. It is the segment of the
// content digest, and a multiple of every cluster that is written here.
inline constexpr std::uint64_t piece_size = std::uint64_t{1} << 20;

struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;     // a multiple of 512
    Buffer bytes = {};            // the disk's, piece_size long; zeroes from `length` on
    Buffer packed = {};           // room for compressed clusters, piece_size long
    std::size_t packed_used = 0;  // of that
    // Compressed clusters of the source that stay as they are, in order; their bytes lie in `packed`. What the disk has
    // there need not be in `bytes`.
    std::vector<StoredRange> taken_over = {};
    // Made by pack(), placed by place(): what is not zero, and tables that are complete.
    std::vector<StoredRange> stored = {};
    std::vector<Buffer> tables = {};

    Bytes disk_bytes() const { return bytes.bytes().first(static_cast<std::size_t>(length)); }
};

class ImageWriter {
public:
    // Where an image goes.
    class Output {
    public:
        virtual ~Output() = default;
        virtual Result<void> write(std::uint64_t at, Bytes bytes) = 0;
        virtual Result<void> resize(std::uint64_t size) = 0;
    };

    ImageWriter() = default;
    ImageWriter &operator=(const ImageWriter &) = delete;
    virtual ~ImageWriter() = default;

    // Fills `stored`. Several threads at once; `compressor` is the caller's, nullptr where nothing is compressed.
    virtual void pack(Piece &piece, Compressor *compressor) const = 0;
    // Gives what is stored its place in the file. One call at a time, in the order of the pieces; a piece that never
    // comes is zeroes.
    virtual void place(Piece &piece) = 0;
    // After the last piece: headers and tables, and the file's size. What lies behind the pieces comes in rising order.
    virtual Result<void> finish(Output &output) = 0;

    // What tells the disk from others, for a format that writes such a thing: it may be known last.
    virtual void identify(const std::array<std::byte, 16> & /*unique_id*/) {}
    // As it stands, for who may have to go on from here once more.
    virtual std::unique_ptr<ImageWriter> copy() const = 0;

protected:
    ImageWriter(const ImageWriter &) = default;
};

// What of the piece is not zero, looked at in blocks of 4 KiB; neighbours are joined.
std::vector<StoredRange> ranges_with_data(const Piece &piece);

}  // namespace imgport
