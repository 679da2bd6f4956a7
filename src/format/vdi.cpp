// VDI of VirtualBox. There is no specification; the layout is the one that VirtualBox and QEMU share (block/vdi.c of
// QEMU describes it). Little-endian.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/container.hpp"
#include "format/reading.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

constexpr std::uint32_t signature = 0xbeda107f;
constexpr std::size_t signature_offset = 64;
constexpr std::size_t header_length = 512;

enum class Type : std::uint32_t { dynamic = 1, fixed = 2, undo = 3, differencing = 4 };

// Entries of the block map from here up are no blocks: 0xfffffffe reads as zeros, 0xffffffff was never written.
constexpr std::uint32_t first_special_block = 0xfffffffe;

struct VdiHeader {
    std::uint32_t version = 0;
    std::uint32_t type = 0;
    std::uint32_t map_offset = 0;
    std::uint32_t data_offset = 0;
    std::uint32_t sector = 0;
    std::uint64_t disk_size = 0;
    std::uint32_t block_size = 0;
    std::uint32_t block_extra = 0;
    std::uint32_t blocks = 0;
    std::uint32_t blocks_allocated = 0;
    bool has_parent = false;  // one of the two UUIDs that lead to another image is set
};

bool recognise(Container &container)
{
    return read_le<std::uint32_t>(read_head(container, signature_offset + 4), signature_offset) == signature;
}

VdiHeader parse(Bytes bytes)
{
    VdiHeader header;
    header.version = load_le<std::uint32_t>(bytes, 68);
    header.type = load_le<std::uint32_t>(bytes, 76);
    header.map_offset = load_le<std::uint32_t>(bytes, 340);
    header.data_offset = load_le<std::uint32_t>(bytes, 344);
    header.sector = load_le<std::uint32_t>(bytes, 360);
    header.disk_size = load_le<std::uint64_t>(bytes, 368);
    header.block_size = load_le<std::uint32_t>(bytes, 376);
    header.block_extra = load_le<std::uint32_t>(bytes, 380);
    header.blocks = load_le<std::uint32_t>(bytes, 384);
    header.blocks_allocated = load_le<std::uint32_t>(bytes, 388);
    header.has_parent = !all_zero(bytes.subspan(424, 32));
    return header;
}

std::string_view variant_of(std::uint32_t type)
{
    static constexpr std::array<std::string_view, 5> names{"", "dynamic", "fixed", "undo", "differencing"};
    return type < names.size() ? names[type] : "";
}

Result<void> check_header(const Container &container, const VdiHeader &header)
{
    auto const broken = [](std::uint64_t at, const char *field, std::string message) {
        return fail(malformed(std::move(message), at, field));
    };
    if (header.sector != sector_size)
        return broken(360, "sector size", fmt::format("{} is not 512", header.sector));
    if (!is_power_of_two(header.block_size) || header.block_size < sector_size)
        return broken(376, "block size", fmt::format("{} is no power of two from 512 up", header.block_size));
    std::uint64_t const covered = std::uint64_t{header.blocks} * header.block_size;
    if (covered < header.disk_size)
        return broken(384, "blocks in image",
                      fmt::format("{} blocks of {} bytes are too few for a disk of {}", header.blocks,
                                  header.block_size, header.disk_size));
    if (header.map_offset < header_length || header.map_offset % sector_size != 0)
        return broken(340, "block map offset",
                      fmt::format("{} is not at a sector behind the header", header.map_offset));
    if (header.data_offset < header_length || header.data_offset % sector_size != 0)
        return broken(344, "data offset", fmt::format("{} is not at a sector behind the header", header.data_offset));
    if (header.blocks_allocated > header.blocks)
        return broken(388, "blocks allocated",
                      fmt::format("{} are more than there are, {}", header.blocks_allocated, header.blocks));
    return check_inside(container, header.map_offset, std::uint64_t{header.blocks} * 4, 340, "block map offset");
}

Result<void> check_map(Container &container, const VdiHeader &header)
{
    std::uint64_t const step = std::uint64_t{header.block_size} + header.block_extra;
    auto const done = for_each_piece(
        container, header.map_offset, std::uint64_t{header.blocks} * 4, "block map",
        [&](Bytes piece, std::uint64_t offset) -> Result<void> {
            for (std::size_t at = 0; at + 4 <= piece.size(); at += 4) {
                auto const block = load_le<std::uint32_t>(piece, at);
                std::uint64_t const start = (offset + at - header.map_offset) / 4 * header.block_size;
                if (block >= first_special_block || start >= header.disk_size)
                    continue;
                if (block >= header.blocks)
                    return fail(malformed(fmt::format("block {} is none of {}", block, header.blocks), offset + at,
                                          "block map"));
                // Of the last block no more is needed than the disk has. 2^32 blocks of 2^32 bytes fit 64 bits, just.
                std::uint64_t const needed = std::min<std::uint64_t>(header.block_size, header.disk_size - start);
                auto const place = checked_mul(std::uint64_t{block}, step);
                auto const begin =
                    place ? checked_add(*place, std::uint64_t{header.data_offset} + header.block_extra) : std::nullopt;
                if (!begin)
                    return fail(malformed("a block lies past all files", offset + at, "block map"));
                if (auto inside = check_inside(container, *begin, needed, offset + at, "block map"); !inside)
                    return inside;
            }
            return {};
        });
    if (!done)
        return fail(done.error());
    return {};
}

Result<void> read_image(Container &container, ImageFacts &facts)
{
    auto const bytes = read_header(container, 0, header_length, "header");
    if (!bytes)
        return fail(bytes.error());
    VdiHeader const header = parse(*bytes);
    // Version 0 has another layout; VirtualBox gave it up in 2006.
    if (header.version >> 16 != 1)
        return fail(malformed(fmt::format("{:#010x} is not version 1", header.version), 68, "version"));
    facts.variant = variant_of(header.type);
    if (facts.variant.empty())
        return fail(malformed(fmt::format("{} is not from 1 to 4", header.type), 76, "image type"));
    // QEMU counts whole sectors, and here it rounds up.
    set_virtual_size(facts, round_up(header.disk_size, sector_size).value_or(header.disk_size));
    auto const type = static_cast<Type>(header.type);
    if (type == Type::undo || type == Type::differencing || header.has_parent)
        add_hazard(facts, "missing-parent", HazardSeverity::refuse,
                   "holds only the differences to another disk; merge the snapshots first in VirtualBox "
                   "(VBoxManage clonemedium)");
    if (auto done = check_header(container, header); !done)
        return done;
    if (facts.hazard("absurd-size"))
        return {};
    return check_map(container, header);
}

void describe(Container &container, const AllowedFiles &, ImageFacts &facts)
{
    if (auto done = read_image(container, facts); !done)
        set_error(facts, done.error());
}

}  // namespace

const FormatReader vdi_reader{Format::vdi, recognise, describe};

}  // namespace imgport
