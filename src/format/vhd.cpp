// VHD: Microsoft "Virtual Hard Disk Image Format Specification" 1.0.
#include <algorithm>

#include <fmt/format.h>

#include "format/container.hpp"
#include "format/reading.hpp"
#include "format/vhd_structure.hpp"
#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// A 32-bit sector number ends at 2 TiB, and the block that it begins must lie below: 2040 GiB.
constexpr std::uint64_t largest_disk = std::uint64_t{2040} << 30;

bool recognise(Container &container)
{
    return begins_with(read_head(container, 8), "conectix") || find_vhd_footers(container).tail;
}

std::string field_at(std::size_t offset)
{
    struct Field {
        std::size_t end;
        const char *name;
    };
    static constexpr Field fields[]{{8, "cookie"},           {12, "features"},        {16, "file format version"},
                                    {24, "data offset"},     {28, "time stamp"},      {32, "creator application"},
                                    {36, "creator version"}, {40, "creator host OS"}, {48, "original size"},
                                    {56, "current size"},    {60, "disk geometry"},   {64, "disk type"},
                                    {68, "checksum"},        {84, "unique id"},       {85, "saved state"}};
    for (auto const &field : fields) {
        if (offset < field.end)
            return field.name;
    }
    return "reserved";
}

// What is left of a dynamic disk's double book-keeping.
void compare_footers(const FoundVhdFooter &copy, const FoundVhdFooter &tail, ImageFacts &facts)
{
    VhdFooter const &a = copy.footer;
    VhdFooter const &b = tail.footer;
    auto const differ = [&](HazardSeverity severity, std::string message) {
        add_hazard(facts, "header-footer-mismatch", severity, std::move(message));
    };
    if (a.disk_type != b.disk_type)
        return differ(HazardSeverity::refuse, fmt::format("the copy of the footer at the start says disk type {}, the "
                                                          "footer at the end {}",
                                                          a.disk_type, b.disk_type));
    if (a.current_size != b.current_size || vhd_virtual_size(a).bytes != vhd_virtual_size(b).bytes)
        return differ(HazardSeverity::refuse,
                      fmt::format("the copy of the footer at the start describes a disk of {} bytes, the footer at the "
                                  "end one of {}",
                                  vhd_virtual_size(a).bytes, vhd_virtual_size(b).bytes));
    if (a.data_offset != b.data_offset)
        return differ(HazardSeverity::refuse, fmt::format("the copy of the footer at the start finds the dynamic "
                                                          "header at {}, the footer at the end at {}",
                                                          a.data_offset, b.data_offset));
    if (!a.checksum_valid || !b.checksum_valid)
        return differ(HazardSeverity::warn, a.checksum_valid ? "the checksum of the footer at the end is wrong"
                                                             : "the checksum of the copy at the start is wrong");
    auto const length = std::min(copy.bytes.size(), tail.bytes.size());
    auto const first =
        std::mismatch(copy.bytes.begin(), copy.bytes.begin() + static_cast<std::ptrdiff_t>(length), tail.bytes.begin());
    auto const position = static_cast<std::size_t>(first.first - copy.bytes.begin());
    if (position < length)
        differ(HazardSeverity::warn,
               fmt::format("the footer at the end and its copy at the start differ in '{}'", field_at(position)));
}

VhdDetails details_of(const VhdFooter &footer)
{
    VhdDetails details;
    details.creator_application = footer.creator_application;
    details.original_size = footer.original_size;
    details.current_size = footer.current_size;
    details.cylinders = footer.cylinders;
    details.heads = footer.heads;
    details.sectors_per_track = footer.sectors_per_track;
    details.disk_type = footer.disk_type;
    details.footer_checksum_valid = footer.checksum_valid;
    return details;
}

Result<void> read_size(const FoundVhdFooter &found, ImageFacts &facts)
{
    VhdFooter const &footer = found.footer;
    VhdSize const size = vhd_virtual_size(footer);
    set_virtual_size(facts, size.bytes);
    if (size.by_geometry && footer.geometry_size() != footer.current_size)
        add_hazard(facts, "geometry-size", HazardSeverity::warn,
                   fmt::format("readers disagree on its size: {} bytes by the geometry (this is what counts for '{}'), "
                               "{} by the current size",
                               footer.geometry_size(), printable(footer.creator_application), footer.current_size));
    if (size.bytes > largest_disk && !facts.hazard("absurd-size"))
        add_hazard(facts, "absurd-size", HazardSeverity::refuse,
                   fmt::format("the footer asks for a disk of {} bytes; a VHD ends at 2040 GiB", size.bytes));
    if (size.bytes == 0)
        return fail(malformed("the disk has no size", found.offset + 48, "current size"));
    return {};
}

// --------------------------------------------------------------------------------------------------------- fixed

