// Filesystems that are only named and, where that is one field, identified.
#include <array>

#include <fmt/format.h>

#include "format/reading.hpp"
#include "volume/fields.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

using namespace std::string_view_literals;

enum class Label { none, plain, utf16le };

struct Signature {
    const char *type;
    std::uint64_t at;
    std::string_view magic;
    std::uint64_t uuid_at = 0;  // 0: none
    Label label = Label::none;
    std::uint64_t label_at = 0;
    std::size_t label_size = 0;
};

// From each one's own on-disk structure; the offsets are from the start of the volume.
constexpr std::array signatures{
    Signature{"exfat", 3, "EXFAT   "sv},
    Signature{"ReFS", 0, "\0\0\0ReFS\0"sv},
    Signature{"squashfs", 0, "hsqs"sv},
    Signature{"f2fs", 1024, "\x10\x20\xf5\xf2"sv, 1024 + 108, Label::utf16le, 1024 + 124, 512},
    Signature{"erofs", 1024, "\xe2\xe1\xf5\xe0"sv, 1024 + 48, Label::plain, 1024 + 64, 16},
    Signature{"reiserfs", 65536 + 52, "ReIsErFs"sv},
    Signature{"reiserfs", 65536 + 52, "ReIsEr2Fs"sv, 65536 + 84, Label::plain, 65536 + 100, 16},
    Signature{"reiserfs", 65536 + 52, "ReIsEr3Fs"sv, 65536 + 84, Label::plain, 65536 + 100, 16},
    Signature{"jfs", 32768, "JFS1"sv, 32768 + 136, Label::plain, 32768 + 152, 16},
    Signature{"nilfs2", 1024 + 6, "\x34\x34"sv, 1024 + 152, Label::plain, 1024 + 168, 80},
    Signature{"apfs", 32, "NXSB"sv, 72},
    Signature{"hfsplus", 1024, "H+\0\4"sv},
    Signature{"hfsplus", 1024, "HX\0\5"sv},
    Signature{"bcache", 4096 + 24, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"sv, 4096 + 40},
    Signature{"gfs2", 65536, "\x01\x16\x19\x70"sv},
    Signature{"VMFS", 0x200000, "\x5e\xf1\xab\x2f"sv},
    Signature{"VMFS_volume_member", 0x100000, "\x0d\xd0\x01\xc0"sv},
    Signature{"DM_integrity", 0, "integrt\0"sv},
    Signature{"DM_verity_hash", 0, "verity\0\0"sv, 16},
};

// The volume recognition sequence (ECMA-167, part 2, section 9): descriptors of 2 KiB from 32 KiB on.
bool is_udf(VolumeReader &volume)
{
    for (std::uint64_t i = 0; i < 16; ++i) {
        auto const descriptor = volume.read(32768 + i * 2048 + 1, 5);
        if (!descriptor)
            return false;
        std::string_view const id = text_of(*descriptor);
        if (id == "NSR02" || id == "NSR03")
            return true;
        if (id != "BEA01" && id != "CD001" && id != "BOOT2" && id != "CDW02")
            return false;
    }
    return false;
}

}  // namespace

std::optional<FilesystemFacts> read_other_superblock(VolumeReader &volume)
{
    for (auto const &signature : signatures) {
        if (!volume.has(signature.at, signature.magic))
            continue;
        FilesystemFacts facts;
        facts.type = signature.type;
        if (signature.uuid_at != 0) {
            if (auto const uuid = volume.read(signature.uuid_at, 16))
                facts.uuid = uuid_text(*uuid);
        }
        if (signature.label != Label::none) {
            if (auto const label = volume.read(signature.label_at, signature.label_size))
                facts.label = signature.label == Label::plain ? label_text(*label) : utf8_from_utf16le(*label);
        }
        if (facts.type == "exfat") {
            if (auto const serial = volume.read(100, 4)) {
                auto const number = load_le<std::uint32_t>(*serial, 0);
                facts.uuid = fmt::format("{:04X}-{:04X}", number >> 16, number & 0xffff);
            }
        }
        return facts;
    }
    return std::nullopt;
}

// ECMA-119, section 8.4: the primary volume descriptor.
std::optional<FilesystemFacts> read_iso9660_descriptor(VolumeReader &volume)
{
    FilesystemFacts facts;
    if (is_udf(volume)) {
        facts.type = "udf";
        return facts;
    }
    auto const descriptor = volume.read(32768, 2048);
    if (!descriptor || text_of(*descriptor).substr(1, 5) != "CD001")
        return std::nullopt;
    facts.type = "iso9660";
    facts.label = label_text(Bytes(*descriptor).subspan(40, 32));
    facts.block_size = load_le<std::uint16_t>(*descriptor, 128);
    facts.size = product(load_le<std::uint32_t>(*descriptor, 80), facts.block_size);
    // blkid's UUID is the modification date, else the creation date: "2024-01-31-23-59-59-00".
    for (std::size_t const at : {830U, 813U}) {
        std::string_view const date = text_of(*descriptor).substr(at, 16);
        if (date.find_first_not_of("0123456789") != std::string_view::npos ||
            date.find_first_not_of('0') == std::string_view::npos)
            continue;
        facts.uuid = std::string(date.substr(0, 4));
        for (std::size_t i = 4; i < 16; i += 2)
            facts.uuid += "-" + std::string(date.substr(i, 2));
        break;
    }
    return facts;
}

}  // namespace imgport
