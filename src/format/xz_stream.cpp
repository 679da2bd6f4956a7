#include "format/xz_stream.hpp"

#include <array>

#include <fmt/format.h>
#include <lzma.h>

#include "format/container.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// `xz -9` needs 65 MiB to unpack; nothing that xz(1) offers as a preset needs more.
constexpr std::uint64_t memory_limit = std::uint64_t{96} << 20;

class XzStream final : public ByteStream {
public:
    explicit XzStream(ByteStream &base) : m_base(base) {}
    ~XzStream() override { ::lzma_end(&m_state); }

    Result<void> start()
    {
        if (::lzma_stream_decoder(&m_state, memory_limit, LZMA_CONCATENATED) != LZMA_OK)
            return fail(ErrorCode::environment, "xz: out of memory");
        return {};
    }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        m_state.next_out = reinterpret_cast<std::uint8_t *>(out.data());
        m_state.avail_out = out.size();
        while (m_state.avail_out == out.size() && !m_ended) {
            if (m_state.avail_in == 0 && !m_base_ended) {
                auto n = m_base.read(m_buffer);
                if (!n)
                    return fail(n.error());
                m_base_ended = *n == 0;
                m_consumed += *n;
                m_state.next_in = reinterpret_cast<const std::uint8_t *>(m_buffer.data());
                m_state.avail_in = *n;
            }
            auto const status = ::lzma_code(&m_state, m_base_ended ? LZMA_FINISH : LZMA_RUN);
            if (status == LZMA_STREAM_END)
                m_ended = true;
            else if (status != LZMA_OK)
                return fail(error_of(status));
        }
        return out.size() - m_state.avail_out;
    }

private:
    Error error_of(lzma_ret status) const
    {
        std::uint64_t const offset = m_consumed - m_state.avail_in;
        switch (status) {
        case LZMA_MEM_ERROR: return {ErrorCode::environment, "xz: out of memory"};
        case LZMA_MEMLIMIT_ERROR: {
            Error error = malformed(fmt::format("xz: unpacking would take {} of memory, more than the {} allowed",
                                                human_size(::lzma_memusage(&m_state)), human_size(memory_limit)),
                                    offset, "xz block header");
            error.hint = "unpack it with xz first";
            return error;
        }
        case LZMA_BUF_ERROR: return malformed("xz: the compressed data ends too early", offset, "xz stream");
        case LZMA_OPTIONS_ERROR: return malformed("xz: options that are not supported", offset, "xz stream");
        default: return malformed("xz: broken data", offset, "xz stream");
        }
    }

    ByteStream &m_base;
    lzma_stream m_state = LZMA_STREAM_INIT;
    std::array<std::byte, 65536> m_buffer{};
    std::uint64_t m_consumed = 0;  // bytes of the base, the buffer's included
    bool m_base_ended = false;
    bool m_ended = false;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> open_xz(ByteStream &base)
{
    auto stream = std::make_unique<XzStream>(base);
    if (auto done = stream->start(); !done)
        return fail(done.error());
    return stream;
}

}  // namespace imgport
