#include "convert/disk_changes.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "convert/drop.hpp"
#include "convert/grow.hpp"

namespace imgport {
namespace {

// Growing patches the partition table, dropping what lies in partitions; only a table that contradicts itself brings
// them together.
Result<void> add_patches(DiskChanges &changes, std::vector<BytePatch> more)
{
    auto &patches = changes.patches;
    std::move(more.begin(), more.end(), std::back_inserter(patches));
    std::ranges::sort(patches, {}, &BytePatch::offset);
    for (std::size_t i = 1; i < patches.size(); ++i) {
        if (patches[i].offset < patches[i - 1].offset + patches[i - 1].bytes.size())
            return fail(ErrorCode::malformed,
                        fmt::format("a partition lies over the partition table, at {}", patches[i].offset));
    }
    return {};
}

// Growing leaves a hole where the old backup of the partition table was, beside those of dropping.
void add_holes(DiskChanges &changes, const std::vector<ByteRange> &more)
{
    auto all = changes.holes;
    all.insert(all.end(), more.begin(), more.end());
    std::ranges::sort(all, {}, &ByteRange::offset);
    changes.holes.clear();
    for (auto const &hole : all) {
        if (changes.holes.empty() || hole.offset > changes.holes.back().offset + changes.holes.back().length) {
            changes.holes.push_back(hole);
            continue;
        }
        auto &last = changes.holes.back();
        last.length = std::max(last.offset + last.length, hole.offset + hole.length) - last.offset;
    }
}

}  // namespace

Result<DiskChanges> plan_changes(const DiskMaker &make_disk, std::uint64_t size, const ConvertOptions &options,
                                 std::vector<Dropped> &dropped)
{
    DiskChanges changes;
    if (!options.grow && !options.drop.any() && !options.offer_drop)
        return changes;
    auto const disk = make_disk();
    if (!disk)
        return fail(disk.error());
    if (options.grow) {
        auto growth = plan_growth(**disk, size);
        if (!growth)
            return fail(growth.error());
        changes = std::move(*growth);
    }
    if (options.drop.any()) {
        auto drop = plan_drop(*disk, options.drop);
        if (!drop)
            return fail(drop.error());
        dropped = std::move(drop->dropped);
        add_holes(changes, drop->changes.holes);
        if (auto done = add_patches(changes, std::move(drop->changes.patches)); !done)
            return fail(done.error());
    } else if (options.offer_drop) {
        // An offer that cannot be made is none.
        if (auto drop = plan_drop(*disk, {.free_space = true, .swap = true}))
            dropped = std::move(drop->dropped);
    }
    return changes;
}

}  // namespace imgport
