// The free space of btrfs: "On-disk format" and "Btree items" in the btrfs developer documentation. Every byte in use
// has an item in the extent tree, whether it is of a tree or of a file; chunks say where on the device it lies. What
// the chunks leave out of the device is free as well. (The free space tree says the same again, and is not needed.)
//
// The last commit counts. The older tree roots that the superblock remembers as backups point into space that the
// filesystem itself takes for free.
#include <algorithm>

#include <fmt/format.h>

#include <imgport/progress.hpp>

#include "filesystem/btrfs_volume.hpp"
#include "filesystem/free_ranges.hpp"
#include "filesystem/free_space.hpp"

namespace imgport {
namespace btrfs {
namespace {

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t reserved = mib;  // at the start of a device: for boot loaders, and the first superblock
constexpr std::uint64_t mirror_size = 64 * 1024;
constexpr std::uint64_t mirrors[] = {64 * 1024, 64 * mib, 256 * 1024 * mib};

// Of compat_ro: free-space-tree, free-space-tree-valid, verity, block-group-tree.
constexpr std::uint64_t known_compatible_ro = 0xf;
constexpr std::uint64_t has_block_group_tree = 0x8;

constexpr std::size_t most_chunks = 1 << 18;

constexpr std::uint64_t balance_object = 0 - 4ULL;
constexpr std::uint64_t replace_started = 1;
constexpr std::uint64_t replace_suspended = 4;

using Chunks = std::map<std::uint64_t, ChunkMap::Chunk>;

class FreeSpace {
public:
    explicit FreeSpace(Volume &volume) : m_volume(volume), m_chunks(volume.chunks().all()) {}

    Result<std::vector<ByteRange>> read()
    {
        for (auto const step : {&FreeSpace::check_state, &FreeSpace::find_stripes, &FreeSpace::check_device_extents,
                                &FreeSpace::read_block_groups, &FreeSpace::walk_extents}) {
            if (auto const done = (this->*step)(); !done)
                return fail(done.error());
        }
        std::uint64_t at = reserved;
        for (auto const &stripe : m_stripes) {
            if (stripe.offset > at)
                m_free.add(at, stripe.offset - at);
            at = std::max(at, stripe.offset + stripe.length);
        }
        if (m_volume.super().device_size > at)
            m_free.add(at, m_volume.super().device_size - at);
        std::vector<ByteRange> kept{{0, reserved}};
        for (auto const mirror : mirrors) {
            if (mirror >= reserved)
                kept.push_back({mirror, mirror_size});
        }
        return without(m_free.take(), kept);
    }

private:
    static tl::unexpected<Error> broken(std::string what) { return fail(ErrorCode::malformed, std::move(what)); }

    Result<void> check_state()
    {
        if (auto const unknown = m_volume.super().compatible_ro & ~known_compatible_ro; unknown != 0)
            return fail(ErrorCode::unsupported, fmt::format("it has unknown features (compat_ro {:#x})", unknown));
        auto root_tree = m_volume.root_tree();
        auto const balance = root_tree.seek_exactly({balance_object, temporary_item_key, 0});
        if (!balance)
            return fail(balance.error());
        if (*balance)
            return fail(ErrorCode::unsupported, "a balance has not ended");
        auto devices = m_volume.tree(device_tree);
        if (!devices)
            return fail(devices.error());
        auto const replace = devices->seek_exactly({0, device_replace_key, 0});
        if (!replace)
            return fail(replace.error());
        if (*replace) {
            auto const state = read_le<std::uint64_t>(devices->data(), 32);
            if (!state || *state == replace_started || *state == replace_suspended)
                return fail(ErrorCode::unsupported, "the replacement of its device has not ended");
        }
        return {};
    }

    Result<void> find_stripes()
    {
        if (m_chunks.size() > most_chunks)
            return fail(ErrorCode::unsupported, fmt::format("it has more than {} chunks", most_chunks));
        for (auto const &[logical, chunk] : m_chunks) {
            m_stripes.push_back({chunk.copies.first, chunk.length});
            if (chunk.copies.second)
                m_stripes.push_back({*chunk.copies.second, chunk.length});
        }
        std::sort(m_stripes.begin(), m_stripes.end(),
                  [](const ByteRange &a, const ByteRange &b) { return a.offset < b.offset; });
        std::uint64_t end = 0;
        for (auto const &stripe : m_stripes) {
            if (stripe.offset < end || !range_inside(stripe.offset, stripe.length, m_volume.super().device_size))
                return broken(
                    fmt::format("the chunk at {} of the device overlaps another or leaves it", stripe.offset));
            end = stripe.offset + stripe.length;
        }
        return {};
    }

