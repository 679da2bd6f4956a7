#include "format/concatenated_disk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/bytes.hpp"

namespace imgport {
namespace {

class ConcatenatedDisk final : public Disk {
public:
    // `ends`: where each part ends, from the start of the whole.
    ConcatenatedDisk(std::vector<std::shared_ptr<Disk>> parts, std::vector<std::uint64_t> ends)
        : m_parts(std::move(parts)), m_ends(std::move(ends))
    {}

    std::uint64_t size() const override { return m_ends.empty() ? 0 : m_ends.back(); }

    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        return for_each_part(offset, out.size(), [&](Disk &part, const Place &place) {
            auto const piece = out.first(static_cast<std::size_t>(place.length));
            out = out.subspan(piece.size());
            return part.read(place.inside, piece);
        });
    }

    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        std::vector<Extent> all;
        auto const done = for_each_part(offset, length, [&](Disk &part, const Place &place) -> Result<void> {
            auto const found = part.extents(place.inside, place.length);
            if (!found)
                return fail(found.error());
            for (Extent extent : *found) {
                extent.offset += place.start;
                if (!all.empty() && all.back().kind == extent.kind)
                    all.back().length += extent.length;
                else
                    all.push_back(extent);
            }
            return {};
        });
        if (!done)
            return fail(done.error());
        return all;
    }

private:
    // What of a part is asked for. Bytes.
    struct Place {
        std::uint64_t start = 0;   // of the part, in the whole
        std::uint64_t inside = 0;  // in the part
        std::uint64_t length = 0;
    };

    template <class Visitor>
    Result<void> for_each_part(std::uint64_t offset, std::uint64_t length, const Visitor &visit)
    {
        if (!range_inside(offset, length, size()))
            return fail(ErrorCode::malformed,
                        fmt::format("a read of {} bytes at {} leaves the disk of {}", length, offset, size()));
        auto end = std::upper_bound(m_ends.begin(), m_ends.end(), offset);
        while (length > 0) {
            auto const number = static_cast<std::size_t>(end - m_ends.begin());
            std::uint64_t const start = number == 0 ? 0 : m_ends[number - 1];
            Place const place{start, offset - start, std::min(length, *end - offset)};
            // A part may be empty.
            if (auto done = place.length > 0 ? visit(*m_parts[number], place) : Result<void>(); !done)
                return done;
            offset += place.length;
            length -= place.length;
            ++end;
        }
        return {};
    }

    std::vector<std::shared_ptr<Disk>> m_parts;
    std::vector<std::uint64_t> m_ends;
};

}  // namespace

Result<std::shared_ptr<Disk>> concatenate(std::vector<std::shared_ptr<Disk>> parts)
{
    std::vector<std::uint64_t> ends;
    std::uint64_t total = 0;
    for (auto const &part : parts) {
        auto const sum = checked_add(total, part->size());
        if (!sum)
            return fail(ErrorCode::malformed, "the parts of the disk are past all sizes");
        total = *sum;
        ends.push_back(total);
    }
    return std::make_shared<ConcatenatedDisk>(std::move(parts), std::move(ends));
}

}  // namespace imgport
