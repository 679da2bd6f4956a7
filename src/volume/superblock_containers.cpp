// What holds something else, or swap: LVM2, Linux software RAID, swap.
#include <array>

#include <fmt/format.h>

#include "volume/fields.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

constexpr std::uint32_t raid_magic = 0xa92b4efc;

FilesystemFacts member(std::string type, std::string uuid, std::string label)
{
    FilesystemFacts facts;
    facts.type = std::move(type);
    facts.uuid = std::move(uuid);
    facts.label = std::move(label);
    return facts;
}

// Linux: include/uapi/linux/raid/md_p.h, struct mdp_superblock_1, little-endian.
std::optional<FilesystemFacts> read_raid_1(VolumeReader &volume, std::uint64_t at)
{
    auto const sb = volume.read(at, 256);
    if (!sb || load_le<std::uint32_t>(*sb, 0) != raid_magic || load_le<std::uint32_t>(*sb, 4) != 1 ||
        load_le<std::uint64_t>(*sb, 144) != at / 512)  // super_offset
        return std::nullopt;
    auto facts =
        member("linux_raid_member", uuid_text(Bytes(*sb).subspan(16, 16)), label_text(Bytes(*sb).subspan(32, 32)));
    facts.features.push_back(at == 0 ? "1.1" : at == 4096 ? "1.2" : "1.0");
    return facts;
}

// The older format, struct mdp_super_s, in the last 64 KiB block; in the byte order of the machine that wrote it.
std::optional<FilesystemFacts> read_raid_0(VolumeReader &volume)
{
    constexpr std::uint64_t block = 64 * 1024;
    if (volume.size() < 2 * block)
        return std::nullopt;
    auto const sb = volume.read(volume.size() / block * block - block, 4096);
    if (!sb || load_le<std::uint32_t>(*sb, 0) != raid_magic)
        return std::nullopt;
    std::array<std::byte, 16> uuid{};
    for (std::size_t i = 0; i < 4; ++i) {
        std::size_t const word = i == 0 ? 20 : 48 + 4 * i;
        store_be(uuid, 4 * i, load_le<std::uint32_t>(*sb, word));
    }
    auto facts = member("linux_raid_member", uuid_text(uuid), "");
    facts.features.push_back(fmt::format("0.{}", load_le<std::uint32_t>(*sb, 8)));
    return facts;
}

}  // namespace

std::optional<FilesystemFacts> read_raid_superblock(VolumeReader &volume)
{
    for (std::uint64_t const at : {std::uint64_t{0}, std::uint64_t{4096}}) {
        if (auto facts = read_raid_1(volume, at))
            return facts;
    }
    std::uint64_t const sectors = volume.size() / 512;
    if (sectors >= 32) {
        // Version 1.0: at least 8 KiB from the end, on a 4 KiB boundary.
        if (auto facts = read_raid_1(volume, (sectors - 16) / 8 * 8 * 512))
            return facts;
    }
    return read_raid_0(volume);
}

// lvm2: lib/format_text/layout.h, struct label_header in one of the first four sectors, then struct pv_header.
std::optional<FilesystemFacts> read_lvm_label(VolumeReader &volume)
{
    for (std::uint64_t sector = 0; sector < 4; ++sector) {
        auto const label = volume.read(sector * 512, 512);
        if (!label || !begins_with(*label, "LABELONE") || text_of(*label).substr(24, 8) != "LVM2 001")
            continue;
        auto const at = load_le<std::uint32_t>(*label, 20);
        if (load_le<std::uint64_t>(*label, 8) != sector || !range_inside(at, 40, label->size()))
            continue;
        std::string_view const id = text_of(*label).substr(at, 32);
        std::string uuid;
        for (std::size_t i = 0; i < id.size(); ++i) {
            if (i == 6 || i == 10 || i == 14 || i == 18 || i == 22 || i == 26)
                uuid += '-';
            uuid += id[i];
        }
        auto facts = member("LVM2_member", uuid, "");
        facts.size = load_le<std::uint64_t>(*label, at + 32);
        return facts;
    }
    return std::nullopt;
}

// Linux: include/linux/swap.h, union swap_header; the magic ends the first page, whose size the machine decided.
std::optional<FilesystemFacts> read_swap_header(VolumeReader &volume)
{
    for (std::uint64_t const page : {4096U, 8192U, 16384U, 32768U, 65536U}) {
        auto const magic = volume.read(page - 10, 10);
        if (!magic)
            return std::nullopt;
        std::string_view const text = text_of(*magic);
        bool const plain = text == "SWAPSPACE2" || text == "SWAP-SPACE";
        // What hibernation writes over it: kernel/power/swap.c, and TuxOnIce.
        bool const suspended = text.starts_with("S1SUSPEND") || text.starts_with("S2SUSPEND") ||
                               text.starts_with("ULSUSPEND") || text.starts_with("LINHIB0001");
        if (!plain && !suspended)
            continue;
        FilesystemFacts facts;
        facts.type = "swap";
        facts.block_size = page;
        auto const header = volume.read(1024, 512);
        if (header && text != "SWAP-SPACE" && load_le<std::uint32_t>(*header, 0) == 1) {
            facts.size = product(std::uint64_t{load_le<std::uint32_t>(*header, 4)} + 1, page);
            facts.uuid = uuid_text(Bytes(*header).subspan(12, 16));
            facts.label = label_text(Bytes(*header).subspan(28, 16));
        }
        if (suspended)
            facts.state = "a hibernated system is stored in it";
        return facts;
    }
    return std::nullopt;
}

}  // namespace imgport
