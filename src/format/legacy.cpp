// The formats of the past, read only as far as their header: QCOW version 1, QED, Parallels and Apple's UDIF (DMG).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/container.hpp"
#include "format/reading.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

// FormatReader::describe out of a function that can fail.
template <Result<void> (*Read)(Container &, const AllowedFiles &, ImageFacts &)>
void describe(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    if (auto done = Read(container, allowed, facts); !done)
        set_error(facts, done.error());
}

tl::unexpected<Error> broken(std::uint64_t offset, const char *field, std::string message)
{
    return fail(malformed(std::move(message), offset, field));
}

// ------------------------------------------------------------------------------------------- QCOW, version 1

// The layout of block/qcow.c of QEMU, big-endian.
bool recognise_qcow(Container &container)
{
    auto const head = read_head(container, 8);
    return head.size() == 8 && begins_with(head, "QFI\xfb") && load_be<std::uint32_t>(head, 4) == 1;
}

Result<void> read_qcow_backing(Container &container, Bytes header, const AllowedFiles &allowed, ImageFacts &facts)
{
    auto const offset = load_be<std::uint64_t>(header, 8);
    auto const size = load_be<std::uint32_t>(header, 16);
    if (offset == 0)
        return {};
    if (size == 0 || size > 1023)
        return broken(16, "backing_file_size", fmt::format("{} is not from 1 to 1023", size));
    auto const name = read_kept(container, offset, size, "backing file name");
    if (!name)
        return fail(name.error());
    add_backing_hazard(facts, *name ? std::string(text_of(**name)) : std::string(), allowed);
    return {};
}

Result<void> read_qcow(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    facts.variant = "v1";
    auto const header = read_header(container, 0, 48, "header");
    if (!header)
        return fail(header.error());
    auto const size = load_be<std::uint64_t>(*header, 24);
    std::uint32_t const cluster_bits = static_cast<std::uint8_t>((*header)[32]);
    std::uint32_t const l2_bits = static_cast<std::uint8_t>((*header)[33]);
    auto const crypt_method = load_be<std::uint32_t>(*header, 36);
    auto const l1_offset = load_be<std::uint64_t>(*header, 40);
    // QEMU counts whole sectors.
    set_virtual_size(facts, size / sector_size * sector_size);
    if (auto done = read_qcow_backing(container, *header, allowed, facts); !done)
        return done;
    if (crypt_method > 1)
        return broken(36, "crypt_method", fmt::format("{} is neither 0 nor 1", crypt_method));
    if (crypt_method == 1)
        add_hazard(facts, "encrypted", HazardSeverity::refuse, "is encrypted (AES); decrypt it first with the key");
    if (cluster_bits < 9 || cluster_bits > 16)
        return broken(32, "cluster_bits", fmt::format("{} is not from 9 to 16", cluster_bits));
    if (l2_bits < 6 || l2_bits > 13)
        return broken(33, "l2_bits", fmt::format("{} is not from 6 to 13", l2_bits));
    if (facts.hazard("absurd-size"))
        return {};
    std::uint64_t const covered = std::uint64_t{1} << (cluster_bits + l2_bits);
    std::uint64_t const entries = size / covered + (size % covered != 0 ? 1 : 0);
    return check_inside(container, l1_offset, entries * 8, 40, "l1_table_offset");
}

// ------------------------------------------------------------------------------------------------------- QED

// docs/interop/qed_spec.txt of QEMU, little-endian.
bool recognise_qed(Container &container)
{
    return begins_with(read_head(container, 4), std::string_view("QED\0", 4));
}