    // The device tree says the same of the device as the chunk tree.
    Result<void> check_device_extents()
    {
        auto cursor = m_volume.tree(device_tree);
        if (!cursor)
            return fail(cursor.error());
        std::size_t count = 0;
        auto found = cursor->seek({m_volume.super().device_id, device_extent_key, 0});
        while (found && *found && cursor->key().objectid == m_volume.super().device_id &&
               cursor->key().type == device_extent_key) {
            auto const length = read_le<std::uint64_t>(cursor->data(), 24);
            if (count >= m_stripes.size() || !length || m_stripes[count] != ByteRange{cursor->key().offset, *length})
                return broken(fmt::format("no chunk has the extent at {} of the device", cursor->key().offset));
            ++count;
            found = cursor->next();
        }
        if (!found)
            return fail(found.error());
        if (count != m_stripes.size())
            return broken(
                fmt::format("the chunk at {} of the device is not in the device tree", m_stripes[count].offset));
        return {};
    }

    // Each chunk has a block group, which says how much of it is used.
    Result<void> read_block_groups()
    {
        bool const apart = (m_volume.super().compatible_ro & has_block_group_tree) != 0;
        auto cursor = m_volume.tree(apart ? block_group_tree : extent_tree);
        if (!cursor)
            return fail(cursor.error());
        for (auto const &[logical, chunk] : m_chunks) {
            auto const found = cursor->seek_exactly({logical, block_group_item_key, chunk.length});
            if (!found)
                return fail(found.error());
            if (!*found || cursor->data().size() < 24)
                return broken(fmt::format("the chunk at logical address {} has no block group", logical));
            m_used.push_back(load_le<std::uint64_t>(cursor->data(), 0));
        }
        return {};
    }

    Result<void> walk_extents()
    {
        auto cursor = m_volume.tree(extent_tree);
        if (!cursor)
            return fail(cursor.error());
        auto chunk = m_chunks.begin();
        std::size_t number = 0;
        std::uint64_t used = 0;
        std::uint64_t at = chunk == m_chunks.end() ? 0 : chunk->first;  // up to here all is known
        auto const finish = [&]() -> Result<void> {
            add_free(*chunk, at, chunk->first + chunk->second.length);
            if (used != m_used[number])
                return broken(fmt::format("{} bytes of the block group at {} are used, it says {}", used, chunk->first,
                                          m_used[number]));
            ++number;
            used = 0;
            at = ++chunk == m_chunks.end() ? 0 : chunk->first;
            return {};
        };
        std::size_t seen = 0;
        auto found = cursor->seek({});
        for (; found && *found; found = cursor->next()) {
            auto const key = cursor->key();
            if (++seen % 65536 == 0 && interrupted())
                return fail(ErrorCode::interrupted, "interrupted");
            if (key.type != extent_item_key && key.type != metadata_item_key)
                continue;
            std::uint64_t const length = key.type == extent_item_key ? key.offset : m_volume.super().node_size;
            while (chunk != m_chunks.end() && key.objectid >= chunk->first + chunk->second.length) {
                if (auto const done = finish(); !done)
                    return done;
            }
            if (chunk == m_chunks.end() || key.objectid < at || length == 0 ||
                key.objectid % m_volume.super().sector_size != 0 || length % m_volume.super().sector_size != 0 ||
                !range_inside(key.objectid - chunk->first, length, chunk->second.length))
                return broken(fmt::format("the extent of {} bytes at logical address {} overlaps another or lies in no "
                                          "chunk",
                                          length, key.objectid));
            add_free(*chunk, at, key.objectid);
            at = key.objectid + length;
            used += length;
        }
        if (!found)
            return fail(found.error());
        while (chunk != m_chunks.end()) {
            if (auto const done = finish(); !done)
                return done;
        }
        return {};
    }

    void add_free(const Chunks::value_type &chunk, std::uint64_t from, std::uint64_t to)
    {
        m_free.add(chunk.second.copies.first + (from - chunk.first), to - from);
        if (chunk.second.copies.second)
            m_free.add(*chunk.second.copies.second + (from - chunk.first), to - from);
    }

    Volume &m_volume;
    const Chunks &m_chunks;
    std::vector<ByteRange> m_stripes;   // on the device, sorted
    std::vector<std::uint64_t> m_used;  // of each chunk, in their order
    FreeRanges m_free;
};

}  // namespace
}  // namespace btrfs

Result<std::vector<ByteRange>> btrfs_free_space(const std::shared_ptr<Disk> &disk)
{
    auto const volume = btrfs::Volume::open(disk);
    if (!volume)
        return fail(volume.error());
    return btrfs::FreeSpace(**volume).read();
}

}  // namespace imgport
