#include "guest/byte_reader.hpp"

#include <algorithm>
#include <cstring>

namespace imgport {

Result<void> ByteReader::fill(std::size_t length)
{
    if (m_end - m_begin >= length)
        return {};
    if (m_begin + length > m_buffer.size()) {
        std::memmove(m_buffer.data(), m_buffer.data() + m_begin, m_end - m_begin);
        m_end -= m_begin;
        m_begin = 0;
    }
    while (m_end - m_begin < length) {
        auto const n = m_source.read(std::span(m_buffer).subspan(m_end));
        if (!n)
            return fail(n.error());
        if (*n == 0)
            break;
        m_end += *n;
    }
    return {};
}

Result<Bytes> ByteReader::peek(std::size_t length)
{
    assert(length <= window);
    if (auto const filled = fill(length); !filled)
        return fail(filled.error());
    return Bytes(m_buffer).subspan(m_begin, std::min(length, m_end - m_begin));
}

Result<Bytes> ByteReader::peek_some()
{
    if (auto const filled = fill(1); !filled)
        return fail(filled.error());
    return Bytes(m_buffer).subspan(m_begin, m_end - m_begin);
}

Result<void> ByteReader::skip(std::uint64_t length)
{
    while (length > 0) {
        auto const some = peek_some();
        if (!some)
            return fail(some.error());
        if (some->empty())
            return fail({ErrorCode::malformed, "it ends in the middle", {}, m_position, {}, {}});
        std::size_t const taken = static_cast<std::size_t>(std::min<std::uint64_t>(length, some->size()));
        m_begin += taken;
        m_position += taken;
        length -= taken;
    }
    return {};
}

}  // namespace imgport
