// ext2, ext3 and ext4: the kernel's Documentation/filesystems/ext4/globals.rst, "The Super Block".
#include <array>

#include <fmt/format.h>

#include "format/crc32c.hpp"
#include "volume/fields.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t superblock_at = 1024;

constexpr std::array<FeatureName, 12> compat_names{{
    {0x1, "dir_prealloc"},
    {0x2, "imagic_inodes"},
    {0x4, "has_journal"},
    {0x8, "ext_attr"},
    {0x10, "resize_inode"},
    {0x20, "dir_index"},
    {0x40, "lazy_bg"},
    {0x80, "snapshot_bitmap"},
    {0x200, "sparse_super2"},
    {0x400, "fast_commit"},
    {0x800, "stable_inodes"},
    {0x1000, "orphan_file"},
}};
constexpr std::array<FeatureName, 16> incompat_names{{
    {0x1, "compression"},
    {0x2, "filetype"},
    {0x4, "needs_recovery"},
    {0x8, "journal_dev"},
    {0x10, "meta_bg"},
    {0x40, "extent"},
    {0x80, "64bit"},
    {0x100, "mmp"},
    {0x200, "flex_bg"},
    {0x400, "ea_inode"},
    {0x1000, "dirdata"},
    {0x2000, "metadata_csum_seed"},
    {0x4000, "large_dir"},
    {0x8000, "inline_data"},
    {0x10000, "encrypt"},
    {0x20000, "casefold"},
}};
constexpr std::array<FeatureName, 16> ro_compat_names{{
    {0x1, "sparse_super"},
    {0x2, "large_file"},
    {0x8, "huge_file"},
    {0x10, "uninit_bg"},
    {0x20, "dir_nlink"},
    {0x40, "extra_isize"},
    {0x80, "snapshot"},
    {0x100, "quota"},
    {0x200, "bigalloc"},
    {0x400, "metadata_csum"},
    {0x800, "replica"},
    {0x1000, "read-only"},
    {0x2000, "project"},
    {0x4000, "shared_blocks"},
    {0x8000, "verity"},
    {0x10000, "orphan_present"},
}};

constexpr std::uint32_t compat_has_journal = 0x4;
constexpr std::uint32_t incompat_recover = 0x4;
constexpr std::uint32_t incompat_journal_dev = 0x8;
constexpr std::uint32_t incompat_64bit = 0x80;
constexpr std::uint32_t ro_compat_metadata_csum = 0x400;
// What the ext3 driver understood; anything else makes it ext4, as blkid decides it.
constexpr std::uint32_t ext3_incompat = 0x2 | 0x4 | 0x10;
constexpr std::uint32_t ext3_ro_compat = 0x1 | 0x2 | 0x4;

constexpr std::uint16_t state_valid = 1;
constexpr std::uint16_t state_error = 2;
constexpr std::uint16_t state_orphans = 4;

}  // namespace

std::optional<FilesystemFacts> read_ext_superblock(VolumeReader &volume)
{
    auto const sb = volume.read(superblock_at, 1024);
    if (!sb || load_le<std::uint16_t>(*sb, 0x38) != 0xef53)
        return std::nullopt;
    auto const log_block_size = load_le<std::uint32_t>(*sb, 0x18);
    auto const inodes = load_le<std::uint32_t>(*sb, 0x0);
    bool const dynamic = load_le<std::uint32_t>(*sb, 0x4c) >= 1;  // s_rev_level: before it, there are no features
    auto const compat = dynamic ? load_le<std::uint32_t>(*sb, 0x5c) : 0;
    auto const incompat = dynamic ? load_le<std::uint32_t>(*sb, 0x60) : 0;
    auto const ro_compat = dynamic ? load_le<std::uint32_t>(*sb, 0x64) : 0;
    bool const journal = (incompat & incompat_journal_dev) != 0;
    // The magic has two bytes only: 64 KiB is the largest block there is, and a filesystem has inodes.
    if (log_block_size > 6 || (inodes == 0 && !journal))
        return std::nullopt;

    FilesystemFacts facts;
    facts.uuid = uuid_text(Bytes(*sb).subspan(0x68, 16));
    facts.label = label_text(Bytes(*sb).subspan(0x78, 16));
    facts.block_size = std::uint64_t{1024} << log_block_size;
    append_features(facts.features, compat, compat_names, "FEATURE_C");
    append_features(facts.features, incompat, incompat_names, "FEATURE_I");
    append_features(facts.features, ro_compat, ro_compat_names, "FEATURE_R");

    bool const wide = (incompat & incompat_64bit) != 0;
    auto const count = [&](std::size_t low, std::size_t high) {
        return load_le<std::uint32_t>(*sb, low) | (wide ? std::uint64_t{load_le<std::uint32_t>(*sb, high)} << 32 : 0);
    };
    facts.size = product(count(0x4, 0x150), facts.block_size);
    if (journal) {
        facts.type = "jbd";
        return facts;
    }
    facts.free = product(count(0xc, 0x158), facts.block_size);
    facts.inodes = inodes;
    facts.free_inodes = load_le<std::uint32_t>(*sb, 0x10);

    if ((incompat & ~ext3_incompat) != 0 || (ro_compat & ~ext3_ro_compat) != 0)
        facts.type = "ext4";
    else
        facts.type = (compat & compat_has_journal) != 0 ? "ext3" : "ext2";

    facts.clean = true;
    auto const state = load_le<std::uint16_t>(*sb, 0x3a);
    if ((incompat & incompat_recover) != 0)
        mark_unclean(facts, "the journal needs recovery");
    if ((state & state_error) != 0)
        mark_unclean(facts, "errors were found");
    if ((state & state_valid) == 0)
        mark_unclean(facts, "not cleanly unmounted");
    if ((state & state_orphans) != 0)
        mark_unclean(facts, "orphan inodes are being recovered");
    if ((ro_compat & ro_compat_metadata_csum) != 0 &&
        ~crc32c(0, Bytes(*sb).first(0x3fc)) != load_le<std::uint32_t>(*sb, 0x3fc))
        mark_unclean(facts, "the superblock's checksum is wrong");
    if (facts.size && *facts.size > volume.size())
        mark_unclean(facts, fmt::format("the filesystem has {} bytes, the volume {}", *facts.size, volume.size()));
    return facts;
}

}  // namespace imgport
