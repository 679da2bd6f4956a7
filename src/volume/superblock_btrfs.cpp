// btrfs: "On-disk format" in the btrfs documentation, section "Superblock".
#include <array>

#include <fmt/format.h>

#include "format/crc32c.hpp"
#include "volume/fields.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t superblock_at = 64 * 1024;
constexpr std::size_t superblock_size = 4096;

// mkfs.btrfs's words, where it has one.
constexpr std::array<FeatureName, 14> incompat_names{{{1U << 0, "mixed-backref"},
                                                      {1U << 1, "default-subvol"},
                                                      {1U << 2, "mixed-bg"},
                                                      {1U << 3, "compress-lzo"},
                                                      {1U << 4, "compress-zstd"},
                                                      {1U << 5, "big-metadata"},
                                                      {1U << 6, "extref"},
                                                      {1U << 7, "raid56"},
                                                      {1U << 8, "skinny-metadata"},
                                                      {1U << 9, "no-holes"},
                                                      {1U << 10, "metadata-uuid"},
                                                      {1U << 11, "raid1c34"},
                                                      {1U << 12, "zoned"},
                                                      {1U << 13, "extent-tree-v2"}}};
constexpr std::array<FeatureName, 4> ro_compat_names{{{1U << 0, "free-space-tree"},
                                                      {1U << 1, "free-space-tree-valid"},
                                                      {1U << 2, "verity"},
                                                      {1U << 3, "block-group-tree"}}};

}  // namespace

std::optional<FilesystemFacts> read_btrfs_superblock(VolumeReader &volume)
{
    auto const sb = volume.read(superblock_at, superblock_size);
    if (!sb || text_of(*sb).substr(64, 8) != "_BHRfS_M")
        return std::nullopt;
    FilesystemFacts facts;
    facts.type = "btrfs";
    facts.uuid = uuid_text(Bytes(*sb).subspan(32, 16));
    facts.label = label_text(Bytes(*sb).subspan(299, 256));
    facts.block_size = load_le<std::uint32_t>(*sb, 144);
    auto const total = load_le<std::uint64_t>(*sb, 112);
    auto const used = load_le<std::uint64_t>(*sb, 120);
    facts.size = total;
    if (used <= total)
        facts.free = total - used;
    // The upper halves of the feature words have no bit in use.
    append_features(facts.features, load_le<std::uint32_t>(*sb, 188), incompat_names, "incompat_");
    append_features(facts.features, load_le<std::uint32_t>(*sb, 180), ro_compat_names, "compat_ro_");

    facts.clean = true;
    if (load_le<std::uint64_t>(*sb, 96) != 0)
        mark_unclean(facts, "there is a log tree to replay");
    constexpr std::uint16_t csum_crc32c = 0;
    if (load_le<std::uint16_t>(*sb, 196) == csum_crc32c &&
        crc32c(0, Bytes(*sb).subspan(32)) != load_le<std::uint32_t>(*sb, 0))
        mark_unclean(facts, "the superblock's checksum is wrong");
    auto const devices = load_le<std::uint64_t>(*sb, 136);
    if (devices == 1 && total > volume.size())
        mark_unclean(facts, fmt::format("the filesystem has {} bytes, the volume {}", total, volume.size()));
    if (devices > 1)
        facts.features.push_back(fmt::format("devices={}", devices));
    return facts;
}

}  // namespace imgport
