#include "volume/superblock.hpp"

#include <array>

#include <fmt/format.h>

namespace imgport {
namespace {

// Containers come first: a mirror's member begins with the filesystem that the mirror holds. Then what has a long
// magic, and what is told by a few bytes last.
constexpr std::array<SuperblockReader, 15> readers{
    read_raid_superblock,  read_lvm_label,        read_luks_header,        read_bitlocker_header,
    read_swap_header,      read_xfs_superblock,   read_btrfs_superblock,   read_ext_superblock,
    read_ntfs_boot_sector, read_other_superblock, read_iso9660_descriptor, read_ufs_superblock,
    read_fat_boot_sector,  read_zfs_label,        read_luks_second_header,
};

}  // namespace

Result<FilesystemFacts> describe_filesystem(Disk &volume)
{
    VolumeReader reader(volume);
    for (auto const read : readers) {
        auto facts = read(reader);
        if (reader.error())
            return fail(*reader.error());
        if (facts)
            return std::move(*facts);
    }
    return FilesystemFacts{};
}

Result<std::vector<FilesystemFacts>> superblocks_of(Disk &volume)
{
    VolumeReader reader(volume);
    std::vector<FilesystemFacts> all;
    for (auto const read : readers) {
        if (read == read_luks_second_header && !all.empty())
            break;  // it counts only where nothing else does
        auto facts = read(reader);
        if (reader.error())
            return fail(*reader.error());
        if (facts)
            all.push_back(std::move(*facts));
    }
    return all;
}

void append_features(std::vector<std::string> &out, std::uint32_t bits, std::span<const FeatureName> names,
                     const char *prefix)
{
    for (unsigned bit = 0; bit < 32; ++bit) {
        if ((bits >> bit & 1) == 0)
            continue;
        std::string word = fmt::format("{}{}", prefix, bit);
        for (auto const &known : names) {
            if (known.bit == 1U << bit)
                word = known.name;
        }
        if (!word.empty())
            out.push_back(std::move(word));
    }
}

std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b)
{
    return checked_mul<std::uint64_t>(a, b);
}

void mark_unclean(FilesystemFacts &facts, std::string_view reason)
{
    facts.clean = false;
    facts.state += facts.state.empty() ? "" : ", ";
    facts.state += reason;
}

}  // namespace imgport
