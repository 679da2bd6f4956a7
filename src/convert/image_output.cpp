#include "convert/image_output.hpp"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/file.hpp"

namespace imgport {
namespace {

// UIO_MAXIOV is 1024; a piece has 16 clusters, or 256 blocks of 4 KiB in shreds.
constexpr std::size_t most_parts = 64;

// The output's name is known to the caller.
tl::unexpected<Error> write_error(int number)
{
    return fail(system_error(ErrorCode::environment, "cannot be written", {}, number));
}

// Takes what was written off the front.
void advance(std::span<iovec> &parts, std::size_t written)
{
    while (!parts.empty() && written >= parts.front().iov_len) {
        written -= parts.front().iov_len;
        parts = parts.subspan(1);
    }
    if (written != 0) {
        parts.front().iov_base = static_cast<char *>(parts.front().iov_base) + written;
        parts.front().iov_len -= written;
    }
}

Result<void> write_all(int file, std::uint64_t at, std::span<iovec> parts)
{
    while (!parts.empty()) {
        ssize_t const n = ::pwritev(file, parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(at));
        if (n < 0 && errno == EINTR)
            continue;
        // Nothing written and no error: a file that cannot grow.
        if (n <= 0)
            return write_error(n < 0 ? errno : ENOSPC);
        at += static_cast<std::uint64_t>(n);
        advance(parts, static_cast<std::size_t>(n));
    }
    return {};
}

iovec part_of(Bytes bytes)
{
    // pwritev() does not write to it.
    return {const_cast<std::byte *>(bytes.data()), bytes.size()};
}

}  // namespace

Result<void> ImageOutput::store(const Piece &piece)
{
    std::vector<iovec> parts;
    parts.reserve(most_parts);
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    auto const flush = [&]() -> Result<void> {
        if (parts.empty())
            return {};
        if (auto done = write_all(m_file, begin, parts); !done)
            return done;
        // The disk is to work while the next piece is made, and not only when all is synced. That it begins is all that
        // is asked for, so its failure is none: fsync() tells.
        static_cast<void>(::sync_file_range(m_file, static_cast<off_t>(begin), static_cast<off_t>(end - begin),
                                            SYNC_FILE_RANGE_WRITE));
        parts.clear();
        return {};
    };
    for (auto const &range : piece.stored) {
        if (range.at != end || parts.size() == most_parts) {
            if (auto done = flush(); !done)
                return done;
            begin = range.at;
        }
        parts.push_back(part_of(range.bytes));
        end = range.at + range.bytes.size();
    }
    return flush();
}

Result<void> ImageOutput::write(std::uint64_t at, Bytes bytes)
{
    iovec part = part_of(bytes);
    return write_all(m_file, at, {&part, 1});
}

Result<void> ImageOutput::resize(std::uint64_t size)
{
    while (::ftruncate(m_file, static_cast<off_t>(size)) != 0) {
        if (errno != EINTR)
            return write_error(errno);
    }
    return {};
}

}  // namespace imgport
