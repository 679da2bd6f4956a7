#include "filesystem/btrfs_compression.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include "support/lzo.hpp"

namespace imgport::btrfs {
namespace {

constexpr std::size_t lzo_length = 4;  // the bytes of a length in front of the whole, and of each segment
constexpr int zstd_window_log = 17;    // 128 KiB, the largest that the kernel takes

tl::unexpected<Error> broken(const char *what)
{
    return fail(ErrorCode::malformed, fmt::format("the {}", what));
}

// Each answers how much of `out` it filled.
Result<std::size_t> inflate_zlib(Bytes in, std::span<std::byte> out)
{
    z_stream state{};
    if (::inflateInit(&state) != Z_OK)
        return fail(ErrorCode::environment, "no memory for zlib");
    // zlib does not write to its input; its interface is older than const.
    state.next_in = const_cast<Bytef *>(reinterpret_cast<const Bytef *>(in.data()));
    state.avail_in = static_cast<uInt>(in.size());
    state.next_out = reinterpret_cast<Bytef *>(out.data());
    state.avail_out = static_cast<uInt>(out.size());
    int const code = ::inflate(&state, Z_FINISH);
    std::size_t const left = state.avail_out;
    ::inflateEnd(&state);
    bool const full = left == 0 && (code == Z_OK || code == Z_BUF_ERROR);
    if (code != Z_STREAM_END && !full)
        return broken("zlib data of an extent are damaged");
    return out.size() - left;
}

Result<std::size_t> inflate_zstd(Bytes in, std::span<std::byte> out)
{
    std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx *)> const state(::ZSTD_createDCtx(), ::ZSTD_freeDCtx);
    if (!state || ::ZSTD_isError(::ZSTD_DCtx_setParameter(state.get(), ZSTD_d_windowLogMax, zstd_window_log)))
        return fail(ErrorCode::environment, "no memory for zstd");
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (to.pos < to.size) {
        auto const before = from.pos + to.pos;
        std::size_t const code = ::ZSTD_decompressStream(state.get(), &to, &from);
        if (::ZSTD_isError(code))
            return broken("zstd data of an extent are damaged");
        if (code == 0)
            break;  // the end of the frame; what follows it is padding
        if (from.pos + to.pos == before)
            return broken("zstd data of an extent end in the middle");
    }
    return to.pos;
}

// The length of the whole with itself; then segments with their lengths, each one sector of data. A length does not
// cross the end of a sector: it is moved behind it.
Result<std::size_t> inflate_lzo(Bytes in, std::span<std::byte> out, std::size_t sector_size)
{
    auto const total = read_le<std::uint32_t>(in, 0);
    if (!total || *total > in.size() || *total < lzo_length)
        return broken("LZO data of an extent have a wrong length");
    std::size_t at = lzo_length;
    std::size_t done = 0;
    std::vector<std::byte> segment(sector_size);
    while (at < *total && done < out.size()) {
        if (std::size_t const left = sector_size - at % sector_size; left < lzo_length)
            at += left;
        auto const length = read_le<std::uint32_t>(in.first(*total), at);
        if (!length)
            break;  // only the padding of the last sector was left
        at += lzo_length;
        if (!range_inside(at, *length, *total))
            return broken("LZO data of an extent have a segment with a wrong length");
        auto const size = decode_lzo1x(in.subspan(at, *length), segment);
        if (!size)
            return fail(size.error());
        std::size_t const part = std::min(*size, out.size() - done);
        std::copy_n(segment.begin(), part, out.begin() + static_cast<std::ptrdiff_t>(done));
        done += part;
        at += *length;
    }
    return done;
}

}  // namespace

Result<void> decompress_extent(Compression compression, Bytes in, std::span<std::byte> out, std::size_t sector_size)
{
    auto const filled = [&]() -> Result<std::size_t> {
        switch (compression) {
        case Compression::zlib: return inflate_zlib(in, out);
        case Compression::lzo: return inflate_lzo(in, out, sector_size);
        case Compression::zstd: return inflate_zstd(in, out);
        case Compression::none: break;
        }
        return fail(ErrorCode::unsupported,
                    fmt::format("an extent has the compression {}", static_cast<unsigned>(compression)));
    }();
    if (!filled)
        return fail(filled.error());
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(*filled), out.end(), std::byte{0});
    return {};
}

}  // namespace imgport::btrfs
