#include "appliance/device_disk.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "appliance/guestfs_handle.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t chunk_size = 32 * 1024;
constexpr std::size_t most_chunks = 32;
// A reply is a message, and those end at 4 MiB.
constexpr std::size_t longest_fetch = 1024 * 1024;

}  // namespace

DeviceDisk::DeviceDisk(std::shared_ptr<GuestfsHandle> handle, std::string device, std::uint64_t size)
    : m_handle(std::move(handle)), m_device(std::move(device)), m_size(size)
{}

Result<std::shared_ptr<DeviceDisk>> DeviceDisk::open(std::shared_ptr<GuestfsHandle> handle, const std::string &device)
{
    std::int64_t const size = handle->run([&](guestfs_h *g) { return guestfs_blockdev_getsize64(g, device.c_str()); });
    if (size < 0)
        return fail(handle->error(device));
    return std::shared_ptr<DeviceDisk>(new DeviceDisk(std::move(handle), device, static_cast<std::uint64_t>(size)));
}

Result<std::size_t> DeviceDisk::fetch(std::uint64_t offset, std::span<std::byte> out)
{
    std::size_t got = 0;
    int const wanted = static_cast<int>(std::min(out.size(), longest_fetch));
    GuestfsText const bytes(m_handle->run([&](guestfs_h *g) {
        return guestfs_pread_device(g, m_device.c_str(), wanted, static_cast<std::int64_t>(offset), &got);
    }));
    if (!bytes)
        return fail(m_handle->error(m_device));
    if (got == 0 || got > out.size())
        return fail(ErrorCode::unreadable, fmt::format("{}: nothing could be read at {}", m_device, offset));
    std::memcpy(out.data(), bytes.get(), got);
    return got;
}

Result<void> DeviceDisk::read(std::uint64_t offset, std::span<std::byte> out)
{
    if (!range_inside(offset, out.size(), m_size))
        return fail(ErrorCode::malformed,
                    fmt::format("{}: a read of {} bytes at {} leaves the volume", m_device, out.size(), offset));
    while (!out.empty()) {
        std::uint64_t const start = offset / chunk_size * chunk_size;
        std::size_t const skip = offset - start;
        auto chunk = std::find_if(m_chunks.begin(), m_chunks.end(), [&](auto const &c) { return c.first == start; });
        if (chunk == m_chunks.end() && out.size() > chunk_size) {
            auto const got = fetch(offset, out);
            if (!got)
                return tl::unexpected(got.error());
            offset += *got;
            out = out.subspan(*got);
            continue;
        }
        if (chunk == m_chunks.end()) {
            std::vector<std::byte> bytes(std::min(chunk_size, m_size - start));
            for (std::size_t filled = 0; filled < bytes.size();) {
                auto const got = fetch(start + filled, std::span(bytes).subspan(filled));
                if (!got)
                    return tl::unexpected(got.error());
                filled += *got;
            }
            m_chunks.emplace_front(start, std::move(bytes));
            if (m_chunks.size() > most_chunks)
                m_chunks.pop_back();
            chunk = m_chunks.begin();
        }
        std::size_t const n = std::min(out.size(), chunk->second.size() - skip);
        std::memcpy(out.data(), chunk->second.data() + skip, n);
        offset += n;
        out = out.subspan(n);
    }
    return {};
}

}  // namespace imgport
