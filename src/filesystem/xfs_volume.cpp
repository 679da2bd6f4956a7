#include "filesystem/xfs_volume.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "filesystem/xfs_superblock.hpp"
#include "format/crc32c.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t sector = 512;

}  // namespace

bool xfs_checksum_right(Bytes structure, std::size_t checksum)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    // A fuzzer cannot guess checksums: it is to see what lies behind them.
    static_cast<void>(structure);
    static_cast<void>(checksum);
    return true;
#else
    constexpr std::array<std::byte, 4> none{};
    auto sum = crc32c(0, structure.first(checksum));
    sum = crc32c(sum, none);
    sum = crc32c(sum, structure.subspan(checksum + none.size()));
    return sum == load_le<std::uint32_t>(structure, checksum);
#endif
}

Result<std::shared_ptr<const XfsVolume>> XfsVolume::open(std::shared_ptr<Disk> disk)
{
    auto const geometry = read_xfs_geometry(*disk);
    if (!geometry)
        return fail(geometry.error());
    return std::shared_ptr<const XfsVolume>(new XfsVolume(std::move(disk), *geometry));
}

Result<std::uint64_t> XfsVolume::block_place(std::uint64_t block, std::uint64_t count) const
{
    std::uint64_t const group = block >> m_geometry.group_block_log;
    std::uint64_t const in_group = block & ((std::uint64_t{1} << m_geometry.group_block_log) - 1);
    if (group < m_geometry.groups && range_inside(in_group, count, m_geometry.group_blocks)) {
        std::uint64_t const number = group * m_geometry.group_blocks + in_group;
        if (range_inside(number, count, m_geometry.blocks))
            return number * m_geometry.block_size;
    }
    return fail(ErrorCode::malformed, fmt::format("{} blocks from {:#x} lie outside the filesystem", count, block));
}

Result<std::uint64_t> XfsVolume::inode_place(std::uint64_t inode) const
{
    std::uint64_t const in_block = inode & ((std::uint64_t{1} << m_geometry.inodes_per_block_log) - 1);
    auto const block = block_place(inode >> m_geometry.inodes_per_block_log, 1);
    if (!block)
        return fail(ErrorCode::malformed, fmt::format("inode {} lies outside the filesystem", inode));
    return *block + in_block * m_geometry.inode_size;
}

Result<std::vector<std::byte>> XfsVolume::read(std::uint64_t at, std::size_t length) const
{
    std::vector<std::byte> bytes(length);
    if (auto const read = m_disk->read(at, bytes); !read)
        return fail(read.error());
    return bytes;
}

Result<void> XfsVolume::check_seal(Bytes structure, const XfsSeal &seal, std::uint64_t at, std::uint64_t owner,
                                   std::string_view what) const
{
    if (!m_geometry.version_5)
        return {};
    auto const broken = [&](std::string_view problem) {
        return fail(ErrorCode::malformed, fmt::format("{} of inode {} at byte {}: {}", what, owner, at, problem));
    };
    if (!xfs_checksum_right(structure, seal.checksum))
        return broken("the checksum is wrong");
    if (load_be<std::uint64_t>(structure, seal.block) != at / sector)
        return broken("it was written for another place");
    if (!std::ranges::equal(structure.subspan(seal.uuid, m_geometry.uuid.size()), m_geometry.uuid))
        return broken("it belongs to another filesystem");
    if (load_be<std::uint64_t>(structure, seal.owner) != owner)
        return broken(fmt::format("it belongs to inode {}", load_be<std::uint64_t>(structure, seal.owner)));
    return {};
}

}  // namespace imgport
