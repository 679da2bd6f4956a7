// VDI of VirtualBox.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/container.hpp"
#include "format/reading.hpp"
#include "format/vdi_structure.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

constexpr std::uint32_t signature = 0xbeda107f;
constexpr std::size_t signature_offset = 64;

bool recognise(Container &container)
{
    return read_le<std::uint32_t>(read_head(container, signature_offset + 4), signature_offset) == signature;
}

std::string_view variant_of(std::uint32_t type)
{
    static constexpr std::array<std::string_view, 5> names{"", "dynamic", "fixed", "undo", "differencing"};
    return type < names.size() ? names[type] : "";
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
                if (block >= VdiHeader::first_special_block || start >= header.disk_size)
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
    auto const found = read_vdi_header(container);
    if (!found)
        return fail(found.error());
    VdiHeader const &header = *found;
    facts.variant = variant_of(header.type);
    if (facts.variant.empty())
        return fail(malformed(fmt::format("{} is not from 1 to 4", header.type), 76, "image type"));
    set_virtual_size(facts, header.virtual_size());
    using Type = VdiHeader::Type;
    auto const type = static_cast<Type>(header.type);
    if (type == Type::undo || type == Type::differencing || header.has_parent)
        add_hazard(facts, "missing-parent", HazardSeverity::refuse,
                   "holds only the differences to another disk; merge the snapshots first in VirtualBox "
                   "(VBoxManage clonemedium)");
    if (auto done = check_vdi_header(container, header); !done)
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