Result<void> read_fixed(Container &container, const FoundVhdFooter &found, ImageFacts &facts)
{
    std::uint64_t const data = found.offset;
    std::uint64_t const needed = std::max(*facts.virtual_size, found.footer.current_size);
    if (found.offset == 0)
        return fail(malformed("a fixed disk has its footer at the end, not at the start", 60, "disk type"));
    if (data < *facts.virtual_size)
        return fail(malformed(fmt::format("the disk has {} bytes, but only {} lie before the footer: it is cut short",
                                          *facts.virtual_size, data),
                              found.offset + 48, "current size"));
    if (data > needed)
        add_hazard(facts, "trailing-data", HazardSeverity::note,
                   fmt::format("{} bytes lie between the disk and the footer", data - needed));
    auto const head = read_head(container, static_cast<std::size_t>(std::min<std::uint64_t>(data, content_reach)));
    if (std::string content = content_of(head); !content.empty())
        facts.details.content = std::move(content);
    return {};
}

// ------------------------------------------------------------------------------------------------------- dynamic

Result<void> check_block_table(Container &container, const VhdDynamicHeader &header, const ImageFacts &facts)
{
    std::uint64_t const disk = *facts.virtual_size;
    auto const done =
        for_each_piece(container, header.table_offset, std::uint64_t{header.table_entries} * 4,
                       "block allocation table", [&](Bytes piece, std::uint64_t offset) -> Result<void> {
                           for (std::size_t at = 0; at + 4 <= piece.size(); at += 4) {
                               auto const sector = load_be<std::uint32_t>(piece, at);
                               std::uint64_t const start = (offset + at - header.table_offset) / 4 * header.block_size;
                               if (sector == VhdDynamicHeader::unused_block || start >= disk)
                                   continue;
                               // Of the last block no more is needed than the disk has.
                               std::uint64_t const needed =
                                   header.bitmap_size() + std::min<std::uint64_t>(header.block_size, disk - start);
                               if (auto inside = check_inside(container, std::uint64_t{sector} * sector_size, needed,
                                                              offset + at, "block allocation table");
                                   !inside)
                                   return inside;
                           }
                           return {};
                       });
    if (!done)
        return fail(done.error());
    return {};
}

Result<void> read_dynamic(Container &container, const FoundVhdFooter &found, ImageFacts &facts)
{
    auto const header = read_vhd_dynamic_header(container, found);
    VhdDetails &details = *facts.details.vhd;
    bool const differencing = found.footer.disk_type == static_cast<std::uint32_t>(VhdFooter::Type::differencing);
    if (header && *header) {
        details.block_size = (*header)->block_size;
        details.table_entries = (*header)->table_entries;
        details.header_checksum_valid = (*header)->checksum_valid;
        if (differencing)
            details.parent = (*header)->parent;
    }
    if (differencing)
        add_hazard(facts, "missing-parent", HazardSeverity::refuse,
                   fmt::format("holds only the differences to another disk{}; merge the two first where it was made",
                               details.parent ? ", " + quoted(*details.parent) : ""));
    if (!header)
        return fail(header.error());
    if (!*header)
        return {};
    if (facts.hazard("absurd-size") && (*header)->checksum_valid)
        return {};
    if (auto done = check_vhd_dynamic_header(container, **header, *facts.virtual_size); !done)
        return done;
    return check_block_table(container, **header, facts);
}

// ----------------------------------------------------------------------------------------------------- the whole

Result<void> read_image(Container &container, ImageFacts &facts)
{
    auto const footers = find_vhd_footers(container);
    auto const &[copy, tail] = footers;
    if (footers.in_force() == nullptr) {
        auto const bytes = read_header(container, 0, VhdFooter::length, "footer");
        return fail(bytes ? malformed("there is no footer", std::nullopt, "cookie") : bytes.error());
    }
    // The two are compared below.
    FoundVhdFooter const &found = *footers.in_force();
    VhdFooter const &footer = found.footer;
    facts.details.vhd = details_of(footer);
    auto const type = static_cast<VhdFooter::Type>(footer.disk_type);
    facts.variant = type == VhdFooter::Type::fixed          ? "fixed"
                    : type == VhdFooter::Type::dynamic      ? "dynamic"
                    : type == VhdFooter::Type::differencing ? "differencing"
                                                            : "";
    if (!footer.checksum_valid)
        return fail(malformed("the checksum of the footer is wrong", found.offset + 64, "checksum"));
    if (facts.variant.empty())
        return fail(
            malformed(fmt::format("{} is neither 2, 3 nor 4", footer.disk_type), found.offset + 60, "disk type"));
    if (footer.version >> 16 != 1)
        return fail(malformed(fmt::format("{:#010x} is not version 1", footer.version), found.offset + 12,
                              "file format version"));
    if (copy && tail && tail->offset != 0)
        compare_footers(*copy, *tail, facts);
    else if (copy && container.size() && container.has(*container.size() - 1, 1))
        add_hazard(facts, "truncated", HazardSeverity::warn,
                   "there is no footer at the end: the file was cut short, or something was appended");
    if (auto done = read_size(found, facts); !done)
        return done;
    return type == VhdFooter::Type::fixed ? read_fixed(container, found, facts) : read_dynamic(container, found, facts);
}

void describe(Container &container, const AllowedFiles &, ImageFacts &facts)
{
    if (auto done = read_image(container, facts); !done)
        set_error(facts, done.error());
}

}  // namespace

const FormatReader vhd_reader{Format::vhd, recognise, describe};

}  // namespace imgport
