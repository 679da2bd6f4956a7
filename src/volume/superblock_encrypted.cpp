// What is encrypted as a whole: LUKS, BitLocker.
#include <fmt/format.h>

#include "support/text.hpp"
#include "volume/fields.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t luks_header_size = 512;

std::optional<FilesystemFacts> luks_facts(Bytes header)
{
    auto const version = load_be<std::uint16_t>(header, 6);
    if (version != 1 && version != 2)
        return std::nullopt;
    FilesystemFacts facts;
    facts.type = "crypto_LUKS";
    facts.uuid = label_text(header.subspan(168, 40));
    facts.label = version == 2 ? label_text(header.subspan(24, 48)) : "";
    facts.features.push_back(fmt::format("LUKS{}", version));
    return facts;
}

// The volume's identifier out of the first block of FVE metadata that is there. libyal's "BitLocker Drive Encryption
// (BDE) format specification", sections 3 and 5.
std::string bitlocker_identifier(VolumeReader &volume, std::uint64_t offsets_at)
{
    for (std::uint64_t i = 0; i < 3; ++i) {
        auto const offset = volume.read(offsets_at + 8 * i, 8);
        auto const block = offset ? volume.read(load_le<std::uint64_t>(*offset, 0), 96) : std::nullopt;
        if (block && begins_with(*block, "-FVE-FS-"))
            return to_lower(guid_text(Bytes(*block).subspan(80, 16)));
    }
    return {};
}

}  // namespace

// LUKS1 On-Disk Format Specification 1.2.3 and LUKS2 On-Disk Format Specification 1.1.2: the binary headers.
std::optional<FilesystemFacts> read_luks_header(VolumeReader &volume)
{
    auto const header = volume.read(0, luks_header_size);
    if (!header || !begins_with(*header, "LUKS\xba\xbe"sv))
        return std::nullopt;
    return luks_facts(*header);
}

// At one of a few places, which it names itself.
std::optional<FilesystemFacts> read_luks_second_header(VolumeReader &volume)
{
    for (std::uint64_t at = 0x4000; at <= 0x400000; at *= 2) {
        auto const second = volume.read(at, luks_header_size);
        if (second && begins_with(*second, "SKUL\xba\xbe"sv) && load_be<std::uint64_t>(*second, 256) == at)
            return luks_facts(*second);
    }
    return std::nullopt;
}

// The sectors of Windows Vista, of later versions, and of BitLocker To Go, which looks like FAT to older systems.
std::optional<FilesystemFacts> read_bitlocker_header(VolumeReader &volume)
{
    constexpr auto identifier = "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01"sv;
    FilesystemFacts facts;
    facts.type = "BitLocker";
    if (volume.has(3, "-FVE-FS-")) {
        if (volume.has(160, identifier))
            facts.uuid = bitlocker_identifier(volume, 176);
        return facts;
    }
    if (!volume.has(3, "MSWIN4.1") || !volume.has(424, identifier))
        return std::nullopt;
    facts.uuid = bitlocker_identifier(volume, 440);
    return facts;
}

}  // namespace imgport
