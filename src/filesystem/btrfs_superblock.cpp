#include "filesystem/btrfs_superblock.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "filesystem/btrfs_format.hpp"

namespace imgport::btrfs {
namespace {

constexpr std::uint64_t superblock_at = 64 * 1024;
constexpr std::size_t superblock_size = 4096;
constexpr std::size_t checksum_space = 32;
constexpr std::size_t system_chunks_at = 811;
constexpr std::size_t system_chunks_space = 2048;
constexpr std::size_t device_at = 201;

constexpr std::uint32_t smallest_sector = 4096;
constexpr std::uint32_t largest_node = 64 * 1024;

constexpr std::uint64_t flag_seeding = 1ULL << 32;
constexpr std::uint64_t flag_metadump = 1ULL << 33;
constexpr std::uint64_t flag_metadump_v2 = 1ULL << 34;
// The filesystem's UUID or its checksums are being exchanged: some nodes have the old ones.
constexpr std::uint64_t flags_changing = 1ULL << 35 | 1ULL << 36 | 1ULL << 39 | 1ULL << 40;

// Bits 0 to 11 are as good as always set or say what the chunks say again; simple quotas (16) concern writers only.
constexpr std::uint64_t incompat_known = 0xfff | 1ULL << 16;
constexpr std::uint64_t incompat_metadata_uuid = 1ULL << 10;
constexpr std::uint64_t incompat_zoned = 1ULL << 12;
constexpr std::uint64_t incompat_extent_tree_v2 = 1ULL << 13;
constexpr std::uint64_t incompat_raid_stripe_tree = 1ULL << 14;

tl::unexpected<Error> broken(std::string what)
{
    return fail({ErrorCode::malformed, fmt::format("the superblock is damaged: {}", what), {}, superblock_at, {}, {}});
}

tl::unexpected<Error> unsupported(std::string what)
{
    return fail(ErrorCode::unsupported, std::move(what));
}

Result<void> check_features(Bytes sb)
{
    auto const flags = load_le<std::uint64_t>(sb, 56);
    if ((flags & flag_seeding) != 0)
        return unsupported("it is a seed device");
    if ((flags & (flag_metadump | flag_metadump_v2)) != 0)
        return unsupported("it is a dump of metadata only");
    if ((flags & flags_changing) != 0)
        return unsupported("its UUID or its checksums were being changed");
    auto const incompat = load_le<std::uint64_t>(sb, 188);
    if ((incompat & incompat_zoned) != 0)
        return unsupported("it is zoned");
    if ((incompat & incompat_extent_tree_v2) != 0)
        return unsupported("it has the feature extent-tree-v2");
    if ((incompat & incompat_raid_stripe_tree) != 0)
        return unsupported("it has the feature raid-stripe-tree");
    if ((incompat & ~incompat_known) != 0)
        return unsupported(fmt::format("it has unknown incompatible features (0x{:x})", incompat & ~incompat_known));
    if (auto const devices = load_le<std::uint64_t>(sb, 136); devices != 1)
        return devices == 0 ? broken("num_devices is 0")
                            : unsupported(fmt::format("it is spread over {} devices", devices));
    return {};
}

Uuid load_uuid(Bytes sb, std::size_t at)
{
    Uuid uuid;
    std::copy_n(sb.begin() + static_cast<std::ptrdiff_t>(at), uuid.size(), uuid.begin());
    return uuid;
}

Result<void> check_numbers(const Superblock &super)
{
    if (!is_power_of_two(super.sector_size) || super.sector_size < smallest_sector || super.sector_size > largest_node)
        return broken(fmt::format("sectorsize is {}", super.sector_size));
    if (!is_power_of_two(super.node_size) || super.node_size < super.sector_size || super.node_size > largest_node)
        return broken(fmt::format("nodesize is {}", super.node_size));
    for (Root const &root : {super.root_tree, super.chunk_tree}) {
        if (root.level >= most_levels)
            return broken(fmt::format("the level of a tree is {}", root.level));
    }
    return {};
}

}  // namespace

Result<Superblock> read_superblock(Disk &volume)
{
    std::vector<std::byte> bytes(superblock_size);
    if (!range_inside(superblock_at, superblock_size, volume.size()))
        return broken("it lies outside the volume");
    if (auto const read = volume.read(superblock_at, bytes); !read)
        return fail(read.error());
    Bytes const sb(bytes);
    if (!begins_with(sb.subspan(64), "_BHRfS_M"))
        return broken("it has another magic number");
    auto const checksum = Checksum::of_type(load_le<std::uint16_t>(sb, 196));
    if (!checksum)
        return fail(checksum.error());
    if (!checksum->matches(sb.subspan(checksum_space), sb))
        return broken("its checksum is wrong");
    if (load_le<std::uint64_t>(sb, 48) != superblock_at)
        return broken(fmt::format("bytenr is {}", load_le<std::uint64_t>(sb, 48)));
    if (auto const known = check_features(sb); !known)
        return fail(known.error());

    bool const own_uuid = (load_le<std::uint64_t>(sb, 188) & incompat_metadata_uuid) != 0;
    Superblock super{.checksum = *checksum, .metadata_uuid = load_uuid(sb, own_uuid ? 571 : 32)};
    super.sector_size = load_le<std::uint32_t>(sb, 144);
    super.node_size = load_le<std::uint32_t>(sb, 148);
    super.root_directory = load_le<std::uint64_t>(sb, 128);
    super.root_tree = {load_le<std::uint64_t>(sb, 80), load_le<std::uint64_t>(sb, 72), load_le<std::uint8_t>(sb, 198)};
    super.chunk_tree = {load_le<std::uint64_t>(sb, 88), load_le<std::uint64_t>(sb, 164),
                        load_le<std::uint8_t>(sb, 199)};
    super.compatible_ro = load_le<std::uint64_t>(sb, 180);
    super.device_id = load_le<std::uint64_t>(sb, device_at);
    super.device_size = load_le<std::uint64_t>(sb, device_at + 8);
    super.device_uuid = load_uuid(sb, device_at + 66);
    if (auto const good = check_numbers(super); !good)
        return fail(good.error());
    if (super.device_size > volume.size())
        return fail(ErrorCode::malformed,
                    fmt::format("the filesystem has {} bytes, the volume {}", super.device_size, volume.size()));
    auto const array_size = load_le<std::uint32_t>(sb, 160);
    if (array_size > system_chunks_space)
        return broken(fmt::format("sys_chunk_array_size is {}", array_size));
    auto const array = sb.subspan(system_chunks_at, array_size);
    super.system_chunks.assign(array.begin(), array.end());
    return super;
}

}  // namespace imgport::btrfs
