#include "filesystem/btrfs_chunks.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "filesystem/btrfs_format.hpp"

namespace imgport::btrfs {
namespace {

constexpr std::size_t chunk_header = 48;
constexpr std::size_t stripe_size = 32;
// A chunk has at least 1 MiB; this is more than any disk has, and 100 MiB of memory.
constexpr std::size_t most_chunks = 1 << 20;

constexpr std::uint64_t type_dup = 1 << 5;
constexpr std::uint64_t type_raid0 = 1 << 3;
constexpr std::uint64_t profile_mask = 0x7f8;

struct ProfileName {
    std::uint64_t bit;
    std::string_view name;
};
constexpr std::array<ProfileName, 8> profile_names{{{type_raid0, "RAID0"},
                                                    {1 << 4, "RAID1"},
                                                    {type_dup, "DUP"},
                                                    {1 << 6, "RAID10"},
                                                    {1 << 7, "RAID5"},
                                                    {1 << 8, "RAID6"},
                                                    {1 << 9, "RAID1C3"},
                                                    {1 << 10, "RAID1C4"}}};

std::string profile_name(std::uint64_t profile)
{
    for (auto const &known : profile_names) {
        if (known.bit == profile)
            return std::string(known.name);
    }
    return fmt::format("0x{:x}", profile);
}

tl::unexpected<Error> broken(std::uint64_t logical, std::string what)
{
    return fail(ErrorCode::malformed, fmt::format("the chunk at logical address {} is damaged: {}", logical, what));
}

}  // namespace

Result<ChunkMap> ChunkMap::of_superblock(const Superblock &super)
{
    ChunkMap map(super.device_id, super.device_uuid);
    Bytes rest(super.system_chunks);
    while (!rest.empty()) {
        if (rest.size() < key_size + chunk_header)
            return fail(ErrorCode::malformed, "sys_chunk_array ends in the middle of a chunk");
        auto const key = load_key(rest, 0);
        auto const stripes = load_le<std::uint16_t>(rest, key_size + 44);
        std::size_t const size = chunk_header + stripes * stripe_size;
        if (key.type != chunk_item_key || size > rest.size() - key_size)
            return fail(ErrorCode::malformed, "sys_chunk_array holds what is no chunk");
        if (auto const added = map.add(key.offset, rest.subspan(key_size, size)); !added)
            return fail(added.error());
        rest = rest.subspan(key_size + size);
    }
    return map;
}

Result<void> ChunkMap::add(std::uint64_t logical, Bytes item)
{
    if (item.size() < chunk_header)
        return broken(logical, "it is too short");
    auto const length = load_le<std::uint64_t>(item, 0);
    auto const profile = load_le<std::uint64_t>(item, 24) & profile_mask;
    auto const stripes = load_le<std::uint16_t>(item, 44);
    if (item.size() != chunk_header + stripes * stripe_size)
        return broken(logical, fmt::format("it has {} bytes for {} stripes", item.size(), stripes));
    auto const end = checked_add(logical, length);
    if (length == 0 || !end)
        return broken(logical, fmt::format("its length is {}", length));
    // RAID0 over one device is what single is.
    bool const striped_over_one = profile == type_raid0 && stripes == 1;
    if (profile != 0 && profile != type_dup && !striped_over_one)
        return fail(ErrorCode::unsupported,
                    fmt::format("the chunk at logical address {} has the profile {}", logical, profile_name(profile)));
    if (stripes != (profile == type_dup ? 2 : 1))
        return broken(logical, fmt::format("{} stripes for its profile", stripes));

    Chunk chunk{.length = length, .copies = {}};
    for (std::size_t i = 0; i < stripes; ++i) {
        auto const stripe = item.subspan(chunk_header + i * stripe_size, stripe_size);
        if (load_le<std::uint64_t>(stripe, 0) != m_device_id ||
            !std::equal(m_device_uuid.begin(), m_device_uuid.end(), stripe.begin() + 16))
            return fail(ErrorCode::unsupported,
                        fmt::format("the chunk at logical address {} lies on another device", logical));
        auto const at = load_le<std::uint64_t>(stripe, 8);
        if (!checked_add(at, length))
            return broken(logical, fmt::format("a stripe lies at {}", at));
        if (i == 0)
            chunk.copies.first = at;
        else
            chunk.copies.second = at;
    }

    auto const next = m_chunks.lower_bound(logical);
    if (next != m_chunks.end() && next->first == logical && next->second.length == length)
        return {};  // the superblock had it already
    if ((next != m_chunks.end() && next->first < *end) ||
        (next != m_chunks.begin() && std::prev(next)->first + std::prev(next)->second.length > logical))
        return broken(logical, "it overlaps another one");
    if (m_chunks.size() >= most_chunks)
        return fail(ErrorCode::unsupported, fmt::format("it has more than {} chunks", most_chunks));
    m_chunks.emplace_hint(next, logical, chunk);
    return {};
}

Result<ChunkMap::Copies> ChunkMap::find(std::uint64_t logical, std::uint64_t length) const
{
    auto const after = m_chunks.upper_bound(logical);
    if (after == m_chunks.begin())
        return fail(ErrorCode::malformed, fmt::format("no chunk holds the logical address {}", logical));
    auto const &[begin, chunk] = *std::prev(after);
    std::uint64_t const into = logical - begin;
    if (!range_inside(into, length, chunk.length))
        return fail(ErrorCode::malformed,
                    fmt::format("no chunk holds the {} bytes at logical address {}", length, logical));
    Copies copies = chunk.copies;
    copies.first += into;
    if (copies.second)
        *copies.second += into;
    return copies;
}

}  // namespace imgport::btrfs
