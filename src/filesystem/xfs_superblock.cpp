#include "filesystem/xfs_superblock.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::size_t fixed_size = 512;
constexpr std::size_t checksum_at = 224;

// sb_versionnum
constexpr std::uint16_t version_mask = 0x000f;
constexpr std::uint16_t has_shared = 0x0200;
constexpr std::uint16_t has_directory_2 = 0x2000;
constexpr std::uint16_t has_ascii_case_folding = 0x4000;
constexpr std::uint16_t has_features_2 = 0x8000;
// sb_features2 of version 4: lazy-count, attr2, projid32bit, ftype
constexpr std::uint32_t features_2_file_types = 0x200;
constexpr std::uint32_t features_2_known = 0x2 | 0x8 | 0x80 | features_2_file_types;
// sb_features_incompat of version 5. Those that concern the log or extended attributes only are known too.
constexpr std::uint32_t incompat_file_types = 0x1;
constexpr std::uint32_t incompat_sparse_inodes = 0x2;
constexpr std::uint32_t incompat_metadata_uuid = 0x4;
constexpr std::uint32_t incompat_big_time = 0x8;
constexpr std::uint32_t incompat_needs_repair = 0x10;
constexpr std::uint32_t incompat_large_extent_counts = 0x20;
constexpr std::uint32_t incompat_exchange_range = 0x40;
constexpr std::uint32_t incompat_parent_pointers = 0x80;
constexpr std::uint32_t incompat_known = incompat_file_types | incompat_sparse_inodes | incompat_metadata_uuid |
                                         incompat_big_time | incompat_large_extent_counts | incompat_exchange_range |
                                         incompat_parent_pointers;

constexpr std::uint32_t largest_block_log = 16;
constexpr std::uint32_t smallest_group = 64;  // blocks (XFS_MIN_AG_BLOCKS)

tl::unexpected<Error> broken(std::string_view what)
{
    return fail(ErrorCode::malformed, fmt::format("the superblock at byte 0: {}", what));
}

Result<void> check_version_4(Bytes sb, XfsGeometry &geometry)
{
    auto const version = load_be<std::uint16_t>(sb, 100);
    if ((version & has_shared) != 0)
        return fail(ErrorCode::unsupported, "the version 4 feature bit 0x200 (shared)");
    // Some kernels wrote the second field by mistake: both count.
    std::uint32_t const features =
        (version & has_features_2) != 0 ? load_be<std::uint32_t>(sb, 200) | load_be<std::uint32_t>(sb, 204) : 0;
    if ((features & ~features_2_known) != 0)
        return fail(ErrorCode::unsupported, fmt::format("features2 bit {:#x}", features & ~features_2_known));
    geometry.file_types = (features & features_2_file_types) != 0;
    return {};
}

Result<void> check_version_5(Disk &disk, Bytes sb, XfsGeometry &geometry)
{
    auto const sector_size = load_be<std::uint16_t>(sb, 102);
    std::vector<std::byte> sector(sector_size);
    if (auto const read = disk.read(0, sector); !read)
        return fail(read.error());
    if (!xfs_checksum_right(sector, checksum_at))
        return broken("the checksum is wrong");
    auto const incompatible = load_be<std::uint32_t>(sb, 216);
    if ((incompatible & incompat_needs_repair) != 0)
        return fail(ErrorCode::unsupported, "incompatible feature bit 0x10: it is marked as in need of repair");
    if ((incompatible & ~incompat_known) != 0)
        return fail(ErrorCode::unsupported,
                    fmt::format("incompatible feature bit {:#x}", incompatible & ~incompat_known));
    geometry.version_5 = true;
    geometry.file_types = (incompatible & incompat_file_types) != 0;
    geometry.large_extent_counts = (incompatible & incompat_large_extent_counts) != 0;
    bool const own_uuid = (incompatible & incompat_metadata_uuid) != 0;
    auto const uuid = sb.subspan(own_uuid ? 248 : 32, geometry.uuid.size());
    std::copy(uuid.begin(), uuid.end(), geometry.uuid.begin());
    return {};
}

