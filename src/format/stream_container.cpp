#include "format/stream_container.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {

Result<void> StreamContainer::fill(ByteStream &stream, Budget &budget)
{
    std::vector<std::byte> buffer(std::size_t{256} << 10);
    for (;;) {
        auto const zeroes = stream.skip_hole();
        if (!zeroes)
            return fail(zeroes.error());
        if (*zeroes > 0) {
            keep_zeroes(*zeroes);
            continue;
        }
        auto const n = stream.read(buffer);
        if (!n)
            return fail(n.error());
        if (*n == 0)
            break;
        keep(Bytes(buffer).first(*n));
    }
    m_complete = !budget.exhausted();
    return {};
}

void StreamContainer::keep(Bytes piece)
{
    if (m_head.size() < m_head_size) {
        auto const wanted = piece.first(std::min(piece.size(), m_head_size - m_head.size()));
        m_head.insert(m_head.end(), wanted.begin(), wanted.end());
    }
    if (m_tail.empty())
        m_tail.resize(tail_size);
    m_position += piece.size();
    auto rest = piece.last(std::min(piece.size(), tail_size));
    std::uint64_t at = m_position - rest.size();
    while (!rest.empty()) {
        auto const start = static_cast<std::size_t>(at % tail_size);
        std::size_t const length = std::min(rest.size(), tail_size - start);
        std::copy_n(rest.begin(), length, m_tail.begin() + static_cast<std::ptrdiff_t>(start));
        rest = rest.subspan(length);
        at += length;
    }
}

void StreamContainer::keep_zeroes(std::uint64_t length)
{
    // Only what ends up in the head or the tail has to be written down.
    static const std::vector<std::byte> zeroes(std::size_t{64} << 10);
    std::uint64_t const for_head = std::min<std::uint64_t>(length, m_head_size - m_head.size());
    auto const write = [&](std::uint64_t count) {
        while (count > 0) {
            auto const piece = static_cast<std::size_t>(std::min<std::uint64_t>(count, zeroes.size()));
            keep(Bytes(zeroes).first(piece));
            count -= piece;
        }
    };
    write(for_head);
    std::uint64_t const rest = length - for_head;
    std::uint64_t const last = std::min<std::uint64_t>(rest, tail_size);
    m_position += rest - last;
    write(last);
}

std::optional<std::uint64_t> StreamContainer::size() const
{
    return m_complete ? std::optional(m_position) : std::nullopt;
}

bool StreamContainer::has(std::uint64_t offset, std::uint64_t length) const
{
    if (!range_inside(offset, length, m_position))
        return false;
    if (offset + length <= m_head.size())
        return true;
    std::uint64_t const tail_start = m_position - std::min<std::uint64_t>(m_position, tail_size);
    return m_complete && (offset >= tail_start || tail_start <= m_head.size());
}

Result<std::vector<std::byte>> StreamContainer::read(std::uint64_t offset, std::size_t length)
{
    if (!has(offset, length)) {
        if (m_complete && !range_inside(offset, length, m_position))
            return fail(malformed(fmt::format("the image ends at {} bytes", m_position), offset, ""));
        Error error{ErrorCode::unreadable, "lies where a packed image is not looked at"};
        error.offset = offset;
        return fail(error);
    }
    std::vector<std::byte> out(length);
    for (std::size_t i = 0; i < length;) {
        std::uint64_t const at = offset + i;
        if (at < m_head.size()) {
            auto const piece = static_cast<std::size_t>(std::min<std::uint64_t>(length - i, m_head.size() - at));
            std::copy_n(m_head.begin() + static_cast<std::ptrdiff_t>(at), piece,
                        out.begin() + static_cast<std::ptrdiff_t>(i));
            i += piece;
            continue;
        }
        auto const start = static_cast<std::size_t>(at % tail_size);
        std::size_t const piece = std::min(length - i, tail_size - start);
        std::copy_n(m_tail.begin() + static_cast<std::ptrdiff_t>(start), piece,
                    out.begin() + static_cast<std::ptrdiff_t>(i));
        i += piece;
    }
    return out;
}

}  // namespace imgport
