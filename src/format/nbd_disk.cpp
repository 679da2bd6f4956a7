#include "format/nbd_disk.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <libnbd.h>

#include "support/bytes.hpp"

namespace imgport {
namespace {

// Far below the 32 MiB that servers accept (NBD protocol, "Block size constraints").
constexpr std::size_t largest_read = std::size_t{2} << 20;
// The length of a request is 32 bits wide; a round number below.
constexpr std::uint64_t largest_query = std::uint64_t{1} << 31;

struct CloseHandle {
    void operator()(nbd_handle *handle) const { nbd_close(handle); }
};
using Handle = std::unique_ptr<nbd_handle, CloseHandle>;

Error nbd_failure(std::string_view what)
{
    const char *const text = nbd_get_error();
    return {ErrorCode::unreadable, fmt::format("{}: {}", what, text != nullptr ? text : "unknown error")};
}

ExtentKind kind_of(std::uint32_t flags)
{
    // "base:allocation": what reads as zeroes is a hole where it takes no space, else zeroes that are stored.
    if ((flags & LIBNBD_STATE_ZERO) == 0)
        return ExtentKind::data;
    return (flags & LIBNBD_STATE_HOLE) != 0 ? ExtentKind::hole : ExtentKind::zero;
}

// What the callback of a status request fills.
struct Query {
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
    std::vector<Extent> *found = nullptr;
};

int take_extents(void *data, const char *context, std::uint64_t, std::uint32_t *entries, std::size_t count, int *)
{
    auto &query = *static_cast<Query *>(data);
    if (std::string_view(context) != LIBNBD_CONTEXT_BASE_ALLOCATION)
        return 0;
    for (std::size_t i = 0; i + 1 < count && query.offset < query.end; i += 2) {
        std::uint64_t const length = std::min<std::uint64_t>(entries[i], query.end - query.offset);
        auto const kind = kind_of(entries[i + 1]);
        auto &found = *query.found;
        if (!found.empty() && found.back().kind == kind)
            found.back().length += length;
        else if (length > 0)
            found.push_back({query.offset, length, kind});
        query.offset += length;
    }
    return 0;
}

class NbdDisk final : public Disk {
public:
    NbdDisk(Handle handle, std::uint64_t size, std::shared_ptr<void> keep_alive)
        : m_keep_alive(std::move(keep_alive)), m_handle(std::move(handle)), m_size(size)
    {}

    std::uint64_t size() const override { return m_size; }

    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (auto inside = check(offset, out.size()); !inside)
            return inside;
        while (!out.empty()) {
            auto const piece = out.first(std::min(out.size(), largest_read));
            if (nbd_pread(m_handle.get(), piece.data(), piece.size(), offset, 0) != 0)
                return fail(nbd_failure(fmt::format("cannot be read at {}", offset)));
            out = out.subspan(piece.size());
            offset += piece.size();
        }
        return {};
    }

    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        if (auto inside = check(offset, length); !inside)
            return fail(inside.error());
        std::vector<Extent> found;
        if (nbd_can_meta_context(m_handle.get(), LIBNBD_CONTEXT_BASE_ALLOCATION) != 1) {
            if (length > 0)
                found.push_back({offset, length, ExtentKind::data});
            return found;
        }
        Query query{offset, offset + length, &found};
        while (query.offset < query.end) {
            std::uint64_t const before = query.offset;
            nbd_extent_callback const callback{take_extents, &query, nullptr};
            std::uint64_t const count = std::min(largest_query, query.end - query.offset);
            if (nbd_block_status(m_handle.get(), count, query.offset, callback, 0) != 0)
                return fail(nbd_failure(fmt::format("its holes cannot be found at {}", query.offset)));
            if (query.offset == before)
                return fail(ErrorCode::unreadable, "the NBD server says nothing of a range that it was asked about");
        }
        return found;
    }

private:
    Result<void> check(std::uint64_t offset, std::uint64_t length) const
    {
        if (range_inside(offset, length, m_size))
            return {};
        Error error{ErrorCode::malformed, fmt::format("a read of {} bytes leaves the disk of {}", length, m_size)};
        error.offset = offset;
        return fail(error);
    }

    std::shared_ptr<void> m_keep_alive;  // outlives the connection
    Handle m_handle;
    std::uint64_t m_size;
};

}  // namespace

bool nbd_server_answers(const std::string &socket, std::chrono::milliseconds patience)
{
    using Clock = std::chrono::steady_clock;
    auto const deadline = Clock::now() + patience;
    Handle const handle(nbd_create());
    if (!handle || nbd_aio_connect_unix(handle.get(), socket.c_str()) != 0)
        return false;
    while (nbd_aio_is_ready(handle.get()) != 1) {
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0 || nbd_aio_is_dead(handle.get()) == 1 || nbd_aio_is_closed(handle.get()) == 1 ||
            nbd_poll(handle.get(), static_cast<int>(left.count())) < 0)
            return false;
    }
    nbd_shutdown(handle.get(), 0);
    return true;
}

Result<std::shared_ptr<Disk>> connect_nbd_disk(const std::string &socket, std::shared_ptr<void> keep_alive)
{
    Handle handle(nbd_create());
    if (!handle)
        return fail(nbd_failure("no NBD connection can be made"));
    if (nbd_add_meta_context(handle.get(), LIBNBD_CONTEXT_BASE_ALLOCATION) != 0 ||
        nbd_connect_unix(handle.get(), socket.c_str()) != 0)
        return fail(nbd_failure("no NBD connection can be made"));
    std::int64_t const size = nbd_get_size(handle.get());
    if (size < 0)
        return fail(nbd_failure("the disk has no size"));
    return std::make_shared<NbdDisk>(std::move(handle), static_cast<std::uint64_t>(size), std::move(keep_alive));
}

}  // namespace imgport
