#include "format/changed_disk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/packed_clusters.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

std::uint64_t end_of(const ByteRange &hole)
{
    return hole.offset + hole.length;
}
std::uint64_t end_of(const BytePatch &patch)
{
    return patch.offset + patch.bytes.size();
}

// The one at `at` or, where there is none, the next one behind it: of sorted ones, the first that ends behind `at`.
template <class Sorted>
auto next_from(const Sorted &sorted, std::uint64_t at)
{
    return std::partition_point(sorted.begin(), sorted.end(), [&](auto const &one) { return end_of(one) <= at; });
}

class ChangedDisk final : public Disk, public PackedClusters {
public:
    ChangedDisk(std::shared_ptr<Disk> below, std::shared_ptr<const DiskChanges> changes)
        : m_below(std::move(below)), m_changes(std::move(changes)), m_size(std::max(m_below->size(), m_changes->size))
    {}

    std::uint64_t size() const override { return m_size; }

    Result<void> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        return for_each_piece(offset, out.size(), [&](const Piece &piece) -> Result<void> {
            auto const part = out.first(static_cast<std::size_t>(piece.length));
            out = out.subspan(part.size());
            if (piece.kind == Piece::Kind::below)
                return m_below->read(piece.offset, part);
            if (piece.kind == Piece::Kind::patch)
                std::copy_n(piece.patched, part.size(), part.begin());
            else
                std::fill(part.begin(), part.end(), std::byte{0});
            return {};
        });
    }

    Result<std::vector<Extent>> extents(std::uint64_t offset, std::uint64_t length) override
    {
        std::vector<Extent> all;
        auto const add = [&all](const Extent &extent) {
            if (!all.empty() && all.back().kind == extent.kind)
                all.back().length += extent.length;
            else
                all.push_back(extent);
        };
        auto const done = for_each_piece(offset, length, [&](const Piece &piece) -> Result<void> {
            if (piece.kind != Piece::Kind::below) {
                add({piece.offset, piece.length,
                     piece.kind == Piece::Kind::patch ? ExtentKind::data : ExtentKind::hole});
                return {};
            }
            auto const found = m_below->extents(piece.offset, piece.length);
            if (!found)
                return fail(found.error());
            std::for_each(found->begin(), found->end(), add);
            return {};
        });
        if (!done)
            return fail(done.error());
        return all;
    }

    Result<std::optional<PackedCluster>> packed_cluster(std::uint64_t offset, std::uint64_t unit,
                                                        Packing packing) override
    {
        auto *const below = dynamic_cast<PackedClusters *>(m_below.get());
        if (below == nullptr || !range_inside(offset, unit, m_below->size()))
            return std::nullopt;
        auto const touches = [&](auto const &changes) {
            auto const next = next_from(changes, offset);
            return next != changes.end() && next->offset < offset + unit;
        };
        if (touches(m_changes->holes) || touches(m_changes->patches))
            return std::nullopt;
        return below->packed_cluster(offset, unit, packing);
    }

private:
    // A range that is answered from one place. Bytes of the changed disk.
    struct Piece {
        enum class Kind { below, hole, patch };
        Kind kind = Kind::below;
        std::uint64_t offset = 0;
        std::uint64_t length = 0;
        const std::byte *patched = nullptr;  // patch: its bytes from `offset` on
    };

    template <class Visitor>
    Result<void> for_each_piece(std::uint64_t offset, std::uint64_t length, const Visitor &visit)
    {
        if (!range_inside(offset, length, m_size))
            return fail(ErrorCode::malformed,
                        fmt::format("a read of {} bytes at {} leaves the disk of {}", length, offset, m_size));
        auto hole = next_from(m_changes->holes, offset);
        auto patch = next_from(m_changes->patches, offset);
        std::uint64_t const end = offset + length;
        while (offset < end) {
            while (hole != m_changes->holes.end() && end_of(*hole) <= offset)
                ++hole;
            while (patch != m_changes->patches.end() && end_of(*patch) <= offset)
                ++patch;
            Piece piece{Piece::Kind::hole, offset};
            std::uint64_t until = end;
            auto const up_to = [&until](std::uint64_t place) { until = std::min(until, place); };
            if (patch != m_changes->patches.end() && patch->offset <= offset) {
                piece.kind = Piece::Kind::patch;
                piece.patched = patch->bytes.data() + (offset - patch->offset);
                up_to(end_of(*patch));
            } else {
                if (patch != m_changes->patches.end())
                    up_to(patch->offset);
                if (hole != m_changes->holes.end() && hole->offset <= offset) {
                    up_to(end_of(*hole));
                } else if (offset < m_below->size()) {
                    piece.kind = Piece::Kind::below;
                    up_to(m_below->size());
                    if (hole != m_changes->holes.end())
                        up_to(hole->offset);
                }
            }
            piece.length = until - offset;
            if (auto done = visit(piece); !done)
                return done;
            offset = until;
        }
        return {};
    }

    std::shared_ptr<Disk> m_below;
    std::shared_ptr<const DiskChanges> m_changes;
    std::uint64_t m_size;
};

}  // namespace

std::shared_ptr<Disk> changed(std::shared_ptr<Disk> disk, std::shared_ptr<const DiskChanges> changes)
{
    if (changes->empty())
        return disk;
    return std::make_shared<ChangedDisk>(std::move(disk), std::move(changes));
}

}  // namespace imgport
