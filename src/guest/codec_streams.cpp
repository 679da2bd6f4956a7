#include "guest/codec_streams.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <isa-l.h>
#include <lzma.h>
#include <zstd.h>
#include <zstd_errors.h>

namespace imgport {
namespace {

constexpr std::uint64_t lzma_memory = 96ULL << 20;  // bytes; `xz -9` needs 65 MiB
constexpr int zstd_window_log = 26;

tl::unexpected<Error> broken(const ByteReader &in, std::string_view kind, std::string_view message,
                             std::string field = {})
{
    return fail({ErrorCode::malformed,
                 fmt::format("the {} data is damaged: {}", kind, message),
                 {},
                 in.position(),
                 std::move(field),
                 {}});
}

// By ISA-L, which takes half the time that zlib does. At its end it gives back whole bytes of its bit buffer, which may
// have come with the input before: as many stay with the reader.
class GzipStream final : public FileStream {
public:
    explicit GzipStream(ByteReader &in) : m_in(in)
    {
        isal_inflate_init(&m_state);
        m_state.crc_flag = ISAL_GZIP;
    }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        m_state.next_out = reinterpret_cast<std::uint8_t *>(out.data());
        m_state.avail_out = static_cast<std::uint32_t>(out.size());
        while (!m_ended && m_state.avail_out == out.size()) {
            auto const some = m_in.peek(ByteReader::window / 2);
            if (!some)
                return fail(some.error());
            auto const fresh = some->subspan(m_given);
            // ISA-L does not write to its input.
            m_state.next_in = const_cast<std::uint8_t *>(reinterpret_cast<const std::uint8_t *>(fresh.data()));
            m_state.avail_in = static_cast<std::uint32_t>(fresh.size());
            int const code = isal_inflate(&m_state);
            if (code < 0)
                return broken(m_in, "gzip", code == ISAL_INCORRECT_CHECKSUM ? "a wrong checksum" : "a wrong code");
            m_ended = m_state.block_state == ISAL_BLOCK_FINISH;
            if (!m_ended && fresh.empty() && m_state.avail_out == out.size())
                return broken(m_in, "gzip", "it ends in the middle");
            std::size_t const used =
                static_cast<std::size_t>(reinterpret_cast<const std::byte *>(m_state.next_in) - some->data());
            m_given = m_ended ? 0 : std::min(used, sizeof(m_state.read_in));
            if (auto const skipped = m_in.skip(used - m_given); !skipped)
                return fail(skipped.error());
        }
        return out.size() - m_state.avail_out;
    }

private:
    ByteReader &m_in;
    inflate_state m_state{};
    std::size_t m_given = 0;  // bytes that ISA-L has and the reader still holds
    bool m_ended = false;
};

class ZstdStream final : public FileStream {
public:
    explicit ZstdStream(ByteReader &in) : m_in(in), m_state(ZSTD_createDCtx(), ZSTD_freeDCtx)
    {
        if (m_state)
            ZSTD_DCtx_setParameter(m_state.get(), ZSTD_d_windowLogMax, zstd_window_log);
    }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (!m_state)
            return fail(ErrorCode::environment, "no memory for libzstd");
        ZSTD_outBuffer output{out.data(), out.size(), 0};
        while (!m_ended && output.pos == 0) {
            auto const some = m_in.peek_some();
            if (!some)
                return fail(some.error());
            ZSTD_inBuffer input{some->data(), some->size(), 0};
            std::size_t const code = ZSTD_decompressStream(m_state.get(), &output, &input);
            if (ZSTD_isError(code) != 0) {
                bool const window = ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge;
                return broken(m_in, "zstd",
                              window ? "its window is larger than 64 MiB" : std::string(ZSTD_getErrorName(code)),
                              window ? "Window_Descriptor" : "");
            }
            m_ended = code == 0;
            if (!m_ended && some->empty() && output.pos == 0)
                return broken(m_in, "zstd", "it ends in the middle");
            if (auto const skipped = m_in.skip(input.pos); !skipped)
                return fail(skipped.error());
        }
        return output.pos;
    }

private:
    ByteReader &m_in;
    std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> m_state;
    bool m_ended = false;
};

enum class LzmaKind { xz, alone };

class LzmaStream final : public FileStream {
public:
    LzmaStream(ByteReader &in, LzmaKind kind) : m_in(in), m_name(kind == LzmaKind::xz ? "xz" : "lzma")
    {
        m_ready = (kind == LzmaKind::xz ? lzma_stream_decoder(&m_state, lzma_memory, 0)
                                        : lzma_alone_decoder(&m_state, lzma_memory)) == LZMA_OK;
    }
    ~LzmaStream() override { lzma_end(&m_state); }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (!m_ready)
            return fail(ErrorCode::environment, "no memory for liblzma");
        m_state.next_out = reinterpret_cast<std::uint8_t *>(out.data());
        m_state.avail_out = out.size();
        while (!m_ended && m_state.avail_out == out.size()) {
            auto const some = m_in.peek_some();
            if (!some)
                return fail(some.error());
            m_state.next_in = reinterpret_cast<const std::uint8_t *>(some->data());
            m_state.avail_in = some->size();
            lzma_ret const code = lzma_code(&m_state, some->empty() ? LZMA_FINISH : LZMA_RUN);
            if (auto const skipped = m_in.skip(some->size() - m_state.avail_in); !skipped)
                return fail(skipped.error());
            m_ended = code == LZMA_STREAM_END;
            if (code == LZMA_MEMLIMIT_ERROR)
                return broken(m_in, m_name, "its dictionary is larger than 96 MiB");
            if (code != LZMA_OK && code != LZMA_STREAM_END)
                return broken(m_in, m_name, some->empty() ? "it ends in the middle" : "a wrong code or checksum");
        }
        return out.size() - m_state.avail_out;
    }

private:
    ByteReader &m_in;
    const char *m_name;
    ::lzma_stream m_state = LZMA_STREAM_INIT;
    bool m_ready = false;
    bool m_ended = false;
};

}  // namespace

std::unique_ptr<FileStream> gzip_stream(ByteReader &in)
{
    return std::make_unique<GzipStream>(in);
}

std::unique_ptr<FileStream> zstd_stream(ByteReader &in)
{
    return std::make_unique<ZstdStream>(in);
}

std::unique_ptr<FileStream> lzma_stream(ByteReader &in, const std::string &kind)
{
    return std::make_unique<LzmaStream>(in, kind == "xz" ? LzmaKind::xz : LzmaKind::alone);
}

}  // namespace imgport
