#include <imgport/disk.hpp>

#include <fmt/format.h>

#include "support/bytes.hpp"

namespace imgport {
namespace {

class Slice final : public Disk {
public:
    Slice(std::shared_ptr<Disk> parent, std::uint64_t offset, std::uint64_t length)
        : m_parent(std::move(parent)), m_offset(offset), m_length(length)
    {}

    std::uint64_t size() const override { return m_length; }

    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (!range_inside(offset, out.size(), m_length))
            return fail(ErrorCode::malformed,
                        fmt::format("a read of {} bytes at {} leaves the volume", out.size(), offset));
        return m_parent->read(m_offset + offset, out);
    }

    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        if (!range_inside(offset, length, m_length))
            return fail(ErrorCode::malformed, "a range leaves the volume");
        auto found = m_parent->extents(m_offset + offset, length);
        if (found) {
            for (auto &extent : *found)
                extent.offset -= m_offset;
        }
        return found;
    }

private:
    std::shared_ptr<Disk> m_parent;
    std::uint64_t m_offset;
    std::uint64_t m_length;
};

}  // namespace

Result<std::vector<Extent>> Disk::extents(std::uint64_t offset, std::uint64_t length)
{
    if (!range_inside(offset, length, size()))
        return fail(ErrorCode::malformed, "a range leaves the disk");
    if (length == 0)
        return std::vector<Extent>{};
    return std::vector<Extent>{{offset, length, ExtentKind::data}};
}

Result<std::shared_ptr<Disk>> slice(std::shared_ptr<Disk> parent, std::uint64_t offset, std::uint64_t length)
{
    if (!range_inside(offset, length, parent->size()))
        return fail(ErrorCode::malformed, fmt::format("bytes {} to {} lie outside the disk of {} bytes", offset,
                                                      offset + length, parent->size()));
    return std::make_shared<Slice>(std::move(parent), offset, length);
}

}  // namespace imgport
