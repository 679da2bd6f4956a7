#include "format/deflate_measure.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace imgport {
namespace {

constexpr unsigned longest_code = 15;
constexpr unsigned literal_codes = 288;
constexpr unsigned distance_codes = 32;
constexpr unsigned length_codes = 19;  // of the code that the other two are written in
constexpr unsigned end_of_block = 256;

// What a code stands for, in one word, so that a table entry is one load: its own bits, the further bits that follow
// it, and the value without them. 0: no such code.
class Symbol {
public:
    enum Kind : std::uint32_t { literal = 1U << 12, end = 1U << 13, link = 1U << 14, number = 1U << 15 };

    constexpr Symbol() = default;
    constexpr Symbol(Kind kind, unsigned value, unsigned extra_bits = 0) : m_word(value << 16 | kind | extra_bits << 8)
    {}

    constexpr Symbol with_code_bits(unsigned bits) const
    {
        Symbol symbol = *this;
        symbol.m_word |= bits;
        return symbol;
    }
    bool is(Kind kind) const { return (m_word & kind) != 0; }
    unsigned code_bits() const { return m_word & 0xff; }
    unsigned extra_bits() const { return m_word >> 8 & 0xf; }
    unsigned value() const { return m_word >> 16; }

private:
    std::uint32_t m_word = 0;
};

// RFC 1951, 3.2.5. A literal has the length 1; the end of the block has none.
constexpr std::array<std::uint16_t, 29> length_base{3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                                    31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<std::uint8_t, 29> length_extra{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                    2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<std::uint16_t, 30> distance_base{1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                                      33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                                      1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};

Symbol literal_symbol(unsigned number)
{
    if (number < end_of_block)
        return {Symbol::literal, 0};
    if (number == end_of_block)
        return {Symbol::end, 0};
    if (number - 257 >= length_base.size())
        return {};
    return {Symbol::number, length_base[number - 257], length_extra[number - 257]};
}

Symbol distance_symbol(unsigned number)
{
    if (number >= distance_base.size())
        return {};
    return {Symbol::number, distance_base[number], number < 4 ? 0 : number / 2 - 1};
}

Symbol length_symbol(unsigned number)
{
    return {Symbol::number, number};
}

// The bits of a stream, the lowest of each byte first. Past the end there are zeroes, which overrun() tells of.
class BitReader {
public:
    explicit BitReader(Bytes bytes) : m_bytes(bytes) {}

    // Makes sure of 56 bits.
    void refill()
    {
        if (m_at + 8 <= m_bytes.size()) [[likely]] {
            std::uint64_t word = 0;
            std::memcpy(&word, m_bytes.data() + m_at, 8);
            if constexpr (std::endian::native == std::endian::big)
                word = load_le<std::uint64_t>(m_bytes, m_at);
            m_bits |= word << m_count;
            m_at += (63 - m_count) >> 3;
            m_count |= 56;
            return;
        }
        while (m_count <= 56) {
            std::uint64_t const byte = m_at < m_bytes.size() ? static_cast<std::uint64_t>(m_bytes[m_at]) : 0;
            m_bits |= byte << m_count;
            ++m_at;
            m_count += 8;
        }
    }

    std::uint64_t peek() const { return m_bits; }
    void skip(unsigned count)
    {
        m_bits >>= count;
        m_count -= count;
    }
    unsigned take(unsigned count)
    {
        auto const value = static_cast<unsigned>(m_bits & ((std::uint64_t{1} << count) - 1));
        skip(count);
        return value;
    }

    // The byte that the next bit lies in, or that follows it where no bit of one was taken.
    std::size_t position() const { return m_at - m_count / 8; }
    bool overrun() const { return position() > m_bytes.size(); }
    // Goes to byte `at`.
    void seek(std::size_t at)
    {
        m_at = at;
        m_bits = 0;
        m_count = 0;
    }

private:
    Bytes m_bytes;
    std::size_t m_at = 0;  // the next byte that is not in m_bits
    std::uint64_t m_bits = 0;
    unsigned m_count = 0;
};

enum class Incomplete { never, single };

// A prefix code of `symbols` symbols as a table over its first `index_bits` bits; where a code is longer, the entry
// leads to a second table over the rest.
template <unsigned index_bits, unsigned longest, unsigned symbols>
class CodeTable {
public:
    // False where the lengths are no prefix code: over-subscribed, or incomplete. As zlib does it, a single code of one
    // bit may be taken for whole, and a code without any symbol is an error only once it is used.
    bool build(std::span<const std::uint8_t> lengths, Symbol (*symbol_of)(unsigned), Incomplete incomplete)
    {
        std::array<unsigned, longest + 1> count{};
        for (auto const length : lengths)
            ++count[length];
        count[0] = 0;
        unsigned codes = 0;
        std::array<unsigned, longest + 2> next{};
        int left = 1;
        for (unsigned length = 1; length <= longest; ++length) {
            left = left * 2 - static_cast<int>(count[length]);
            if (left < 0)
                return false;
            codes += count[length];
            next[length + 1] = (next[length] + count[length]) << 1;
        }
        if (left > 0 && codes != 0 && (incomplete == Incomplete::never || codes != 1 || count[1] != 1))
            return false;
        m_entries.fill({});
        m_used = std::size_t{1} << index_bits;
        for (unsigned number = 0; number < lengths.size(); ++number) {
            if (unsigned const length = lengths[number]; length != 0)
                add(next[length]++, length, symbol_of(number));
        }
        return true;
    }

    Symbol find(std::uint64_t bits) const
    {
        Symbol const symbol = m_entries[bits & ((1U << index_bits) - 1)];
        if (!symbol.is(Symbol::link)) [[likely]]
            return symbol;
        return m_entries[symbol.value() + (bits >> index_bits & (second_size - 1))];
    }

private:
    static constexpr std::size_t second_size = std::size_t{1} << (longest - index_bits);

    void add(unsigned code, unsigned length, Symbol symbol)
    {
        // Codes are packed from their highest bit on, everything else from the lowest.
        unsigned reversed = 0;
        for (unsigned bit = 0; bit < length; ++bit)
            reversed |= (code >> bit & 1) << (length - 1 - bit);
        symbol = symbol.with_code_bits(length);
        if (length <= index_bits) {
            for (std::size_t at = reversed; at < (std::size_t{1} << index_bits); at += std::size_t{1} << length)
                m_entries[at] = symbol;
            return;
        }
        auto &first = m_entries[reversed & ((1U << index_bits) - 1)];
        if (!first.is(Symbol::link)) {
            first = Symbol(Symbol::link, static_cast<unsigned>(m_used));
            m_used += second_size;
        }
        for (std::size_t at = reversed >> index_bits; at < second_size; at += std::size_t{1} << (length - index_bits))
            m_entries[first.value() + at] = symbol;
    }

    // A second table for every first entry that at least two codes share: at most symbols / 2.
    std::array<Symbol, (std::size_t{1} << index_bits) + symbols / 2 * second_size> m_entries;
    std::size_t m_used = 0;
};

class Measurer {
public:
    Measurer(Bytes packed, std::size_t most, std::size_t window)
        : m_in(packed), m_bits(packed), m_most(most), m_window(window)
    {}

    std::optional<DeflateMeasure> run()
    {
        bool last = false;
        while (!last) {
            m_bits.refill();
            last = m_bits.take(1) != 0;
            bool sound = false;
            switch (m_bits.take(2)) {
            case 0: sound = stored_block(); break;
            case 1: sound = fixed_codes() && coded_block(); break;
            case 2: sound = dynamic_codes() && coded_block(); break;
            default: break;
            }
            if (!sound || m_bits.overrun())
                return std::nullopt;
        }
        return DeflateMeasure{m_bits.position(), m_made};
    }

private:
    // RFC 1951, 3.2.4.
    bool stored_block()
    {
        std::size_t const at = m_bits.position();
        auto const length = read_le<std::uint16_t>(m_in, at);
        auto const inverse = read_le<std::uint16_t>(m_in, at + 2);
        if (!length || !inverse || (*length ^ *inverse) != 0xffff || *length > m_most - m_made ||
            !range_inside(at + 4, *length, m_in.size()))
            return false;
        m_made += *length;
        m_bits.seek(at + 4 + *length);
        return true;
    }

    // RFC 1951, 3.2.6.
    bool fixed_codes()
    {
        std::array<std::uint8_t, literal_codes> lengths{};
        for (unsigned number = 0; number < literal_codes; ++number)
            lengths[number] = number < 144 ? 8 : number < 256 ? 9 : number < 280 ? 7 : 8;
        std::array<std::uint8_t, distance_codes> distances{};
        distances.fill(5);
        return m_literals.build(lengths, literal_symbol, Incomplete::never) &&
               m_distances.build(distances, distance_symbol, Incomplete::never);
    }

    // RFC 1951, 3.2.7.
    bool dynamic_codes()
    {
        constexpr std::array<std::uint8_t, length_codes> order{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                               11, 4,  12, 3, 13, 2, 14, 1, 15};
        unsigned const literals = 257 + m_bits.take(5);
        unsigned const distances = 1 + m_bits.take(5);
        unsigned const given = 4 + m_bits.take(4);
        if (literals > 286 || distances > 30)
            return false;
        std::array<std::uint8_t, length_codes> code_lengths{};
        for (unsigned i = 0; i < given; ++i) {
            m_bits.refill();
            code_lengths[order[i]] = static_cast<std::uint8_t>(m_bits.take(3));
        }
        if (!m_lengths.build(code_lengths, length_symbol, Incomplete::never))
            return false;
        std::array<std::uint8_t, 286 + 30> lengths{};
        for (unsigned at = 0; at < literals + distances;) {
            m_bits.refill();
            auto const symbol = m_lengths.find(m_bits.peek());
            if (symbol.code_bits() == 0)
                return false;
            m_bits.skip(symbol.code_bits());
            unsigned const number = symbol.value();
            if (number < 16) {
                lengths[at++] = static_cast<std::uint8_t>(number);
                continue;
            }
            if (number == 16 && at == 0)
                return false;
            std::uint8_t const repeated = number == 16 ? lengths[at - 1] : std::uint8_t{0};
            unsigned const times = number == 16   ? 3 + m_bits.take(2)
                                   : number == 17 ? 3 + m_bits.take(3)
                                                  : 11 + m_bits.take(7);
            if (times > literals + distances - at)
                return false;
            std::fill_n(lengths.begin() + at, times, repeated);
            at += times;
        }
        std::span const all = lengths;
        return lengths[end_of_block] != 0 &&
               m_literals.build(all.first(literals), literal_symbol, Incomplete::single) &&
               m_distances.build(all.subspan(literals, distances), distance_symbol, Incomplete::single);
    }

    bool coded_block()
    {
        while (!m_bits.overrun()) {
            m_bits.refill();
            auto symbol = m_literals.find(m_bits.peek());
            // Most symbols are literals; three of them need 45 bits at most.
            for (unsigned i = 0; i < 3 && symbol.is(Symbol::literal); ++i) {
                m_bits.skip(symbol.code_bits());
                ++m_made;
                symbol = m_literals.find(m_bits.peek());
            }
            if (m_made > m_most)
                return false;
            if (symbol.is(Symbol::literal))
                continue;
            m_bits.refill();
            m_bits.skip(symbol.code_bits());
            if (symbol.is(Symbol::end))
                return true;
            std::size_t const length = symbol.value() + m_bits.take(symbol.extra_bits());
            auto const back = m_distances.find(m_bits.peek());
            m_bits.skip(back.code_bits());
            std::size_t const distance = back.value() + m_bits.take(back.extra_bits());
            // What no code stands for has the length or the distance 0.
            if (length == 0 || distance == 0 || distance > m_window || distance > m_made || length > m_most - m_made)
                return false;
            m_made += length;
        }
        return false;
    }

    Bytes m_in;
    BitReader m_bits;
    std::size_t m_most;
    std::size_t m_window;
    std::size_t m_made = 0;
    CodeTable<11, longest_code, literal_codes> m_literals;
    CodeTable<9, longest_code, distance_codes> m_distances;
    CodeTable<7, 7, length_codes> m_lengths;
};

}  // namespace

std::optional<DeflateMeasure> measure_deflate(Bytes packed, std::size_t most, std::size_t window)
{
    return Measurer(packed, most, window).run();
}

}  // namespace imgport
