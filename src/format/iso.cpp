// ISO 9660 (ECMA-119), with Joliet and El Torito.
#include <algorithm>

#include <fmt/format.h>

#include "format/boot_sector.hpp"
#include "format/container.hpp"
#include "format/reading.hpp"
#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t block_size = 2048;
constexpr std::uint64_t first_descriptor = 16;  // ECMA-119, section 6.2.1: 16 sectors of system area
constexpr std::uint64_t most_descriptors = 64;
constexpr std::uint8_t terminator = 255;

// The "El Torito" Bootable CD-ROM Format Specification 1.0.
constexpr std::string_view el_torito_id = "EL TORITO SPECIFICATION";
constexpr std::uint8_t platform_efi = 0xef;
constexpr std::size_t catalogue_length = 2048;

// "CD001" may come after the UDF descriptors of a bridge disc.
bool recognise(Container &container)
{
    for (std::uint64_t sector = first_descriptor; sector < first_descriptor + 3; ++sector) {
        if (!container.has(sector * block_size, 6))
            return false;
        auto const bytes = container.read(sector * block_size, 6);
        if (bytes && text_of(*bytes).substr(1) == "CD001")
            return true;
    }
    return false;
}

struct Descriptors {
    std::optional<std::vector<std::byte>> primary = {};
    std::optional<std::uint64_t> boot_catalogue = {};  // sector
    bool joliet = false;
    bool complete = true;    // all of them were kept
    bool cut_short = false;  // the file ends among them
};

// A descriptor, with zeros for what lies past the end of the file; nullopt where a stream did not keep it.
Result<std::optional<std::vector<std::byte>>> read_descriptor(Container &container, std::uint64_t place)
{
    std::uint64_t const size = container.size().value_or(~std::uint64_t{0});
    std::uint64_t const there = std::min(block_size, place < size ? size - place : 0);
    auto bytes = read_kept(container, place, there, "volume descriptor");
    if (bytes && *bytes)
        (*bytes)->resize(block_size);
    return bytes;
}

// ECMA-119, section 8: one descriptor of 2048 bytes after the other, up to the terminator.
Result<Descriptors> read_descriptors(Container &container)
{
    Descriptors found;
    for (std::uint64_t i = 0; i < most_descriptors; ++i) {
        std::uint64_t const place = (first_descriptor + i) * block_size;
        found.cut_short = container.size() && !range_inside(place, block_size, *container.size());
        if (found.cut_short && place >= *container.size())
            return found;
        auto bytes = read_descriptor(container, place);
        if (!bytes)
            return fail(bytes.error());
        if (!*bytes) {
            found.complete = false;
            return found;
        }
        Bytes const block = **bytes;
        std::string_view const id = text_of(block.subspan(1, 5));
        auto const type = static_cast<std::uint8_t>(block[0]);
        if (id != "CD001") {
            // The UDF descriptors of a bridge disc: ECMA-167, part 2, section 9.
            if (id == "BEA01" || id == "NSR02" || id == "NSR03" || id == "TEA01" || id == "BOOT2")
                continue;
            break;
        }
        if (type == terminator)
            break;
        if (type == 1 && !found.primary)
            found.primary = std::move(**bytes);
        else if (type == 0 && text_of(block.subspan(7)).starts_with(el_torito_id))
            found.boot_catalogue = load_le<std::uint32_t>(block, 71);
        else if (type == 2) {
            // The escape sequences of UCS-2: Joliet Specification, section "SVD Escape Sequences Field".
            std::string_view const escape = text_of(block.subspan(88, 3));
            found.joliet |= escape == "%/@" || escape == "%/C" || escape == "%/E";
        }
    }
    return found;
}

// El Torito, figures 2 to 5: a validation entry, the default entry, then sections, all of 32 bytes.
bool has_efi_entry(Bytes catalogue)
{
    auto const byte = [&](std::size_t at) { return static_cast<std::uint8_t>(catalogue[at]); };
    if (byte(1) == platform_efi)
        return true;
    std::size_t at = 64;
    while (at + 32 <= catalogue.size()) {
        std::uint8_t const id = byte(at);
        if (id != 0x90 && id != 0x91)
            return false;
        if (byte(at + 1) == platform_efi)
            return true;
        at += 32 + std::size_t{load_le<std::uint16_t>(catalogue, at + 2)} * 32;
        // Extensions of the section's entries.
        while (at + 32 <= catalogue.size() && byte(at) == 0x44)
            at += 32;
    }
    return false;
}

void read_boot_catalogue(Container &container, std::uint64_t sector, IsoDetails &details, ImageFacts &facts)
{
    std::uint64_t const place = sector * block_size;  // 32 bits by 2 KiB
    auto const bytes = read_kept(container, place, catalogue_length, "boot catalogue");
    if (!bytes) {
        if (!facts.hazard("truncated"))
            add_hazard(facts, "truncated", HazardSeverity::warn,
                       fmt::format("the boot catalogue lies at {}, past the end of the file", place));
        return;
    }
    // Not kept: the record alone says that there is one.
    details.el_torito = true;
    if (!*bytes)
        return;
    bool const valid = (**bytes)[0] == std::byte{1} && load_be<std::uint16_t>(**bytes, 30) == 0x55aa;
    details.el_torito = valid;
    details.el_torito_efi = valid && has_efi_entry(**bytes);
}

void read_primary(Bytes primary, const Container &container, ImageFacts &facts)
{
    facts.details.iso->volume_id = std::string(trim(text_of(primary.subspan(40, 32))));
    std::uint64_t const blocks = load_le<std::uint32_t>(primary, 80);
    std::uint64_t const block = load_le<std::uint16_t>(primary, 128);
    auto const size = container.size();
    if (size && blocks * block > *size && !facts.hazard("truncated"))
        add_hazard(facts, "truncated", HazardSeverity::warn,
                   fmt::format("the volume has {} bytes, the file only {}: it is cut short", blocks * block, *size));
}

Result<void> read_image(Container &container, ImageFacts &facts)
{
    facts.details.iso = IsoDetails{};
    facts.details.content = "iso9660";
    facts.virtual_size = container.size();
    IsoDetails &details = *facts.details.iso;
    auto const first = read_head(container, sector_size);
    details.hybrid = first.size() == sector_size && partition_table_of(first);
    if (details.hybrid)
        facts.variant = "hybrid";
    auto const found = read_descriptors(container);
    if (!found)
        return fail(found.error());
    details.joliet = found->joliet;
    if (found->cut_short)
        add_hazard(facts, "truncated", HazardSeverity::warn, "the file ends among the volume descriptors");
    if (found->boot_catalogue)
        read_boot_catalogue(container, *found->boot_catalogue, details, facts);
    if (found->primary)
        read_primary(*found->primary, container, facts);
    else if (found->complete)
        return fail(
            malformed("there is no primary volume descriptor", first_descriptor * block_size, "volume descriptor"));
    return {};
}

void describe(Container &container, const AllowedFiles &, ImageFacts &facts)
{
    if (auto done = read_image(container, facts); !done)
        set_error(facts, done.error());
}

}  // namespace

const FormatReader iso_reader{Format::iso, recognise, describe};

}  // namespace imgport
