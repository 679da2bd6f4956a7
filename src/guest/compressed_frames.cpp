#include "guest/compressed_frames.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "support/text.hpp"

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

class ZstdFrame final : public FrameStream {
public:
    using FrameStream::FrameStream;

private:
    enum class At { header, block, checksum, end };
    static constexpr std::uint64_t max_window = 64ULL << 20;

    Result<std::uint64_t> next_run() override
    {
        switch (m_at) {
        case At::header: return header();
        case At::block: return block();
        case At::checksum: m_at = At::end; return 4;
        case At::end: return 0;
        }
        return 0;
    }

    // Section 3.1.1.1: descriptor, window, dictionary id, content size.
    Result<std::uint64_t> header()
    {
        auto const head = m_in.peek(18);
        if (!head)
            return fail(head.error());
        if (head->size() < 7)
            return broken(m_in, "Frame_Header", "the compressed data ends in its header");
        auto const descriptor = std::to_integer<unsigned>((*head)[4]);
        bool const single_segment = (descriptor & 0x20) != 0;
        m_checksum = (descriptor & 0x04) != 0;
        constexpr std::size_t dictionary_sizes[] = {0, 1, 2, 4};
        std::size_t const content_sizes[] = {single_segment ? 1U : 0U, 2, 4, 8};
        std::size_t const content_bytes = content_sizes[descriptor >> 6];
        std::size_t const content_at = 5 + (single_segment ? 0 : 1) + dictionary_sizes[descriptor & 3];
        if (head->size() < content_at + content_bytes)
            return broken(m_in, "Frame_Header", "the compressed data ends in its header");
        std::uint64_t window = 0;
        if (single_segment) {
            for (std::size_t i = content_bytes; i-- > 0;)
                window = window << 8 | std::to_integer<std::uint64_t>((*head)[content_at + i]);
        } else {
            auto const value = std::to_integer<unsigned>((*head)[5]);
            std::uint64_t const base = 1ULL << (10 + (value >> 3));
            window = base + base / 8 * (value & 7);
        }
        if (window > max_window)
            return broken(m_in, "Window_Descriptor",
                          fmt::format("a window of {}, more than the {} that are held in memory", human_size(window),
                                      human_size(max_window)));
        m_at = At::block;
        return content_at + content_bytes;
    }

    // Section 3.1.1.2.
    Result<std::uint64_t> block()
    {
        auto const head = m_in.peek(3);
        if (!head)
            return fail(head.error());
        if (head->size() < 3)
            return broken(m_in, "Block_Header", "the compressed data ends in the middle");
        auto const value = std::to_integer<std::uint32_t>((*head)[0]) |
                           std::to_integer<std::uint32_t>((*head)[1]) << 8 |
                           std::to_integer<std::uint32_t>((*head)[2]) << 16;
        std::uint32_t const type = value >> 1 & 3;
        if (type == 3)
            return broken(m_in, "Block_Type", "a reserved block type");
        if ((value & 1) != 0)
            m_at = m_checksum ? At::checksum : At::end;
        return 3 + (type == 1 ? 1 : value >> 3);
    }

    At m_at = At::header;
    bool m_checksum = false;
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

std::unique_ptr<FileStream> zstd_frame(ByteReader &in)
{
    return std::make_unique<ZstdFrame>(in);
}

std::unique_ptr<FileStream> lz4_frame(ByteReader &in)
{
    return std::make_unique<Lz4Frame>(in);
}

}  // namespace imgport
