// VHDX: [MS-VHDX].
#include <algorithm>

#include <fmt/format.h>

#include "format/container.hpp"
#include "format/reading.hpp"
#include "format/vhdx_structure.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

bool recognise(Container &container)
{
    return begins_with(read_head(container, 8), "vhdxfile");
}

Result<void> check_bat(Container &container, const VhdxRegion &region, const VhdxMetadata &metadata)
{
    VhdxBatLayout const layout = vhdx_bat_layout(metadata);
    if (layout.entries > region.length / 8)
        return fail(malformed(fmt::format("{} bytes are too few for {} entries", region.length, layout.entries),
                              region.entry_place + 24, "region table Length"));
    auto const done = for_each_piece(
        container, region.offset, layout.entries * 8, "BAT", [&](Bytes piece, std::uint64_t offset) -> Result<void> {
            for (std::size_t at = 0; at + 8 <= piece.size(); at += 8) {
                std::uint64_t const index = (offset + at - region.offset) / 8;
                auto const entry = load_le<std::uint64_t>(piece, at);
                auto const state = vhdx_bat::state(entry);
                bool const is_bitmap = index % (layout.chunk_ratio + 1) == layout.chunk_ratio;
                if (is_bitmap || (state != vhdx_bat::fully_present && state != vhdx_bat::partially_present))
                    continue;
                std::uint64_t const target = vhdx_bat::offset(entry);
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
    if (auto done = check_vhdx_metadata(**metadata, (*regions)->metadata->offset); !done)
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
