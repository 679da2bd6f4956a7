#include "format/byte_stream.hpp"

#include <algorithm>
#include <limits>

#include <imgport/progress.hpp>

namespace imgport {

// ---------------------------------------------------------------------------------------------------- Budget

Budget::Budget(std::uint64_t bytes, double seconds) : m_bytes(bytes)
{
    // A thousand days are as good as for ever, and keep the clock's arithmetic from overflowing.
    auto const span = std::chrono::duration<double>(std::clamp(seconds, 0.0, 86'400'000.0));
    m_deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(span);
}

Budget Budget::unlimited()
{
    Budget budget(std::numeric_limits<std::uint64_t>::max(), 0);
    budget.m_deadline.reset();
    return budget;
}

void Budget::spend(std::uint64_t bytes)
{
    if (!m_deadline)
        return;
    m_exhausted = m_exhausted || bytes >= m_bytes;
    m_bytes -= std::min(m_bytes, bytes);
}

bool Budget::exhausted()
{
    if (!m_exhausted && ((m_deadline && Clock::now() > *m_deadline) || interrupted()))
        m_exhausted = true;
    return m_exhausted;
}

void Budget::grant(std::uint64_t bytes, double seconds)
{
    if (interrupted())
        return;
    m_exhausted = false;
    m_bytes = bytes;
    m_deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// ------------------------------------------------------------------------------------------------- FileStream

Result<std::size_t> FileStream::read(std::span<std::byte> out)
{
    if (interrupted())
        return fail(ErrorCode::interrupted, "interrupted");
    if (m_offset >= m_file.size())
        return 0;
    auto const length = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), m_file.size() - m_offset));
    if (auto done = m_file.read(m_offset, out.first(length)); !done)
        return fail(done.error());
    m_offset += length;
    return length;
}

// ----------------------------------------------------------------------------------------------- PeekedStream

Result<std::unique_ptr<PeekedStream>> PeekedStream::make(ByteStream &base)
{
    std::unique_ptr<PeekedStream> stream(new PeekedStream(base));
    stream->m_head.resize(head_size);
    std::size_t filled = 0;
    while (filled < head_size) {
        auto n = base.read(std::span(stream->m_head).subspan(filled));
        if (!n && filled == 0)
            return fail(n.error());
        if (!n)
            stream->m_error = n.error();
        if (!n || *n == 0)
            break;
        filled += *n;
    }
    stream->m_head.resize(filled);
    return stream;
}

Result<std::size_t> PeekedStream::read(std::span<std::byte> out)
{
    if (m_used == m_head.size())
        return m_error ? Result<std::size_t>(fail(*m_error)) : m_base.read(out);
    std::size_t const length = std::min(out.size(), m_head.size() - m_used);
    std::copy_n(m_head.begin() + static_cast<std::ptrdiff_t>(m_used), length, out.begin());
    m_used += length;
    return length;
}

Result<std::uint64_t> PeekedStream::skip_hole()
{
    return m_used == m_head.size() && !m_error ? m_base.skip_hole() : Result<std::uint64_t>(0);
}

void PeekedStream::seek(std::uint64_t offset)
{
    m_used = m_head.size();
    m_base.seek(offset);
}

// ---------------------------------------------------------------------------------------------- MeteredStream

Result<std::size_t> MeteredStream::read(std::span<std::byte> out)
{
    if (m_budget.exhausted())
        return 0;
    auto n = m_base.read(out);
    if (n)
        m_budget.spend(std::uint64_t{*n} * m_price);
    return n;
}

Result<std::uint64_t> MeteredStream::skip_hole()
{
    return m_budget.exhausted() ? Result<std::uint64_t>(0) : m_base.skip_hole();
}

}  // namespace imgport