Result<void> read_qed(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    constexpr std::uint64_t has_backing = 1;
    constexpr std::uint64_t needs_check = 2;
    constexpr std::uint64_t known_features = 7;
    auto const header = read_header(container, 0, 64, "header");
    if (!header)
        return fail(header.error());
    std::uint64_t const cluster = load_le<std::uint32_t>(*header, 4);
    std::uint64_t const table = load_le<std::uint32_t>(*header, 8);  // clusters
    std::uint64_t const head = load_le<std::uint32_t>(*header, 12);  // clusters
    auto const features = load_le<std::uint64_t>(*header, 16);
    auto const l1_offset = load_le<std::uint64_t>(*header, 40);
    auto const size = load_le<std::uint64_t>(*header, 48);
    set_virtual_size(facts, size);
    if ((features & ~known_features) != 0)
        add_hazard(facts, "unknown-feature", HazardSeverity::refuse,
                   fmt::format("needs features that are not known: bits {:#x}", features & ~known_features));
    if ((features & needs_check) != 0)
        add_hazard(facts, "dirty", HazardSeverity::warn, "was not closed: its tables must be checked first");
    if (!is_power_of_two(cluster) || cluster < 4096 || cluster > 64 << 20)
        return broken(4, "cluster_size", fmt::format("{} is no power of two from 4 KiB to 64 MiB", cluster));
    if (!is_power_of_two(table) || table > 16)
        return broken(8, "table_size", fmt::format("{} is neither 1, 2, 4, 8 nor 16", table));
    if (head == 0 || head * cluster > 64 << 20)
        return broken(12, "header_size", fmt::format("{} clusters are no header", head));
    if (l1_offset % cluster != 0 || l1_offset < head * cluster)
        return broken(40, "l1_table_offset", fmt::format("{} is not at a cluster behind the header", l1_offset));
    if (auto done = check_inside(container, l1_offset, table * cluster, 40, "l1_table_offset"); !done)
        return done;
    std::uint64_t const entries = table * cluster / 8;  // at most 2^27
    auto const covered = checked_mul(entries * entries, cluster);
    if (size % sector_size != 0 || (covered && size > *covered))
        return broken(48, "image_size", fmt::format("{} is not made of sectors, or more than the tables hold", size));
    if ((features & has_backing) == 0)
        return {};
    std::uint64_t const name_offset = load_le<std::uint32_t>(*header, 56);
    std::uint64_t const name_size = load_le<std::uint32_t>(*header, 60);
    if (name_size == 0 || name_size > 1023 || !range_inside(name_offset, name_size, head * cluster))
        return broken(56, "backing_filename_offset",
                      fmt::format("{} bytes at {} are no name in the header", name_size, name_offset));
    auto const name = read_kept(container, name_offset, name_size, "backing filename");
    if (!name)
        return fail(name.error());
    add_backing_hazard(facts, *name ? std::string(text_of(**name)) : std::string(), allowed);
    return {};
}

// ------------------------------------------------------------------------------------------------- Parallels

// docs/interop/parallels.txt of QEMU, little-endian.
constexpr std::string_view parallels_old_magic = "WithoutFreeSpace";
constexpr std::string_view parallels_magic = "WithouFreSpacExt";
constexpr std::size_t parallels_header_length = 64;

bool recognise_parallels(Container &container)
{
    auto const head = read_head(container, 16);
    return begins_with(head, parallels_old_magic) || begins_with(head, parallels_magic);
}

