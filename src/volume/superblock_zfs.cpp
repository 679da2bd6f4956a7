// ZFS: a member of a pool, by its first label. "ZFS On-Disk Specification", section 1.3: 16 KiB from its start the
// pool's configuration as a list of names and values, and from 128 KiB to 256 KiB the ring of uberblocks.
#include <algorithm>

#include <fmt/format.h>

#include "volume/superblock.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t list_at = 16 * 1024;
constexpr std::size_t list_size = 112 * 1024;
constexpr std::uint64_t ring_at = 128 * 1024;
constexpr std::size_t ring_size = 128 * 1024;

// OpenZFS: include/sys/nvpair.h.
constexpr std::uint32_t type_uint64 = 8;
constexpr std::uint32_t type_string = 9;

// Calls visit(name, type, value) for the pairs of the list itself, not those of lists in it. In the XDR encoding
// (RFC 4506): big-endian, and padded to 4 bytes.
template <class Visit>
void for_each_pair(Bytes list, Visit &&visit)
{
    // encoding, byte order, two unused bytes; then the list's version and flags
    if (list[0] != std::byte{1})
        return;
    std::size_t at = 12;
    for (;;) {
        auto const size = read_be<std::uint32_t>(list, at);
        // the pair's own size and the decoded one, then the name's length
        if (!size || *size < 20 || !range_inside(at, *size, list.size()))
            return;
        Bytes const pair = list.subspan(at, *size);
        auto const name_size = load_be<std::uint32_t>(pair, 8);
        std::uint64_t const type_at = 12 + *round_up(name_size, 4);
        if (!range_inside(type_at, 8, pair.size()))
            return;
        visit(text_of(pair.subspan(12, name_size)), load_be<std::uint32_t>(pair, type_at), pair.subspan(type_at + 8));
        at += *size;
    }
}

}  // namespace

std::optional<FilesystemFacts> read_zfs_label(VolumeReader &volume)
{
    // As blkid does, several are asked for, since their magic is short.
    constexpr int enough = 4;
    auto const uberblocks = volume.read(ring_at, ring_size);
    if (!uberblocks)
        return std::nullopt;
    int found = 0;
    for (std::size_t at = 0; at < ring_size; at += 1024) {
        auto const magic = load_le<std::uint64_t>(*uberblocks, at);
        found += magic == 0x00bab10cULL || magic == 0x0cb1ba0000000000ULL;
    }
    if (found < enough)
        return std::nullopt;
    FilesystemFacts facts;
    facts.type = "zfs_member";
    auto const list = volume.read(list_at, list_size);
    if (!list)
        return facts;
    for_each_pair(*list, [&](std::string_view name, std::uint32_t type, Bytes value) {
        if (name == "pool_guid" && type == type_uint64) {
            if (auto const guid = read_be<std::uint64_t>(value, 0))
                facts.uuid = fmt::format("{}", *guid);  // in decimal, as zpool and blkid print it
        } else if (name == "name" && type == type_string) {
            auto const length = read_be<std::uint32_t>(value, 0);
            if (length && range_inside(4, *length, value.size()))
                facts.label = text_of(value.subspan(4, *length));
        }
    });
    return facts;
}

}  // namespace imgport
