#include "filesystem/ufs_volume.hpp"

#include <fmt/format.h>

#include "volume/ufs_superblock.hpp"

namespace imgport {
namespace {

// What validate_sblock of FreeBSD's sys/ufs/ffs/ffs_subr.c wants of the fields that are used here.
Result<UfsGeometry> geometry_of(const UfsSuperblock &sb)
{
    auto const wrong = [](std::string_view field, std::uint64_t value) {
        return fail(ErrorCode::malformed, fmt::format("{} in the superblock is {}", field, value));
    };
    if (sb.big_endian)
        return fail(ErrorCode::unsupported, "a UFS in big-endian byte order (SPARC, PowerPC) is not read");
    if (!sb.plausible_sizes())
        return fail(ErrorCode::malformed, fmt::format("fs_bsize in the superblock is {} and fs_fsize {}",
                                                      sb.block_size(), sb.fragment_size()));
    UfsGeometry g;
    g.version_2 = sb.version_2;
    g.block_size = sb.block_size();
    g.fragment_size = sb.fragment_size();
    g.block_fragments = g.block_size / g.fragment_size;
    if (sb.u32(56) != g.block_fragments)
        return wrong("fs_frag", sb.u32(56));
    if (sb.u32(116) != g.pointers_per_block())
        return wrong("fs_nindir", sb.u32(116));
    if (sb.u32(120) != g.block_size / g.inode_size())
        return wrong("fs_inopb", sb.u32(120));
    g.fragments = sb.fragments();
    if (g.fragments == 0 || g.fragments > (std::uint64_t{1} << 62) / g.fragment_size)
        return wrong("fs_size", g.fragments);
    g.groups = sb.groups();
    g.group_inodes = sb.group_inodes();
    g.group_fragments = sb.u32(188);
    g.inodes_at = sb.u32(16);
    if (g.group_fragments == 0)
        return wrong("fs_fpg", g.group_fragments);
    if (g.groups == 0 || (g.groups - 1) * std::uint64_t{g.group_fragments} >= g.fragments)
        return wrong("fs_ncg", g.groups);
    if (g.group_inodes == 0)
        return wrong("fs_ipg", g.group_inodes);
    if (g.inodes_at == 0 || g.inodes_at >= g.group_fragments)
        return wrong("fs_iblkno", g.inodes_at);
    if (!g.version_2) {
        g.group_skew = sb.u32(24);        // fs_old_cgoffset
        g.group_skew_mask = ~sb.u32(28);  // fs_old_cgmask
        constexpr std::uint32_t format_44 = 2;
        if (sb.u32(1324) != format_44)  // fs_old_inodefmt
            return fail(ErrorCode::unsupported, "UFS1 with the inodes of 4.2BSD is not read");
    }
    g.longest_in_inode = sb.u32(1320);  // fs_maxsymlinklen
    constexpr std::uint32_t pointers = 15;
    if (g.longest_in_inode == 0 || g.longest_in_inode > pointers * g.pointer_size())
        return wrong("fs_maxsymlinklen", g.longest_in_inode);
    return g;
}

}  // namespace

Result<std::shared_ptr<const UfsVolume>> UfsVolume::open(std::shared_ptr<Disk> disk)
{
    VolumeReader reader(*disk);
    auto const sb = find_ufs_superblock(reader);
    if (reader.error())
        return fail(*reader.error());
    if (!sb)
        return fail(ErrorCode::malformed, "there is no UFS superblock");
    auto const geometry = geometry_of(*sb);
    if (!geometry)
        return fail(geometry.error());
    return std::shared_ptr<const UfsVolume>(new UfsVolume(std::move(disk), *geometry));
}

Result<std::uint64_t> UfsVolume::place(std::uint64_t fragment, std::uint64_t length) const
{
    // No overflow: geometry_of() has bounded the filesystem's bytes.
    if (fragment >= m_geometry.fragments ||
        length > (m_geometry.fragments - fragment) * std::uint64_t{m_geometry.fragment_size})
        return fail(ErrorCode::malformed, fmt::format("fragment {} lies outside the filesystem of {} fragments",
                                                      fragment, m_geometry.fragments));
    return fragment * m_geometry.fragment_size;
}

Result<std::uint64_t> UfsVolume::inode_place(std::uint64_t number) const
{
    UfsGeometry const &g = m_geometry;
    if (number < ufs_root_inode || number / g.group_inodes >= g.groups)
        return fail(ErrorCode::malformed, fmt::format("there is no inode {}", number));
    std::uint64_t const group = number / g.group_inodes;
    std::uint64_t const in_group = number % g.group_inodes;
    std::uint64_t const per_block = g.block_size / g.inode_size();
    // cgstart() and ino_to_fsba() of fs.h. The skew is below 2^32 times 2^32: it may leave the filesystem, and is told
    // by place() then, but a sum that wraps must not come back into it.
    auto const skew = group * g.group_fragments + g.inodes_at + in_group / per_block * g.block_fragments;
    auto const fragment = checked_add<std::uint64_t>(skew, g.group_skew * (group & g.group_skew_mask));
    if (!fragment)
        return fail(ErrorCode::malformed, fmt::format("inode {} lies outside the filesystem", number));
    auto const block = place(*fragment, g.block_size);
    if (!block)
        return fail(ErrorCode::malformed, fmt::format("inode {}: {}", number, block.error().message));
    return *block + in_group % per_block * g.inode_size();
}

Result<std::vector<std::byte>> UfsVolume::read(std::uint64_t at, std::size_t length) const
{
    if (!range_inside(at, length, m_disk->size()))
        return fail(ErrorCode::malformed,
                    fmt::format("byte {} lies outside the volume of {} bytes", at, m_disk->size()));
    std::vector<std::byte> bytes(length);
    if (auto const read = m_disk->read(at, bytes); !read)
        return fail(read.error());
    return bytes;
}

}  // namespace imgport