// The sizes, and that the logarithms beside them are theirs.
Result<void> check_sizes(Bytes sb, XfsGeometry &geometry)
{
    auto const log_of = [](std::uint64_t n) { return static_cast<std::uint32_t>(std::bit_width(n) - 1); };
    geometry.block_size = load_be<std::uint32_t>(sb, 4);
    if (!is_power_of_two(geometry.block_size) || geometry.block_size < 512 || geometry.block_size > 65536 ||
        load_be<std::uint8_t>(sb, 120) != log_of(geometry.block_size))
        return broken(fmt::format("sb_blocksize is {}", geometry.block_size));
    auto const sector_size = load_be<std::uint16_t>(sb, 102);
    if (!is_power_of_two(sector_size) || sector_size < 512 || sector_size > 32768)
        return broken(fmt::format("sb_sectsize is {}", sector_size));
    geometry.inode_size = load_be<std::uint16_t>(sb, 104);
    if (!is_power_of_two(geometry.inode_size) || geometry.inode_size < 256 || geometry.inode_size > 2048 ||
        geometry.inode_size > geometry.block_size)
        return broken(fmt::format("sb_inodesize is {}", geometry.inode_size));
    geometry.inodes_per_block_log = load_be<std::uint8_t>(sb, 123);
    if (geometry.inodes_per_block_log != log_of(geometry.block_size / geometry.inode_size))
        return broken(fmt::format("sb_inopblog is {}", geometry.inodes_per_block_log));
    std::uint32_t const directory_log = log_of(geometry.block_size) + load_be<std::uint8_t>(sb, 192);
    if (directory_log > largest_block_log)
        return broken(fmt::format("sb_dirblklog is {}", load_be<std::uint8_t>(sb, 192)));
    geometry.directory_block_size = std::uint32_t{1} << directory_log;
    return {};
}

Result<void> check_groups(Bytes sb, XfsGeometry &geometry)
{
    geometry.blocks = load_be<std::uint64_t>(sb, 8);
    geometry.group_blocks = load_be<std::uint32_t>(sb, 84);
    geometry.groups = load_be<std::uint32_t>(sb, 88);
    geometry.group_block_log = load_be<std::uint8_t>(sb, 124);
    if (geometry.group_blocks < smallest_group ||
        geometry.group_block_log != static_cast<std::uint32_t>(std::bit_width(geometry.group_blocks - 1)))
        return broken(
            fmt::format("sb_agblocks is {}, sb_agblklog {}", geometry.group_blocks, geometry.group_block_log));
    // All groups are full but the last.
    std::uint64_t const most = std::uint64_t{geometry.group_blocks} * geometry.groups;
    if (geometry.blocks > most || geometry.blocks <= most - std::min<std::uint64_t>(most, geometry.group_blocks) ||
        !checked_mul<std::uint64_t>(most, geometry.block_size))
        return broken(fmt::format("sb_dblocks is {} in {} allocation groups of {}", geometry.blocks, geometry.groups,
                                  geometry.group_blocks));
    geometry.root_inode = load_be<std::uint64_t>(sb, 56);
    return {};
}

}  // namespace

Result<XfsGeometry> read_xfs_geometry(Disk &disk)
{
    std::array<std::byte, fixed_size> sb{};
    if (auto const read = disk.read(0, sb); !read)
        return fail(read.error());
    if (!begins_with(sb, "XFSB"))
        return broken("does not begin with XFSB");
    XfsGeometry geometry;
    if (auto const good = check_sizes(sb, geometry); !good)
        return fail(good.error());
    auto const version = load_be<std::uint16_t>(sb, 100);
    switch (version & version_mask) {
    case 4:
        if (auto const good = check_version_4(sb, geometry); !good)
            return fail(good.error());
        break;
    case 5:
        if (auto const good = check_version_5(disk, sb, geometry); !good)
            return fail(good.error());
        break;
    default: return fail(ErrorCode::unsupported, fmt::format("superblock version {}", version & version_mask));
    }
    if ((version & has_directory_2) == 0)
        return fail(ErrorCode::unsupported, "version 1 directories");
    if ((version & has_ascii_case_folding) != 0)
        return fail(ErrorCode::unsupported, "names that ignore case (mkfs.xfs -n version=ci)");
    if (load_be<std::uint8_t>(sb, 126) != 0)
        return broken("mkfs did not finish");
    if (auto const good = check_groups(sb, geometry); !good)
        return fail(good.error());
    return geometry;
}

}  // namespace imgport
