#include "filesystem/extent_stream.hpp"

#include <algorithm>

#include "support/bytes.hpp"

namespace imgport {
namespace {

class ExtentStream final : public FileStream {
public:
    ExtentStream(std::shared_ptr<Disk> volume, std::uint64_t size, ExtentMap map)
        : m_volume(std::move(volume)), m_size(size), m_map(std::move(map))
    {}

    Result<std::size_t> read(std::span<std::byte> out) override
    {
        std::size_t done = 0;
        while (done < out.size() && m_position < m_size) {
            if (auto const moved = find_extent(); !moved)
                return fail(moved.error());
            std::uint64_t const into = m_position - m_extent.offset;
            std::uint64_t const left = std::min(m_extent.length - into, m_size - m_position);
            auto const part = out.subspan(done, std::min<std::uint64_t>(left, out.size() - done));
            if (!m_extent.at)
                std::fill(part.begin(), part.end(), std::byte{0});
            else if (auto const read = m_volume->read(*m_extent.at + into, part); !read)
                return fail(read.error());
            done += part.size();
            m_position += part.size();
        }
        return done;
    }

private:
    Result<void> find_extent()
    {
        auto const holds = [this](const FileExtent &extent) {
            return m_position >= extent.offset && m_position - extent.offset < extent.length;
        };
        if (holds(m_extent))
            return {};
        auto const found = m_map(m_position);
        if (!found)
            return fail(found.error());
        if (!holds(*found) || (found->at && !range_inside(*found->at, found->length, m_volume->size())))
            return fail(ErrorCode::malformed, "a run of the file lies outside the volume");
        m_extent = *found;
        return {};
    }

    std::shared_ptr<Disk> m_volume;
    std::uint64_t m_size;
    ExtentMap m_map;
    FileExtent m_extent;
    std::uint64_t m_position = 0;
};

}  // namespace

std::unique_ptr<FileStream> make_extent_stream(std::shared_ptr<Disk> volume, std::uint64_t size, ExtentMap map)
{
    return std::make_unique<ExtentStream>(std::move(volume), size, std::move(map));
}

}  // namespace imgport
