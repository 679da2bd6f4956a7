#include "format/compress.hpp"

#include <vector>

#include <fmt/format.h>
#include <isa-l.h>
#include <zlib.h>
#include <zstd.h>

#include "format/isal_stream.hpp"

namespace imgport {
namespace {

tl::unexpected<Error> no_memory()
{
    return fail(ErrorCode::environment, "there is no memory or no address space to compress with (see ulimit -v)");
}

auto *as_input(Bytes bytes)
{
    // Neither library writes to its input, but neither says so.
    return const_cast<std::uint8_t *>(reinterpret_cast<const std::uint8_t *>(bytes.data()));
}

auto *as_output(std::span<std::byte> bytes)
{
    return reinterpret_cast<std::uint8_t *>(bytes.data());
}

// Level 1 packs as small as levels 2 and 3 do on clusters of 64 KiB, and fastest.
class FastCompressor final : public Compressor {
public:
    FastCompressor() : m_level_buffer(ISAL_DEF_LVL1_DEFAULT) {}

    bool begin() { return m_stream.get() != nullptr; }

    std::size_t compress(Bytes in, std::span<std::byte> out) override
    {
        isal_zstream &stream = *m_stream.get();
        isal_deflate_stateless_init(&stream);
        stream.level = 1;
        stream.level_buf = m_level_buffer.data();
        stream.level_buf_size = static_cast<std::uint32_t>(m_level_buffer.size());
        stream.hist_bits = qcow2_window_bits;
        stream.end_of_stream = 1;
        stream.flush = NO_FLUSH;
        stream.next_in = as_input(in);
        stream.avail_in = static_cast<std::uint32_t>(in.size());
        stream.next_out = as_output(out);
        stream.avail_out = static_cast<std::uint32_t>(out.size());
        if (isal_deflate_stateless(&stream) != COMP_OK || stream.avail_in != 0)
            return 0;
        return stream.total_out;
    }

private:
    IsalStream m_stream;
    std::vector<std::uint8_t> m_level_buffer;
};

class SmallCompressor final : public Compressor {
public:
    SmallCompressor() = default;
    ~SmallCompressor() override { deflateEnd(&m_stream); }

    bool begin()
    {
        return deflateInit2(&m_stream, Z_BEST_COMPRESSION, Z_DEFLATED, -static_cast<int>(qcow2_window_bits), 9,
                            Z_DEFAULT_STRATEGY) == Z_OK;
    }

    std::size_t compress(Bytes in, std::span<std::byte> out) override
    {
        if (deflateReset(&m_stream) != Z_OK)
            return 0;
        m_stream.next_in = as_input(in);
        m_stream.avail_in = static_cast<uInt>(in.size());
        m_stream.next_out = as_output(out);
        m_stream.avail_out = static_cast<uInt>(out.size());
        return deflate(&m_stream, Z_FINISH) == Z_STREAM_END ? m_stream.total_out : 0;
    }

private:
    z_stream m_stream{};
};

class ZstdCompressor final : public Compressor {
public:
    bool begin() { return m_context != nullptr; }

    std::size_t compress(Bytes in, std::span<std::byte> out) override
    {
        std::size_t const made =
            ZSTD_compressCCtx(m_context.get(), out.data(), out.size(), in.data(), in.size(), ZSTD_CLEVEL_DEFAULT);
        return ZSTD_isError(made) != 0 ? 0 : made;
    }

private:
    struct Free {
        void operator()(ZSTD_CCtx *context) const { ZSTD_freeCCtx(context); }
    };
    std::unique_ptr<ZSTD_CCtx, Free> m_context{ZSTD_createCCtx()};
};

template <typename Made>
Result<std::unique_ptr<Compressor>> begun()
{
    auto compressor = std::make_unique<Made>();
    if (!compressor->begin())
        return no_memory();
    return compressor;
}

bool isa_l_has_own_code()
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("sse4.2") != 0;
#else
    return false;
#endif
}

}  // namespace

Result<std::unique_ptr<Compressor>> make_compressor(Compression compression)
{
    switch (compression) {
    case Compression::none: break;
    case Compression::fast: return begun<FastCompressor>();
    case Compression::small: return begun<SmallCompressor>();
    case Compression::zstd: return begun<ZstdCompressor>();
    }
    return nullptr;
}

std::string compressor_name(Compression compression)
{
    switch (compression) {
    case Compression::none: break;
    case Compression::fast:
        return fmt::format("isa-l {}.{}.{}{}", ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION,
                           isa_l_has_own_code() ? "" : " (base)");
    case Compression::small: return fmt::format("zlib {}", zlibVersion());
    case Compression::zstd: return fmt::format("zstd {}", ZSTD_versionString());
    }
    return {};
}

}  // namespace imgport
