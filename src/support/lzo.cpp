#include "support/lzo.hpp"

#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace imgport {
namespace {

// What an instruction below 16 means depends on how many literals the one before it copied: none, 1 to 3, or this.
constexpr std::size_t long_run = 4;
// No output that we decode is longer; it keeps sums of lengths far from overflow.
constexpr std::size_t longest_length = std::size_t{1} << 30;

class Lzo1xDecoder {
public:
    Lzo1xDecoder(Bytes in, std::span<std::byte> out) : m_in(in), m_out(out) {}

    Result<std::size_t> run()
    {
        begin();
        while (!m_broken && !m_ended)
            instruction();
        if (!m_broken && m_read != m_in.size())
            m_broken = "there are bytes behind its end";
        if (m_broken)
            return fail(ErrorCode::malformed, fmt::format("the LZO block is damaged at byte {}: {}", m_read, m_broken));
        return m_written;
    }

private:
    // The first byte may stand for literals that no instruction comes before.
    void begin()
    {
        if (m_in.empty())
            return stop("it is empty");
        auto const first = static_cast<std::uint8_t>(m_in[0]);
        if (first == 17 && m_in.size() >= 5)
            return stop("it is of another bitstream version");
        if (first <= 17)
            return;
        m_read = 1;
        std::size_t const count = first - 17U;
        literals(count);
        m_state = count < long_run ? count : long_run;
    }

    void instruction()
    {
        std::size_t const code = byte();
        if (code >= 64) {
            // 01LDDDSS and 1LLDDDSS: 3 to 8 bytes from at most 2 KiB back.
            std::size_t const length = (code >> 5) + 1;
            std::size_t const high = byte();
            copy(length, (high << 3) + (code >> 2 & 7) + 1);
            trailing_literals(code & 3);
        } else if (code >= 32) {
            std::size_t const count = length(code, 5) + 2;
            std::size_t const operand = two_bytes();
            copy(count, (operand >> 2) + 1);
            trailing_literals(operand & 3);
        } else if (code >= 16) {
            std::size_t const count = length(code, 3) + 2;
            std::size_t const operand = two_bytes();
            std::size_t const distance = 16384 + ((code >> 3 & 1) << 14) + (operand >> 2);
            if (distance == 16384) {
                m_ended = true;
                return;
            }
            copy(count, distance);
            trailing_literals(operand & 3);
        } else if (m_state == 0) {
            literals(length(code, 4) + 3);
            m_state = long_run;
        } else {
            std::size_t const far = m_state == long_run ? 2049 : 1;
            std::size_t const high = byte();
            copy(m_state == long_run ? 3 : 2, (high << 2) + (code >> 2) + far);
            trailing_literals(code & 3);
        }
    }

    // The low `bits` of the code; 0 there means that the length goes on in the following bytes.
    std::size_t length(std::size_t code, unsigned bits)
    {
        std::size_t const most = (std::size_t{1} << bits) - 1;
        if ((code & most) != 0)
            return code & most;
        std::size_t sum = most;
        for (;;) {
            std::size_t const more = byte();
            if (more != 0)
                return sum + more;
            sum += 255;
            if (m_broken)
                return 0;
            if (sum > longest_length) {
                stop("a length is too large");
                return 0;
            }
        }
    }

    std::size_t byte()
    {
        if (m_read >= m_in.size()) {
            stop("it ends in the middle");
            return 0;
        }
        return static_cast<std::uint8_t>(m_in[m_read++]);
    }

    std::size_t two_bytes()
    {
        std::size_t const low = byte();
        return byte() << 8 | low;
    }

    void trailing_literals(std::size_t count)
    {
        literals(count);
        m_state = count;
    }

    void literals(std::size_t count)
    {
        if (m_broken)
            return;
        if (count > m_in.size() - m_read)
            return stop("it ends in the middle");
        if (count > m_out.size() - m_written)
            return stop("there is more than there should be");
        if (count > 0)
            std::memcpy(m_out.data() + m_written, m_in.data() + m_read, count);
        m_read += count;
        m_written += count;
    }

    void copy(std::size_t count, std::size_t distance)
    {
        if (m_broken)
            return;
        if (distance > m_written)
            return stop("a distance leads to before the beginning");
        if (count > m_out.size() - m_written)
            return stop("there is more than there should be");
        // The source may overlap what is being written: byte by byte is what repeats a pattern.
        for (std::size_t i = 0; i < count; ++i, ++m_written)
            m_out[m_written] = m_out[m_written - distance];
    }

    void stop(const char *why)
    {
        if (!m_broken)
            m_broken = why;
    }

    Bytes m_in;
    std::span<std::byte> m_out;
    std::size_t m_read = 0;
    std::size_t m_written = 0;
    std::size_t m_state = 0;  // literals that the last instruction copied; `long_run` for 4 and more
    bool m_ended = false;
    const char *m_broken = nullptr;
};

}  // namespace

Result<std::size_t> decode_lzo1x(Bytes in, std::span<std::byte> out)
{
    return Lzo1xDecoder(in, out).run();
}

}  // namespace imgport
