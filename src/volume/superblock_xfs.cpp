// XFS: "XFS Algorithms & Data Structures", third edition, chapters "Superblocks" and "Journaling Log".
// All numbers are big-endian.
#include <array>

#include <fmt/format.h>

#include "format/crc32c.hpp"
#include "volume/fields.hpp"
#include "volume/superblock.hpp"
#include "volume/xfs_log.hpp"

namespace imgport {
namespace {

// mkfs.xfs's words, where it has one.
constexpr std::array<FeatureName, 4> ro_compat_names{
    {{0x1, "finobt"}, {0x2, "rmapbt"}, {0x4, "reflink"}, {0x8, "inobtcount"}}};
constexpr std::array<FeatureName, 9> incompat_names{{{0x1, "ftype"},
                                                     {0x2, "sparse"},
                                                     {0x4, "meta_uuid"},
                                                     {0x8, "bigtime"},
                                                     {0x10, "needsrepair"},
                                                     {0x20, "nrext64"},
                                                     {0x40, "exchange"},
                                                     {0x80, "parent"},
                                                     {0x100, "metadir"}}};
constexpr std::array<FeatureName, 5> version_4_names{
    {{0x2, "lazy-count"}, {0x8, "attr2"}, {0x80, "projid32bit"}, {0x100, "crc"}, {0x200, "ftype"}}};

constexpr std::uint32_t incompat_needsrepair = 0x10;
constexpr std::size_t crc_at = 224;

void check_log(VolumeReader &volume, Bytes sb, FilesystemFacts &facts)
{
    auto const log_start = load_be<std::uint64_t>(sb, 48);
    if (log_start == 0) {
        facts.clean.reset();
        facts.state = "its log is on another device";
        return;
    }
    // A block number is an allocation group's number and a block in it, side by side.
    auto const ag_blocks = load_be<std::uint32_t>(sb, 84);
    auto const ag_shift = load_be<std::uint8_t>(sb, 124);
    std::uint64_t const block =
        (log_start >> ag_shift) * ag_blocks + (log_start & ((std::uint64_t{1} << ag_shift) - 1));
    auto const at = product(block, facts.block_size);
    auto const length = product(load_be<std::uint32_t>(sb, 96), facts.block_size);
    switch (at && length ? xfs_log_state(volume, *at, *length) : XfsLogState::damaged) {
    case XfsLogState::clean: break;
    case XfsLogState::dirty: mark_unclean(facts, "the log needs recovery"); break;
    case XfsLogState::damaged: mark_unclean(facts, "the log cannot be read"); break;
    }
}

}  // namespace

std::optional<FilesystemFacts> read_xfs_superblock(VolumeReader &volume)
{
    auto const sb = volume.read(0, 512);
    if (!sb || !begins_with(*sb, "XFSB"))
        return std::nullopt;
    auto const block_size = load_be<std::uint32_t>(*sb, 4);
    auto const version = load_be<std::uint16_t>(*sb, 100) & 0xf;
    auto const sector_size = load_be<std::uint16_t>(*sb, 102);
    auto const ag_shift = load_be<std::uint8_t>(*sb, 124);
    if (!is_power_of_two(block_size) || block_size < 512 || block_size > 65536 || !is_power_of_two(sector_size) ||
        sector_size < 512 || sector_size > 32768 || ag_shift > 31)
        return std::nullopt;

    FilesystemFacts facts;
    facts.type = "xfs";
    facts.uuid = uuid_text(Bytes(*sb).subspan(32, 16));
    facts.label = label_text(Bytes(*sb).subspan(108, 12));
    facts.block_size = block_size;
    facts.size = product(load_be<std::uint64_t>(*sb, 8), block_size);
    facts.inodes = load_be<std::uint64_t>(*sb, 128);
    facts.free_inodes = load_be<std::uint64_t>(*sb, 136);
    facts.free = product(load_be<std::uint64_t>(*sb, 144), block_size);
    facts.clean = true;

    if (version >= 5) {
        facts.features.push_back("crc");
        append_features(facts.features, load_be<std::uint32_t>(*sb, 212), ro_compat_names, "ro_compat_");
        append_features(facts.features, load_be<std::uint32_t>(*sb, 216), incompat_names, "incompat_");
        if ((load_be<std::uint32_t>(*sb, 216) & incompat_needsrepair) != 0)
            mark_unclean(facts, "it is marked as in need of repair");
        if (auto sector = volume.read(0, sector_size)) {
            auto const stored = load_le<std::uint32_t>(*sector, crc_at);
            store_le<std::uint32_t>(*sector, crc_at, 0);
            if (crc32c(0, *sector) != stored)
                mark_unclean(facts, "the superblock's checksum is wrong");
        }
    } else {
        append_features(facts.features, load_be<std::uint32_t>(*sb, 200), version_4_names, "features2_");
    }
    if (load_be<std::uint8_t>(*sb, 126) != 0)
        mark_unclean(facts, "mkfs did not finish");
    if (facts.size && *facts.size > volume.size())
        mark_unclean(facts, fmt::format("the filesystem has {} bytes, the volume {}", *facts.size, volume.size()));
    check_log(volume, *sb, facts);
    return facts;
}

}  // namespace imgport
