#include "support/byte_channel.hpp"

#include <algorithm>
#include <cstring>

namespace imgport {

Result<void> ByteChannel::push(Bytes bytes)
{
    std::unique_lock lock(m_mutex);
    while (!bytes.empty()) {
        m_changed.wait(lock, [this] { return m_cancelled || m_used < m_ring.size(); });
        if (m_cancelled)
            return fail(ErrorCode::interrupted, "nobody reads any more");
        std::size_t const at = (m_begin + m_used) % m_ring.size();
        std::size_t const length = std::min({bytes.size(), m_ring.size() - m_used, m_ring.size() - at});
        std::memcpy(m_ring.bytes().subspan(at).data(), bytes.data(), length);
        m_used += length;
        bytes = bytes.subspan(length);
        m_changed.notify_all();
    }
    return {};
}

void ByteChannel::close(std::optional<Error> error)
{
    std::lock_guard const lock(m_mutex);
    m_closed = true;
    m_error = std::move(error);
    m_changed.notify_all();
}

Result<bool> ByteChannel::wait_for_bytes(std::unique_lock<std::mutex> &lock)
{
    m_changed.wait(lock, [this] { return m_used != 0 || m_closed; });
    if (m_used == 0 && m_error)
        return fail(*m_error);
    return m_used != 0;
}

Result<std::size_t> ByteChannel::pull(std::span<std::byte> into)
{
    std::unique_lock lock(m_mutex);
    auto const there = wait_for_bytes(lock);
    if (!there)
        return fail(there.error());
    std::size_t const length = std::min({into.size(), m_used, m_ring.size() - m_begin});
    std::memcpy(into.data(), m_ring.bytes().subspan(m_begin).data(), length);
    m_begin = (m_begin + length) % m_ring.size();
    m_used -= length;
    m_changed.notify_all();
    return length;
}

Result<bool> ByteChannel::more()
{
    std::unique_lock lock(m_mutex);
    return wait_for_bytes(lock);
}

void ByteChannel::cancel()
{
    std::lock_guard const lock(m_mutex);
    m_cancelled = true;
    m_changed.notify_all();
}

void ByteChannel::reset()
{
    std::lock_guard const lock(m_mutex);
    m_begin = 0;
    m_used = 0;
    m_closed = false;
    m_cancelled = false;
    m_error.reset();
}

}  // namespace imgport
