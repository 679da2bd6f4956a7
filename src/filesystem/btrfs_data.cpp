#include "filesystem/btrfs_data.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace imgport::btrfs {
namespace {

// The address of the first sector that does not match its checksum. The items of the checksum tree hold the checksums
// of consecutive sectors, from their key's offset on.
Result<std::optional<std::uint64_t>> find_damage(Volume &volume, std::uint64_t logical, Bytes data)
{
    auto const &super = volume.super();
    std::uint64_t const end = logical + data.size();
    Key const wanted{extent_csum, extent_csum_key, logical};
    auto cursor = volume.tree(csum_tree);
    if (!cursor)
        return fail(cursor.error());
    auto found = cursor->seek_last(wanted);
    if (found && !*found)
        found = cursor->seek(wanted);
    for (; found && *found; found = cursor->next()) {
        Key const key = cursor->key();
        if (key.objectid != extent_csum || key.type != extent_csum_key) {
            if (key < wanted)
                continue;
            break;
        }
        if (key.offset >= end)
            break;
        if (key.offset % super.sector_size != 0)
            return fail(ErrorCode::malformed, fmt::format("checksums are of the logical address {}", key.offset));
        Bytes const sums = cursor->data();
        for (std::uint64_t at = std::max(logical, key.offset); at < end; at += super.sector_size) {
            std::uint64_t const index = (at - key.offset) / super.sector_size;
            if (index >= sums.size() / super.checksum.size())
                break;
            if (!super.checksum.matches(data.subspan(at - logical, super.sector_size),
                                        sums.subspan(index * super.checksum.size())))
                return std::optional(at);
        }
    }
    if (!found)
        return fail(found.error());
    return std::optional<std::uint64_t>();
}

Result<void> read_copy(Volume &volume, std::uint64_t at, std::uint64_t logical, std::span<std::byte> out, Verify verify)
{
    if (!range_inside(at, out.size(), volume.disk().size()))
        return fail({ErrorCode::malformed,
                     fmt::format("the data at logical address {} lie outside the volume", logical),
                     {},
                     at,
                     {},
                     {}});
    if (auto const read = volume.disk().read(at, out); !read || verify == Verify::no)
        return read;
    auto const damage = find_damage(volume, logical, out);
    if (!damage)
        return fail(damage.error());
    if (*damage)
        return fail({ErrorCode::malformed,
                     fmt::format("the data at logical address {} do not match their checksum", **damage),
                     {},
                     at + (**damage - logical),
                     {},
                     {}});
    return {};
}

}  // namespace

Result<void> read_data(Volume &volume, std::uint64_t logical, std::span<std::byte> out, Verify verify)
{
    auto const copies = volume.chunks().find(logical, out.size());
    if (!copies)
        return fail(copies.error());
    auto read = read_copy(volume, copies->first, logical, out, verify);
    if (!read && copies->second && read_copy(volume, *copies->second, logical, out, verify))
        return {};
    return read;
}

}  // namespace imgport::btrfs
