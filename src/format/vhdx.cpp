// VHDX: [MS-VHDX].
#include <algorithm>

#include <fmt/format.h>

#include "format/container.hpp"
#include "format/reading.hpp"
#include "format/vhdx_structure.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t mib = 1 << 20;

// Section 2.5.1.1, payload block states of which the block is in the file.
constexpr std::uint64_t fully_present = 6;
constexpr std::uint64_t partially_present = 7;

bool recognise(Container &container)
{
    return begins_with(read_head(container, 8), "vhdxfile");
}

// Section 2.6.2: the bounds of each item.
Result<void> check_metadata(const VhdxMetadata &metadata, std::uint64_t place)
{
    auto const broken = [&](const char *field, std::string message) {
        return fail(malformed(std::move(message), place, field));
    };
    if (!metadata.block_size)
        return broken("File Parameters", "the item is missing");
    if (!metadata.virtual_disk_size)
        return broken("Virtual Disk Size", "the item is missing");
    if (!metadata.logical_sector_size)
        return broken("Logical Sector Size", "the item is missing");
    if (!is_power_of_two(*metadata.block_size) || *metadata.block_size < mib || *metadata.block_size > 256 * mib)
        return broken("BlockSize", fmt::format("{} is no power of two from 1 MiB to 256 MiB", *metadata.block_size));
    if (*metadata.logical_sector_size != 512 && *metadata.logical_sector_size != 4096)
        return broken("Logical Sector Size", fmt::format("{} is neither 512 nor 4096", *metadata.logical_sector_size));
    if (*metadata.virtual_disk_size == 0 || *metadata.virtual_disk_size % *metadata.logical_sector_size != 0)
        return broken("Virtual Disk Size", fmt::format("{} is not made of whole sectors", *metadata.virtual_disk_size));
    return {};
}

// Section 2.5: the entries of payload blocks, with one of a sector bitmap after each chunk.
struct BatLayout {
    std::uint64_t blocks = 0;
    std::uint64_t chunk_ratio = 0;  // payload blocks in a chunk: 2^23 sectors by the block's size, a power of two
    std::uint64_t entries = 0;
};

BatLayout layout_of(const VhdxMetadata &metadata)
{
    std::uint64_t const block = *metadata.block_size;
    std::uint64_t const size = *metadata.virtual_disk_size;
    BatLayout layout;
    layout.blocks = size / block + (size % block != 0 ? 1 : 0);
    layout.chunk_ratio = (std::uint64_t{1} << 23) * *metadata.logical_sector_size / block;
    std::uint64_t const chunks = (layout.blocks + layout.chunk_ratio - 1) / layout.chunk_ratio;
    layout.entries = metadata.has_parent ? chunks * (layout.chunk_ratio + 1)
                                         : layout.blocks + (layout.blocks - 1) / layout.chunk_ratio;
    return layout;
}

Result<void> check_bat(Container &container, const VhdxRegion &region, const VhdxMetadata &metadata)
{
    BatLayout const layout = layout_of(metadata);
    if (layout.entries > region.length / 8)
        return fail(malformed(fmt::format("{} bytes are too few for {} entries", region.length, layout.entries),
                              region.entry_place + 24, "region table Length"));
    auto const done = for_each_piece(
        container, region.offset, layout.entries * 8, "BAT", [&](Bytes piece, std::uint64_t offset) -> Result<void> {
            for (std::size_t at = 0; at + 8 <= piece.size(); at += 8) {
                std::uint64_t const index = (offset + at - region.offset) / 8;
                auto const entry = load_le<std::uint64_t>(piece, at);
                std::uint64_t const state = entry & 7;
                bool const is_bitmap = index % (layout.chunk_ratio + 1) == layout.chunk_ratio;
                if (is_bitmap || (state != fully_present && state != partially_present))
                    continue;
                std::uint64_t const target = (entry >> 20) * mib;
                if (auto inside = check_inside(container, target, *metadata.block_size, offset + at, "BAT"); !inside)
                    return inside;
            }
            return {};
        });
    if (!done)
        return fail(done.error());
    return {};
}

void add_metadata(const VhdxMetadata &metadata, ImageFacts &facts)
{
    VhdxDetails &details = *facts.details.vhdx;
    details.block_size = metadata.block_size.value_or(0);
    details.logical_sector_size = metadata.logical_sector_size.value_or(0);
    details.has_parent = metadata.has_parent;
    facts.variant = metadata.has_parent ? "differencing" : metadata.leave_blocks_allocated ? "fixed" : "dynamic";
    if (metadata.virtual_disk_size)
        set_virtual_size(facts, *metadata.virtual_disk_size);
    if (metadata.has_parent)
        add_hazard(facts, "missing-parent", HazardSeverity::refuse,
                   fmt::format("holds only the differences to another disk{}; merge the two first where it was made",
                               metadata.parent.empty() ? "" : ", " + quoted(metadata.parent)));
}

void note_unknown(std::string_view what, ImageFacts &facts)
{
    add_hazard(facts, "unknown-feature", HazardSeverity::refuse,
               fmt::format("needs a {} that is not known, and says that it may not be passed over", what));
}

Result<void> read_image(Container &container, ImageFacts &facts)
{
    facts.details.vhdx = VhdxDetails{};
    auto const header = read_vhdx_header(container);
    if (!header)
        return fail(header.error());
    bool const log_pending = *header && (*header)->has_log;
    facts.details.vhdx->log_pending = log_pending;
    if (log_pending)
        add_hazard(facts, "log-pending", HazardSeverity::warn,
                   "was not closed: its log must be replayed first (imgport does so in a private copy)");
    auto const regions = read_vhdx_regions(container);
    if (!regions)
        return fail(regions.error());
    if (!*regions)
        return {};
    if ((*regions)->unknown_required)
        note_unknown("region", facts);
    if (!(*regions)->metadata || !(*regions)->bat)
        return fail(malformed("there is no BAT or no metadata region", std::uint64_t{192} << 10, "region table"));
    auto const metadata = read_vhdx_metadata(container, *(*regions)->metadata);
    if (!metadata)
        return fail(metadata.error());
    if (!*metadata)
        return {};
    add_metadata(**metadata, facts);
    if ((*metadata)->unknown_required)
        note_unknown("metadata item", facts);
    if (auto done = check_metadata(**metadata, (*regions)->metadata->offset); !done)
        return done;
    // What the log holds may be the very entries that are wrong now.
    if (log_pending || facts.hazard("absurd-size"))
        return {};
    return check_bat(container, *(*regions)->bat, **metadata);
}

void describe(Container &container, const AllowedFiles &, ImageFacts &facts)
{
    if (auto done = read_image(container, facts); !done)
        set_error(facts, done.error());
}

}  // namespace

const FormatReader vhdx_reader{Format::vhdx, recognise, describe};

}  // namespace imgport
