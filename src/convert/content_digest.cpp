#include "convert/content_digest.hpp"

#include <algorithm>
#include <array>

#include "support/digest.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t segment_size = 1 << 20;
constexpr std::uint64_t sector_size = 512;
// How much of the disk one question for its extents covers: bounds the answer's length.
constexpr std::uint64_t window_size = std::uint64_t{1} << 30;

void update_number(Sha256 &sha, std::uint64_t number)
{
    std::array<std::byte, 8> bytes{};
    store_le(std::span(bytes), 0, number);
    sha.update(bytes);
}

class Digester {
public:
    Digester(Disk &disk, ProgressSink &progress)
        : m_disk(disk), m_size(*round_up(disk.size(), sector_size)), m_progress(progress), m_buffer(segment_size)
    {
        m_sha.update(bytes_of("imgport.content/1\n"));
        update_number(m_sha, m_size);
    }

    Result<std::string> run()
    {
        for (std::uint64_t window = 0; window < m_disk.size(); window += window_size) {
            std::uint64_t const length = std::min(window_size, m_disk.size() - window);
            auto const extents = m_disk.extents(window, length);
            if (!extents)
                return fail(extents.error());
            for (auto const &extent : *extents) {
                if (extent.kind != ExtentKind::data)
                    continue;
                if (auto done = add_extent(extent); !done)
                    return fail(done.error());
            }
        }
        return to_hex(m_sha.finish());
    }

private:
    // Every segment that the extent touches and that was not read for the one before it.
    Result<void> add_extent(const Extent &extent)
    {
        std::uint64_t const last = (extent.offset + extent.length - 1) / segment_size;
        for (std::uint64_t index = std::max(m_next, extent.offset / segment_size); index <= last; ++index) {
            if (interrupted())
                return fail(ErrorCode::interrupted, "interrupted");
            if (auto done = add_segment(index); !done)
                return done;
            m_next = index + 1;
            m_progress.update(index * segment_size, m_size);
        }
        return {};
    }

    Result<void> add_segment(std::uint64_t index)
    {
        std::uint64_t const offset = index * segment_size;
        std::uint64_t const stored = std::min(segment_size, m_disk.size() - offset);
        std::uint64_t const padded = std::min(segment_size, m_size - offset);
        std::span const segment = std::span(m_buffer).first(padded);
        if (auto done = m_disk.read(offset, segment.first(stored)); !done)
            return done;
        std::fill(segment.begin() + static_cast<std::ptrdiff_t>(stored), segment.end(), std::byte{0});
        if (all_zero(segment))
            return {};
        Sha256 sha;
        sha.update(segment);
        update_number(m_sha, index);
        m_sha.update(sha.finish());
        return {};
    }

    Disk &m_disk;
    std::uint64_t m_size;
    ProgressSink &m_progress;
    std::vector<std::byte> m_buffer;
    std::uint64_t m_next = 0;  // the first segment that was not looked at
    Sha256 m_sha;
};

}  // namespace

Result<std::string> digest_of(Disk &disk, ProgressSink &progress)
{
    return Digester(disk, progress).run();
}

}  // namespace imgport
