#include "format/raw_disk.hpp"

#include <fmt/format.h>

#include "support/bytes.hpp"

namespace imgport {
namespace {

class RawDisk final : public Disk {
public:
    RawDisk(const InputFile &file, std::uint64_t size) : m_file(file), m_size(size) {}

    std::uint64_t size() const override { return m_size; }

    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (auto inside = check(offset, out.size()); !inside)
            return inside;
        return m_file.read(offset, out);
    }

    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        if (auto inside = check(offset, length); !inside)
            return fail(inside.error());
        return m_file.extents(offset, length);
    }

private:
    Result<void> check(std::uint64_t offset, std::uint64_t length) const
    {
        if (range_inside(offset, length, m_size))
            return {};
        Error error{ErrorCode::malformed, fmt::format("a read of {} bytes leaves the disk of {}", length, m_size)};
        error.file = m_file.path();
        error.offset = offset;
        return fail(error);
    }

    const InputFile &m_file;
    std::uint64_t m_size;
};

}  // namespace

std::shared_ptr<Disk> open_raw_disk(const InputFile &file, std::uint64_t size)
{
    return std::make_shared<RawDisk>(file, size);
}

}  // namespace imgport
