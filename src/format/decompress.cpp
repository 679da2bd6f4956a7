#include "format/decompress.hpp"

#include <memory>

#include <libdeflate.h>
#include <zstd.h>

namespace imgport {
namespace {

tl::unexpected<Error> damaged()
{
    return fail(ErrorCode::malformed, "the compressed data is damaged");
}

struct FreeInflater {
    void operator()(libdeflate_decompressor *inflater) const { libdeflate_free_decompressor(inflater); }
};

Result<std::size_t> inflate(Packing packing, Bytes packed, std::span<std::byte> out)
{
    // It has no state between two calls, and is too large to be made for each.
    thread_local std::unique_ptr<libdeflate_decompressor, FreeInflater> const inflater(libdeflate_alloc_decompressor());
    if (!inflater)
        return fail(ErrorCode::environment, "there is no memory to decompress with");
    std::size_t made = 0;
    auto const inflate_with = packing == Packing::zlib ? libdeflate_zlib_decompress : libdeflate_deflate_decompress;
    auto const result = inflate_with(inflater.get(), packed.data(), packed.size(), out.data(), out.size(), &made);
    return result == LIBDEFLATE_SUCCESS ? Result<std::size_t>(made) : damaged();
}

struct FreeZstd {
    void operator()(ZSTD_DCtx *context) const { ZSTD_freeDCtx(context); }
};

// Frame by frame: what follows the last one is no frame.
Result<std::size_t> decompress_zstd(Bytes packed, std::span<std::byte> out)
{
    thread_local std::unique_ptr<ZSTD_DCtx, FreeZstd> const context(ZSTD_createDCtx());
    if (!context)
        return fail(ErrorCode::environment, "there is no memory to decompress with");
    std::size_t made = 0;
    while (made < out.size() && !packed.empty()) {
        std::size_t const frame = ZSTD_findFrameCompressedSize(packed.data(), packed.size());
        if (ZSTD_isError(frame) != 0 || frame == 0)
            return damaged();
        std::size_t const part =
            ZSTD_decompressDCtx(context.get(), out.data() + made, out.size() - made, packed.data(), frame);
        if (ZSTD_isError(part) != 0)
            return damaged();
        made += part;
        packed = packed.subspan(frame);
    }
    return made;
}

}  // namespace

Result<std::size_t> decompress(Packing packing, Bytes packed, std::span<std::byte> out)
{
    return packing == Packing::zstd ? decompress_zstd(packed, out) : inflate(packing, packed, out);
}

}  // namespace imgport
