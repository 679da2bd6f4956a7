#include "format/gzip_stream.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <zlib.h>

#include "format/container.hpp"

namespace imgport {
namespace {

class GzipStream final : public ByteStream {
public:
    explicit GzipStream(ByteStream &base) : m_base(base) {}
    ~GzipStream() override
    {
        if (m_ready)
            ::inflateEnd(&m_state);
    }

    Result<void> start()
    {
        constexpr int gzip_only = 16 + MAX_WBITS;
        if (::inflateInit2(&m_state, gzip_only) != Z_OK)
            return fail(ErrorCode::environment, "gzip: out of memory");
        m_ready = true;
        return {};
    }

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        m_state.next_out = reinterpret_cast<Bytef *>(out.data());
        m_state.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), 1U << 30));
        uInt const wanted = m_state.avail_out;
        while (m_state.avail_out == wanted && !m_ended) {
            if (auto done = refill(); !done)
                return fail(done.error());
            if (m_member_ended && !begin_member())
                break;
            int const status = ::inflate(&m_state, Z_NO_FLUSH);
            if (status == Z_STREAM_END)
                m_member_ended = true;
            else if (status == Z_BUF_ERROR && m_state.avail_in == 0 && m_base_ended)
                return fail(malformed("gzip: the compressed data ends too early", m_consumed, "gzip member"));
            else if (status == Z_MEM_ERROR)
                return fail(ErrorCode::environment, "gzip: out of memory");
            else if (status != Z_OK && status != Z_BUF_ERROR)
                return fail(malformed(fmt::format("gzip: {}", m_state.msg != nullptr ? m_state.msg : "broken data"),
                                      m_consumed - m_state.avail_in, "gzip member"));
        }
        return wanted - m_state.avail_out;
    }

private:
    Result<void> refill()
    {
        if (m_state.avail_in != 0 || m_base_ended)
            return {};
        auto n = m_base.read(m_buffer);
        if (!n)
            return fail(n.error());
        m_base_ended = *n == 0;
        m_consumed += *n;
        m_state.next_in = reinterpret_cast<Bytef *>(m_buffer.data());
        m_state.avail_in = static_cast<uInt>(*n);
        return {};
    }

    // After a member: another one, or the end. What is neither is padding, as gzip(1) has it.
    bool begin_member()
    {
        if (m_state.avail_in != 0 && *m_state.next_in == 0x1f) {
            ::inflateReset(&m_state);
            m_member_ended = false;
            return true;
        }
        m_ended = true;
        return false;
    }

    ByteStream &m_base;
    z_stream m_state{};
    std::array<std::byte, 65536> m_buffer{};
    std::uint64_t m_consumed = 0;  // bytes of the base, the buffer's included
    bool m_ready = false;
    bool m_base_ended = false;
    bool m_member_ended = false;
    bool m_ended = false;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> open_gzip(ByteStream &base)
{
    auto stream = std::make_unique<GzipStream>(base);
    if (auto done = stream->start(); !done)
        return fail(done.error());
    return stream;
}

}  // namespace imgport
