#include "guest/compressed_frames.hpp"

#include <algorithm>
#include <cstring>

namespace imgport {
namespace {

tl::unexpected<Error> broken(const ByteReader &in, std::string field, std::string message)
{
    return fail({ErrorCode::malformed, std::move(message), {}, in.position(), std::move(field), {}});
}

// Passes bytes on; next_run() says after each run how many belong to the next, 0 at the end.
class FrameStream : public FileStream {
public:
    explicit FrameStream(ByteReader &in) : m_in(in) {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        if (m_run == 0) {
            auto const run = next_run();
            if (!run)
                return fail(run.error());
            m_run = *run;
            if (m_run == 0 || out.empty())
                return 0;
        }
        auto const some = m_in.peek_some();
        if (!some)
            return fail(some.error());
        if (some->empty())
            return broken(m_in, "", "the compressed data ends in the middle");
        std::size_t const n = static_cast<std::size_t>(std::min<std::uint64_t>({m_run, out.size(), some->size()}));
        std::memcpy(out.data(), some->data(), n);
        if (auto const skipped = m_in.skip(n); !skipped)
            return fail(skipped.error());
        m_run -= n;
        return n;
    }

protected:
    virtual Result<std::uint64_t> next_run() = 0;
    ByteReader &m_in;

private:
    std::uint64_t m_run = 0;
};

class Lz4Frame final : public FrameStream {
public:
    using FrameStream::FrameStream;

private:
    enum class At { magic, legacy_block, block, checksum, end };
    static constexpr std::uint32_t legacy_magic = 0x184c2102;
    static constexpr std::uint32_t legacy_block_bound = (8U << 20) + (8U << 20) / 255 + 16;

    Result<std::uint64_t> next_run() override
    {
        switch (m_at) {
        case At::magic: return magic();
        case At::legacy_block: return legacy_block();
        case At::block: return block();
        case At::checksum: m_at = At::end; return 4;
        case At::end: return 0;
        }
        return 0;
    }

    Result<std::uint64_t> magic()
    {
        auto const head = m_in.peek(6);
        if (!head)
            return fail(head.error());
        auto const value = read_le<std::uint32_t>(*head, 0);
        if (value == legacy_magic) {
            m_at = At::legacy_block;
            return 4;
        }
        if (head->size() < 6)
            return broken(m_in, "FLG", "the compressed data ends in its header");
        auto const flags = std::to_integer<unsigned>((*head)[4]);
        m_block_checksum = (flags & 0x10) != 0;
        m_content_checksum = (flags & 0x04) != 0;
        m_at = At::block;
        // magic, FLG, BD, content size, dictionary id, header checksum
        return 4 + 2 + ((flags & 0x08) != 0 ? 8 : 0) + ((flags & 0x01) != 0 ? 4 : 0) + 1;
    }

    Result<std::uint64_t> legacy_block()
    {
        auto const head = m_in.peek(4);
        if (!head)
            return fail(head.error());
        auto const size = read_le<std::uint32_t>(*head, 0);
        if (size == legacy_magic)
            return 4;
        if (!size || *size == 0 || *size > legacy_block_bound)
            return 0;
        return std::uint64_t{4} + *size;
    }

    Result<std::uint64_t> block()
    {
        auto const head = m_in.peek(4);
        if (!head)
            return fail(head.error());
        auto const size = read_le<std::uint32_t>(*head, 0);
        if (!size)
            return broken(m_in, "Block Size", "the compressed data ends in the middle");
        if (*size == 0) {
            m_at = m_content_checksum ? At::checksum : At::end;
            return 4;
        }
        return std::uint64_t{4} + (*size & 0x7fffffff) + (m_block_checksum ? 4 : 0);
    }

    At m_at = At::magic;
    bool m_block_checksum = false;
    bool m_content_checksum = false;
};

}  // namespace

std::unique_ptr<FileStream> lz4_frame(ByteReader &in)
{
    return std::make_unique<Lz4Frame>(in);
}

}  // namespace imgport
