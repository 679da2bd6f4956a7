// UFS1 and UFS2, FreeBSD's FFS: sys/ufs/ffs/fs.h. Numbers are in the byte order of the machine that made it.
#include <array>

#include <fmt/format.h>

#include "volume/fields.hpp"
#include "volume/superblock.hpp"
#include "volume/ufs_superblock.hpp"

namespace imgport {
namespace {

constexpr std::size_t superblock_size = 1376;
constexpr std::size_t magic_at = 1372;
constexpr std::uint32_t magic_1 = 0x00011954;
constexpr std::uint32_t magic_2 = 0x19540119;

// SBLOCKSEARCH: the order in which FreeBSD looks.
constexpr std::array<std::uint64_t, 4> places{65536, 8192, 0, 262144};

// In the words of tunefs(8). What says something about the state is no feature.
constexpr std::array<FeatureName, 11> flag_names{{{0x1, ""},
                                                  {ufs_flag_soft_updates, "soft-updates"},
                                                  {ufs_flag_needs_fsck, ""},
                                                  {ufs_flag_journal, "soft-updates-journaling"},
                                                  {0x10, "acls"},
                                                  {0x20, "multilabel"},
                                                  {0x40, "gjournal"},
                                                  {0x80, ""},
                                                  {0x100, "nfsv4acls"},
                                                  {0x200, "check-hashes"},
                                                  {0x400, "trim"}}};

void count(const UfsSuperblock &sb, FilesystemFacts &facts)
{
    std::uint64_t const fragment = sb.fragment_size();
    facts.size = product(sb.fragments(), fragment);
    facts.inodes = std::uint64_t{sb.groups()} * sb.group_inodes();
    // struct csum_total, and struct csum of old: directories, free blocks, free inodes, free fragments.
    bool const old = sb.old_sizes();
    std::uint64_t const blocks = old ? sb.u32(196) : sb.u64(1016);
    std::uint64_t const inodes = old ? sb.u32(200) : sb.u64(1024);
    std::uint64_t const fragments = old ? sb.u32(204) : sb.u64(1032);
    auto const in_blocks = product(blocks, sb.block_size());
    auto const in_fragments = product(fragments, fragment);
    auto const free = in_blocks && in_fragments ? checked_add(*in_blocks, *in_fragments) : std::nullopt;
    // The counts are signed, and wrong after a crash: what cannot be is not told.
    if (free && facts.size && *free <= *facts.size)
        facts.free = free;
    if (inodes <= *facts.inodes)
        facts.free_inodes = inodes;
}

}  // namespace

std::uint32_t UfsSuperblock::flags() const
{
    auto const old = load_le<std::uint8_t>(bytes, 211);  // fs_old_flags
    return !version_2 && (old & 0x80) == 0 ? old : u32(1312);
}

bool UfsSuperblock::plausible_sizes() const
{
    std::uint32_t const block = block_size();
    std::uint32_t const fragment = fragment_size();
    return is_power_of_two(block) && block >= 4096 && block <= 65536 && is_power_of_two(fragment) && fragment >= 512 &&
           fragment <= block && block / fragment <= 8;
}

std::optional<UfsSuperblock> find_ufs_superblock(VolumeReader &volume)
{
    for (std::uint64_t const at : places) {
        auto bytes = volume.read(at, superblock_size);
        if (!bytes)
            continue;
        auto const little = load_le<std::uint32_t>(*bytes, magic_at);
        auto const big = load_be<std::uint32_t>(*bytes, magic_at);
        UfsSuperblock sb;
        sb.big_endian = big == magic_1 || big == magic_2;
        std::uint32_t const magic = sb.big_endian ? big : little;
        sb.version_2 = magic == magic_2;
        if (magic != magic_1 && magic != magic_2)
            continue;
        // A copy of the superblock may lie where another filesystem has its first one: with blocks of 64 KiB at 64 KiB.
        // UFS2 says in it where the first one is (fs_sblockloc); UFS1 never has it there.
        std::uint64_t const own_place =
            sb.big_endian ? load_be<std::uint64_t>(*bytes, 1000) : load_le<std::uint64_t>(*bytes, 1000);
        if (sb.version_2 ? own_place != at : at == 65536)
            continue;
        sb.bytes = std::move(*bytes);
        return sb;
    }
    return std::nullopt;
}

std::optional<FilesystemFacts> read_ufs_superblock(VolumeReader &volume)
{
    auto const sb = find_ufs_superblock(volume);
    if (!sb)
        return std::nullopt;
    FilesystemFacts facts;
    facts.type = "ufs";
    facts.features.push_back(sb->version_2 ? "UFS2" : "UFS1");
    if (sb->big_endian) {
        facts.features.push_back("big-endian");
        return facts;
    }
    if (!sb->plausible_sizes()) {
        mark_unclean(facts, fmt::format("the superblock is damaged: blocks of {} bytes in fragments of {}",
                                        sb->block_size(), sb->fragment_size()));
        return facts;
    }
    facts.block_size = sb->block_size();
    append_features(facts.features, sb->flags(), flag_names, "flag_");
    // As FreeBSD's geom_label and blkid write it; 0 is none.
    if (sb->u64(144) != 0)
        facts.uuid = fmt::format("{:08x}{:08x}", sb->u32(144), sb->u32(148));
    if (!sb->old_sizes())
        facts.label = label_text(Bytes(sb->bytes).subspan(680, 32));
    count(*sb, facts);

    facts.clean = true;
    if (load_le<std::uint8_t>(sb->bytes, 209) != 1)  // fs_clean
        mark_unclean(facts, (sb->flags() & ufs_flag_journal) != 0
                                ? "not cleanly unmounted: its soft updates journal has to be replayed"
                                : "not cleanly unmounted");
    if ((sb->flags() & ufs_flag_needs_fsck) != 0)
        mark_unclean(facts, "it is marked as in need of a full fsck");
    if (facts.size && *facts.size > volume.size())
        mark_unclean(facts, fmt::format("the filesystem has {} bytes, the volume {}", *facts.size, volume.size()));
    return facts;
}

}  // namespace imgport
