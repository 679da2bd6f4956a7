// The journal of an ext3 filesystem: the input takes the place of its blocks on a small volume that is right
// otherwise. The volume is laid out by hand: a superblock, one descriptor, an inode table with the root directory and
// the journal, whose extent is contiguous.
#include <algorithm>

#include "filesystem/ext_journal.hpp"
#include "testing/disks.hpp"

namespace {

using namespace imgport;

constexpr std::uint32_t block_size = 1024;
constexpr std::uint32_t blocks = 512;
constexpr std::uint32_t inode_table = 8;
constexpr std::uint32_t journal_at = 64;
constexpr std::uint32_t journal_blocks = 256;

std::shared_ptr<testing::MemoryDisk> make_volume()
{
    auto disk = std::make_shared<testing::MemoryDisk>(std::size_t{blocks} * block_size);
    constexpr std::size_t super = 1024;
    disk->put_le<std::uint32_t>(super + 0x0, 32);       // s_inodes_count
    disk->put_le<std::uint32_t>(super + 0x4, blocks);   // s_blocks_count
    disk->put_le<std::uint32_t>(super + 0x14, 1);       // s_first_data_block
    disk->put_le<std::uint32_t>(super + 0x20, 8192);    // s_blocks_per_group
    disk->put_le<std::uint32_t>(super + 0x24, 8192);    // s_clusters_per_group
    disk->put_le<std::uint32_t>(super + 0x28, 32);      // s_inodes_per_group
    disk->put_le<std::uint16_t>(super + 0x38, 0xef53);  // s_magic
    disk->put_le<std::uint32_t>(super + 0x4c, 1);       // s_rev_level
    disk->put_le<std::uint32_t>(super + 0x54, 11);      // s_first_ino
    disk->put_le<std::uint16_t>(super + 0x58, 128);     // s_inode_size
    disk->put_le<std::uint32_t>(super + 0x5c, 0x4);     // has_journal
    disk->put_le<std::uint32_t>(super + 0x60, 0x46);    // filetype, needs_recovery, extent
    disk->put_le<std::uint32_t>(super + 0xe0, 8);       // s_journal_inum
    disk->put_le<std::uint32_t>(2 * block_size + 8, inode_table);
    constexpr std::size_t inode = inode_table * block_size + 7 * 128;
    disk->put_le<std::uint16_t>(inode, 0100600);
    disk->put_le<std::uint32_t>(inode + 0x4, journal_blocks * block_size);
    disk->put_le<std::uint16_t>(inode + 0x1a, 1);
    disk->put_le<std::uint32_t>(inode + 0x20, 0x80000);  // EXT4_EXTENTS_FL
    disk->put_le<std::uint16_t>(inode + 0x28, 0xf30a);   // eh_magic
    disk->put_le<std::uint16_t>(inode + 0x2a, 1);        // eh_entries
    disk->put_le<std::uint16_t>(inode + 0x2c, 4);        // eh_max
    disk->put_le<std::uint16_t>(inode + 0x38, journal_blocks);
    disk->put_le<std::uint32_t>(inode + 0x3c, journal_at);
    return disk;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static auto const disk = make_volume();
    auto const journal = std::span(disk->bytes()).subspan(journal_at * block_size, journal_blocks * block_size);
    std::fill(journal.begin(), journal.end(), std::byte{0});
    std::size_t const used = std::min(size, journal.size());
    std::copy_n(reinterpret_cast<const std::byte *>(data), used, journal.begin());
    auto const fs = ExtFs::open(disk);
    if (!fs)
        __builtin_trap();  // the volume above is right
    auto const replayed = replay_ext_journal(*fs);
    if (!replayed)
        return 0;
    std::vector<std::byte> all(replayed->disk->size());
    if (!replayed->disk->read(0, all))
        __builtin_trap();  // whatever the journal says, all of the volume can be read
    return 0;
}
