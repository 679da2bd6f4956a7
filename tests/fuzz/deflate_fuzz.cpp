// The walker over deflate streams: the bytes are a stream. zlib with a window of 4 KiB, drained byte by byte,
// must say the same of it.
#include <cstdint>

#include <zlib.h>

#include "format/deflate_measure.hpp"

namespace {

constexpr std::size_t cluster = 65536;

// Nothing where zlib refuses it, too.
std::optional<imgport::DeflateMeasure> ask_zlib(const std::uint8_t *data, std::size_t size)
{
    z_stream stream{};
    if (inflateInit2(&stream, -12) != Z_OK)
        __builtin_trap();
    stream.next_in = const_cast<Bytef *>(data);
    stream.avail_in = static_cast<uInt>(size);
    Bytef step = 0;  // in larger steps, what was made in the same one is in reach besides the window
    int result = Z_OK;
    while (result == Z_OK && stream.total_out <= cluster) {
        stream.next_out = &step;
        stream.avail_out = 1;
        result = inflate(&stream, Z_NO_FLUSH);
    }
    imgport::DeflateMeasure const measure{size - stream.avail_in, stream.total_out};
    inflateEnd(&stream);
    return result == Z_STREAM_END && measure.unpacked <= cluster ? std::optional(measure) : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto const ours = imgport::measure_deflate(std::as_bytes(std::span(data, size)), cluster, 4096);
    auto const theirs = ask_zlib(data, size);
    if (ours.has_value() != theirs.has_value())
        __builtin_trap();
    if (ours && (ours->packed != theirs->packed || ours->unpacked != theirs->unpacked))
        __builtin_trap();
    return 0;
}
