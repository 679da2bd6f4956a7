// What a run of bytes begins with, by magic numbers, in the words of util-linux's blkid.
#include <algorithm>
#include <array>

#include "format/boot_sector.hpp"
#include "format/container.hpp"
#include "format/reading.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

using namespace std::string_view_literals;

struct Magic {
    std::uint32_t offset;
    std::string_view bytes;
    const char *name;
};

// Those that a boot sector may stand in front of: they come after it. The longer magics first.
constexpr Magic magics[]{
    {0, "LUKS\xba\xbe"sv, "crypto_LUKS"},
    {0, "XFSB"sv, "xfs"},
    {0, "\xfe\xed\xba\xbe"sv, "xfs_external_log"},
    {0x10040, "_BHRfS_M"sv, "btrfs"},
    {0x8000, "JFS1"sv, "jfs"},
    {0x10034, "ReIsErFs"sv, "reiserfs"},
    {0x10034, "ReIsEr2Fs"sv, "reiserfs"},
    {0x10034, "ReIsEr3Fs"sv, "reiserfs"},
    {0x2034, "ReIsErFs"sv, "reiserfs"},
    {0x10000, "ReIsEr4"sv, "reiser4"},
    {0x20, "NXSB"sv, "apfs"},
    {0x400, "\x10\x20\xf5\xf2"sv, "f2fs"},
    {0x400, "\xe2\xe1\xf5\xe0"sv, "erofs"},
    {0x400, "H+\x00\x04"sv, "hfsplus"},
    {0x400, "HX\x00\x05"sv, "hfsplus"},
    {0x1018, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"sv, "bcache"},
    {0, "verity\0\0"sv, "DM_verity_hash"},
    // MD superblocks of version 1.1 and 1.2: magic, then the major version.
    {0, "\xfc\x4e\x2b\xa9\x01\0\0\0"sv, "linux_raid_member"},
    {0x1000, "\xfc\x4e\x2b\xa9\x01\0\0\0"sv, "linux_raid_member"},
    // UFS1 and UFS2, of either byte order, where the BSDs look for them.
    {0x255c, "\x54\x19\x01\x00"sv, "ufs"},
    {0x255c, "\x00\x01\x19\x54"sv, "ufs"},
    {0x255c, "\x19\x01\x54\x19"sv, "ufs"},
    {0x1055c, "\x19\x01\x54\x19"sv, "ufs"},
    {0x1055c, "\x19\x54\x01\x19"sv, "ufs"},
    {0x4055c, "\x19\x01\x54\x19"sv, "ufs"},
    {0x1ff6 - 0x1000, "SWAPSPACE2"sv, "swap"},
    {0x1ff6 - 0x1000, "SWAP-SPACE"sv, "swap"},
    {0x1ff6, "SWAPSPACE2"sv, "swap"},
    {0x3ff6, "SWAPSPACE2"sv, "swap"},
    {0xfff6, "SWAPSPACE2"sv, "swap"},
    {0x406, "\x34\x34"sv, "nilfs2"},
};

static_assert(std::all_of(std::begin(magics), std::end(magics),
                          [](const Magic &magic) { return magic.offset + magic.bytes.size() <= content_reach; }));

// Partition tables other than the two of a PC.
constexpr Magic other_tables[]{
    {512, "\x57\x45\x56\x82"sv, "bsd"},
    {64, "\x57\x45\x56\x82"sv, "bsd"},
    {0, "\x0b\xe5\xa9\x41"sv, "sgi"},
    {508, "\xda\xbe"sv, "sun"},
};

bool is_at(Bytes head, std::uint64_t offset, std::string_view magic)
{
    return range_inside(offset, magic.size(), head.size()) &&
           begins_with(head.subspan(static_cast<std::size_t>(offset)), magic);
}

template <class Table>
std::string find_in(const Table &table, Bytes head)
{
    auto const found = std::find_if(std::begin(table), std::end(table),
                                    [&](const Magic &magic) { return is_at(head, magic.offset, magic.bytes); });
    return found == std::end(table) ? "" : found->name;
}

// ext2, ext3 and ext4 have one magic; the features tell them apart: Documentation/filesystems/ext4 of Linux, "Super
// Block".
std::string ext_of(Bytes head)
{
    constexpr std::size_t superblock = 1024;
    constexpr std::uint32_t has_journal = 0x4;
    constexpr std::uint32_t journal_device = 0x8;
    constexpr std::uint32_t ext2_incompatible = 0x2 | 0x10;        // file types, meta block groups
    constexpr std::uint32_t ext3_incompatible = 0x2 | 0x4 | 0x10;  // and a journal to replay
    constexpr std::uint32_t old_read_only = 0x1 | 0x2 | 0x4;       // sparse superblocks, large files, btree
    if (!is_at(head, superblock + 0x38, "\x53\xef"sv) || head.size() < superblock + 0x68)
        return "";
    auto const compatible = load_le<std::uint32_t>(head, superblock + 0x5c);
    auto const incompatible = load_le<std::uint32_t>(head, superblock + 0x60);
    auto const read_only = load_le<std::uint32_t>(head, superblock + 0x64);
    if ((incompatible & journal_device) != 0)
        return "jbd";
    bool const journal = (compatible & has_journal) != 0;
    if ((read_only & ~old_read_only) != 0 || (incompatible & ~(journal ? ext3_incompatible : ext2_incompatible)) != 0)
        return "ext4";
    return journal ? "ext3" : "ext2";
}

// The label of a physical volume is in one of the first four sectors: lvmdump(8), lib/label of LVM2.
bool is_lvm2(Bytes head)
{
    for (std::uint64_t sector = 0; sector < 4; ++sector) {
        if (is_at(head, sector * sector_size, "LABELONE"sv) && is_at(head, sector * sector_size + 24, "LVM2 001"sv))
            return true;
    }
    return false;
}

std::string squashfs_of(Bytes head)
{
    bool const little = is_at(head, 0, "hsqs"sv);
    if ((!little && !is_at(head, 0, "sqsh"sv)) || head.size() < 32)
        return "";
    auto const major = little ? load_le<std::uint16_t>(head, 28) : load_be<std::uint16_t>(head, 28);
    return major < 4 ? "squashfs3" : "squashfs";
}

// The ring of uberblocks is in the second half of the first label: "ZFS On-Disk Specification", section 1.2.
bool is_zfs(Bytes head)
{
    constexpr std::uint64_t ring = 128 << 10;
    static_assert(2 * ring <= content_reach);
    for (std::uint64_t at = ring; at < 2 * ring; at += 1024) {
        if (is_at(head, at, "\x0c\xb1\xba\0\0\0\0\0"sv) || is_at(head, at, "\0\0\0\0\0\xba\xb1\x0c"sv))
            return true;
    }
    return false;
}

// The volume recognition sequence: ECMA-167, part 2, section 8. Its blocks are 2 KiB, or the sector where larger.
std::string optical_of(Bytes head)
{
    bool iso = false;
    for (std::uint64_t const step : {2048, 4096}) {
        for (std::uint64_t at = 0x8000; at < 0x8000 + 32 * step; at += step) {
            if (is_at(head, at + 1, "NSR02"sv) || is_at(head, at + 1, "NSR03"sv))
                return "udf";
            iso |= is_at(head, at + 1, "CD001"sv);
        }
    }
    return iso ? "iso9660" : "";
}

bool is_gpt(Bytes head)
{
    return is_at(head, 512, "EFI PART"sv) || is_at(head, 4096, "EFI PART"sv);
}

// HPFS dresses its boot sector as a FAT's; the superblock is in sector 16.
bool is_hpfs(Bytes head)
{
    return is_at(head, 0x2000, "\x49\xe8\x95\xf9"sv);
}

}  // namespace

std::string early_content_of(std::span<const std::byte> head)
{
    if (is_gpt(head))
        return "gpt";
    if (is_hpfs(head))
        return "hpfs";
    if (std::string name = boot_sector_filesystem(head); !name.empty())
        return name;
    if (partition_table_of(head))
        return "mbr";
    if (is_at(head, 0, "ER"sv) && is_at(head, 512, "PM"sv))
        return "mac";
    return is_lvm2(head) ? "LVM2_member" : "";
}

std::string content_of(std::span<const std::byte> head)
{
    if (std::string name = early_content_of(head); !name.empty())
        return name;
    if (std::string name = find_in(magics, head); !name.empty())
        return name;
    for (auto const &reader : {ext_of, squashfs_of, optical_of}) {
        if (std::string name = reader(head); !name.empty())
            return name;
    }
    if (is_zfs(head))
        return "zfs_member";
    if (std::string name = find_in(other_tables, head); !name.empty())
        return name;
    return is_empty_mbr(head) ? "mbr" : "";
}

}  // namespace imgport
