#include "volume/volume_reader.hpp"

#include <algorithm>

namespace imgport {
namespace {

constexpr std::uint64_t head_size = 128 * 1024;
constexpr std::size_t longest_read = 8 * 1024 * 1024;

}  // namespace

std::optional<std::vector<std::byte>> VolumeReader::read(std::uint64_t offset, std::size_t length)
{
    if (m_error || length > longest_read || !range_inside(offset, length, size()))
        return std::nullopt;
    if (m_head.empty() && range_inside(offset, length, head_size)) {
        std::vector<std::byte> head(std::min(size(), head_size));
        if (auto done = m_disk.read(0, head); !done) {
            m_error = std::move(done.error());
            return std::nullopt;
        }
        m_head = std::move(head);
    }
    if (range_inside(offset, length, m_head.size())) {
        auto const first = m_head.begin() + static_cast<std::ptrdiff_t>(offset);
        return std::vector<std::byte>(first, first + static_cast<std::ptrdiff_t>(length));
    }
    std::vector<std::byte> bytes(length);
    if (auto done = m_disk.read(offset, bytes); !done) {
        m_error = std::move(done.error());
        return std::nullopt;
    }
    return bytes;
}

bool VolumeReader::has(std::uint64_t offset, std::string_view magic)
{
    auto const bytes = read(offset, magic.size());
    return bytes && text_of(*bytes) == magic;
}

}  // namespace imgport
