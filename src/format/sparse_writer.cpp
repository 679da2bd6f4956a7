#include "format/sparse_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <fmt/format.h>
#include <unistd.h>

#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t block_size = 4096;

}  // namespace

SparseWriter::SparseWriter(int fd, std::uint64_t most_bytes, std::string place)
    : m_fd(fd), m_left(most_bytes), m_most(most_bytes), m_place(std::move(place))
{}

Result<void> SparseWriter::write(Bytes bytes)
{
    if (bytes.size() > m_left) {
        Error error{ErrorCode::refused, fmt::format("unpacks to more than {}", human_size(m_most))};
        error.hint = "--max-unpacked allows more";
        return fail(error);
    }
    m_left -= bytes.size();
    // Neighbouring blocks with data go out in one piece.
    std::size_t start = 0;
    std::size_t at = 0;
    auto const flush = [&](std::size_t end) {
        return start < end ? put(m_position + start, bytes.subspan(start, end - start)) : Result<void>();
    };
    while (at < bytes.size()) {
        std::uint64_t const to_boundary = block_size - (m_position + at) % block_size;
        auto const length = static_cast<std::size_t>(std::min<std::uint64_t>(to_boundary, bytes.size() - at));
        if (length == block_size && all_zero(bytes.subspan(at, length))) {
            if (auto done = flush(at); !done)
                return done;
            start = at + length;
        }
        at += length;
    }
    auto done = flush(at);
    m_position += bytes.size();
    return done;
}

Result<void> SparseWriter::skip(std::uint64_t zeroes)
{
    auto const end = checked_add(m_position, zeroes);
    if (!end || *end > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()))
        return fail(ErrorCode::malformed, "unpacks to more than any file can hold");
    m_position = *end;
    return {};
}

Result<void> SparseWriter::finish()
{
    if (::ftruncate(m_fd, static_cast<off_t>(m_position)) != 0)
        return fail(system_error(ErrorCode::environment, "no temporary file of that size can be made", m_place, errno));
    return {};
}

Result<void> SparseWriter::put(std::uint64_t offset, Bytes bytes)
{
    while (!bytes.empty()) {
        ssize_t const n = ::pwrite(m_fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(system_error(ErrorCode::environment, "the unpacked image cannot be written", m_place, errno));
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

}  // namespace imgport
