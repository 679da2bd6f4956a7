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
        changes.holes = std::move(drop->changes.holes);
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