Result<void> read_parallels(Container &container, const AllowedFiles &, ImageFacts &facts)
{
    constexpr std::uint32_t in_use = 0x746f6e59;
    auto const header = read_header(container, 0, parallels_header_length, "header");
    if (!header)
        return fail(header.error());
    bool const extended = begins_with(*header, parallels_magic);
    auto const version = load_le<std::uint32_t>(*header, 16);
    auto const tracks = load_le<std::uint32_t>(*header, 28);  // sectors of a cluster
    auto const bat_entries = load_le<std::uint32_t>(*header, 32);
    auto const whole_size = load_le<std::uint64_t>(*header, 36);
    // The old format has 32 bits there and something else behind.
    std::uint64_t const sectors = extended ? whole_size : whole_size & 0xffffffff;
    facts.variant = extended ? "extended" : "old";
    set_virtual_size(facts, checked_mul(sectors, sector_size).value_or(~std::uint64_t{0}));
    if (version != 2)
        return broken(16, "version", fmt::format("{} is not 2", version));
    if (tracks == 0 || tracks > 0x7fffffff / 513)
        return broken(28, "tracks", fmt::format("{} sectors are no cluster", tracks));
    if (load_le<std::uint32_t>(*header, 44) == in_use)
        add_hazard(facts, "dirty", HazardSeverity::warn, "was not closed by the program that wrote it last");
    if (facts.hazard("absurd-size"))
        return {};
    if (std::uint64_t{bat_entries} * tracks < sectors)
        return broken(
            32, "bat_entries",
            fmt::format("{} clusters of {} sectors are too few for a disk of {}", bat_entries, tracks, sectors));
    return check_inside(container, parallels_header_length, std::uint64_t{bat_entries} * 4, 32, "bat_entries");
}

// ------------------------------------------------------------------------------------------------- DMG (UDIF)

// The trailer, big-endian, in the last 512 bytes. Apple never documented it.
constexpr std::size_t koly_length = 512;

// An encrypted disk image of Mac OS X 10.3 and later begins with its own header instead.
constexpr std::string_view encrypted_dmg_magic = "encrcdsa";

std::optional<std::uint64_t> koly_place(Container &container)
{
    auto const size = container.size();
    if (!size || *size < koly_length || !container.has(*size - koly_length, koly_length))
        return std::nullopt;
    auto const bytes = container.read(*size - koly_length, koly_length);
    bool const is_trailer = bytes && begins_with(*bytes, "koly") && load_be<std::uint32_t>(*bytes, 4) == 4 &&
                            load_be<std::uint32_t>(*bytes, 8) == koly_length;
    return is_trailer ? std::optional(*size - koly_length) : std::nullopt;
}

bool recognise_dmg(Container &container)
{
    return koly_place(container) || begins_with(read_head(container, 8), encrypted_dmg_magic);
}

Result<void> read_dmg(Container &container, const AllowedFiles &, ImageFacts &facts)
{
    auto const place = koly_place(container);
    if (!place) {
        facts.variant = "encrypted";
        add_hazard(facts, "encrypted", HazardSeverity::refuse, "is encrypted; decrypt it first with hdiutil");
        return {};
    }
    facts.variant = "udif";
    auto const trailer = read_header(container, *place, koly_length, "trailer");
    if (!trailer)
        return fail(trailer.error());
    struct Fork {
        std::size_t at;
        const char *field;
    };
    static constexpr std::array<Fork, 3> forks{{{24, "DataForkOffset"}, {40, "RsrcForkOffset"}, {216, "XMLOffset"}}};
    auto const size = checked_mul(load_be<std::uint64_t>(*trailer, 492), sector_size);
    set_virtual_size(facts, size.value_or(~std::uint64_t{0}));
    for (auto const &fork : forks) {
        auto const offset = load_be<std::uint64_t>(*trailer, fork.at);
        auto const length = load_be<std::uint64_t>(*trailer, fork.at + 8);
        if (auto done = check_inside(container, offset, length, *place + fork.at, fork.field); !done)
            return done;
    }
    auto const segments = load_be<std::uint32_t>(*trailer, 60);
    if (segments > 1)
        add_hazard(facts, "unsupported", HazardSeverity::refuse,
                   fmt::format("is one of {} segments of a disk; join them first with hdiutil", segments));
    return {};
}

}  // namespace

const FormatReader qcow_reader{Format::qcow, recognise_qcow, describe<read_qcow>};
const FormatReader qed_reader{Format::qed, recognise_qed, describe<read_qed>};
const FormatReader parallels_reader{Format::parallels, recognise_parallels, describe<read_parallels>};
const FormatReader dmg_reader{Format::dmg, recognise_dmg, describe<read_dmg>};

}  // namespace imgport
