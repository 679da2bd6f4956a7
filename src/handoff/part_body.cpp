#include "handoff/part_body.hpp"

#include <algorithm>

#include <fcntl.h>

namespace imgport {
namespace {

// What the kernel is asked to read ahead. Several parts are read at a time, so it sees no sequence by itself.
constexpr std::uint64_t window = std::uint64_t{8} << 20;

}  // namespace

PartBody::PartBody(const InputFile &file, std::uint64_t offset, std::uint64_t length, bool with_md5,
                   const std::atomic<bool> &stop, std::function<void(std::int64_t)> on_bytes)
    : m_file(file), m_offset(offset), m_length(length), m_with_md5(with_md5), m_stop(stop),
      m_on_bytes(std::move(on_bytes)), m_checksum(with_md5)
{}

void PartBody::read_ahead()
{
    while (m_advised < m_length && m_advised < m_at + window) {
        std::uint64_t const more = std::min(window, m_length - m_advised);
        ::posix_fadvise(m_file.fd(), static_cast<off_t>(m_offset + m_advised), static_cast<off_t>(more),
                        POSIX_FADV_WILLNEED);
        m_advised += more;
    }
}

Result<void> PartBody::rewind()
{
    m_on_bytes(-static_cast<std::int64_t>(m_at));
    m_at = 0;
    m_checksum = PartChecksum(m_with_md5);
    m_error.reset();
    return {};
}

Result<std::size_t> PartBody::read(std::span<std::byte> into)
{
    if (m_stop) {
        m_error = Error{ErrorCode::interrupted, "stopped"};
        return fail(*m_error);
    }
    read_ahead();
    auto const piece = into.first(std::min<std::uint64_t>(into.size(), m_length - m_at));
    if (auto const done = m_file.read(m_offset + m_at, piece); !done) {
        m_error = artifact_error(done.error());
        return fail(*m_error);
    }
    m_checksum.update(piece);
    m_at += piece.size();
    m_on_bytes(static_cast<std::int64_t>(piece.size()));
    return piece.size();
}

Error artifact_error(Error error)
{
    if (error.code == ErrorCode::malformed)
        error.message = "was cut short while it was being uploaded: " + error.message;
    if (error.code == ErrorCode::malformed || error.code == ErrorCode::unreadable)
        error.code = ErrorCode::environment;
    return error;
}

}  // namespace imgport
