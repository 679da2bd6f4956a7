#include "format/vmdk_sparse.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/reading.hpp"

namespace imgport {
namespace {

// QEMU refuses what lies beyond: no honest writer comes near.
constexpr std::uint64_t largest_grain = 0x200000;  // sectors: 1 GiB
constexpr std::uint32_t most_entries_per_table = 512;
constexpr std::uint64_t largest_directory = 32 << 20;  // entries
constexpr std::uint64_t largest_descriptor = 2048;     // sectors: 1 MiB

// The end of a stream: footer marker, footer, end-of-stream marker, a sector each.
constexpr std::uint64_t stream_end_length = 3 * sector_size;
constexpr std::uint32_t footer_marker = 3;

tl::unexpected<Error> broken(const VmdkSparseHeader &header, std::uint64_t at, std::string_view field,
                             std::string message)
{
    return fail(malformed(std::move(message), header.place + at, std::string(field)));
}

VmdkSparseHeader parse(Bytes bytes, std::uint64_t place)
{
    VmdkSparseHeader header;
    header.place = place;
    header.version = load_le<std::uint32_t>(bytes, 4);
    header.flags = load_le<std::uint32_t>(bytes, 8);
    header.capacity = load_le<std::uint64_t>(bytes, 12);
    header.grain_size = load_le<std::uint64_t>(bytes, 20);
    header.descriptor_offset = load_le<std::uint64_t>(bytes, 28);
    header.descriptor_size = load_le<std::uint64_t>(bytes, 36);
    header.entries_per_table = load_le<std::uint32_t>(bytes, 44);
    header.grain_directory = load_le<std::uint64_t>(bytes, 56);
    header.overhead = load_le<std::uint64_t>(bytes, 64);
    header.unclean_shutdown = bytes[72] != std::byte{0};
    header.compression = load_le<std::uint16_t>(bytes, 77);
    return header;
}

Result<void> check_header(const VmdkSparseHeader &header, Bytes bytes, ImageFacts &facts)
{
    if (header.version < 1 || header.version > 3)
        return broken(header, 4, "version", fmt::format("{} is not from 1 to 3", header.version));
    // "These four entries are used to detect when the file was corrupted by transferring it in text mode."
    if ((header.flags & 1U) != 0 && text_of(bytes.subspan(73, 4)) != "\n \r\n")
        return broken(header, 73, "singleEndLineChar", "the file was damaged by a transfer in text mode");
    auto const size = checked_mul(header.capacity, sector_size);
    set_virtual_size(facts, size.value_or(~std::uint64_t{0}));
    if (header.capacity == 0)
        return broken(header, 12, "capacity", "the disk has no size");
    if (!is_power_of_two(header.grain_size) || header.grain_size > largest_grain)
        return broken(header, 20, "grainSize",
                      fmt::format("{} is no power of two up to {}", header.grain_size, largest_grain));
    if (header.entries_per_table == 0 || header.entries_per_table > most_entries_per_table)
        return broken(header, 44, "numGTEsPerGT",
                      fmt::format("{} is not from 1 to {}", header.entries_per_table, most_entries_per_table));
    if (header.compression > 1 || (header.is_compressed() && header.compression != 1))
        return broken(header, 77, "compressAlgorithm", fmt::format("{} is not known", header.compression));
    if (!facts.hazard("absurd-size") && header.directory_entries() > largest_directory)
        add_hazard(facts, "absurd-size", HazardSeverity::refuse,
                   fmt::format("the header asks for a grain directory of {} entries", header.directory_entries()));
    return {};
}

// QEMU looks for the descriptor behind the header, whatever the header says: one elsewhere would be read by some and
// not by others.
Result<void> check_descriptor_place(const Container &container, const VmdkSparseHeader &header)
{
    if (header.descriptor_offset == 0)
        return {};
    if (header.descriptor_offset != 1)
        return broken(header, 28, "descriptorOffset",
                      fmt::format("{} is not 1, the sector behind the header", header.descriptor_offset));
    if (header.descriptor_size > largest_descriptor)
        return broken(header, 36, "descriptorSize",
                      fmt::format("{} sectors are more than 1 MiB", header.descriptor_size));
    return check_inside(container, sector_size, header.descriptor_size * sector_size, header.place + 28,
                        "descriptorOffset");
}

Result<VmdkSparseHeader> read_footer(Container &container, const VmdkSparseHeader &header, ImageFacts &facts)
{
    auto const size = container.size();
    if (!size)
        return header;
    if (*size < stream_end_length + VmdkSparseHeader::length)
        return broken(header, 56, "gdOffset", "the footer it promises is missing: the file is cut short");
    std::uint64_t const place = *size - stream_end_length;
    auto const end = read_kept(container, place, stream_end_length, "footer");
    if (!end)
        return fail(end.error());
    if (!*end)
        return header;
    Bytes const marker = Bytes(**end).first(sector_size);
    Bytes const footer_bytes = Bytes(**end).subspan(sector_size, VmdkSparseHeader::length);
    Bytes const last = Bytes(**end).last(sector_size);
    // A marker: the size of what follows in sectors, 0 for what is not a grain, the type.
    if (load_le<std::uint32_t>(marker, 8) != 0 || load_le<std::uint32_t>(marker, 12) != footer_marker ||
        !begins_with(footer_bytes, "KDMV"))
        return fail(malformed("there is no footer before the end: the stream is cut short", place, "footer"));
    if (load_le<std::uint64_t>(last, 0) != 0 || load_le<std::uint32_t>(last, 8) != 0 ||
        load_le<std::uint32_t>(last, 12) != 0)
        return fail(malformed("the stream does not end here", place + 2 * sector_size, "end-of-stream marker"));
    VmdkSparseHeader const footer = parse(footer_bytes, place + sector_size);
    if (footer.grain_directory == VmdkSparseHeader::grain_directory_at_end)
        return broken(footer, 56, "gdOffset", "the footer points to another footer");
    if (footer.capacity != header.capacity || footer.grain_size != header.grain_size ||
        footer.entries_per_table != header.entries_per_table || footer.descriptor_offset != header.descriptor_offset ||
        footer.descriptor_size != header.descriptor_size || footer.version != header.version ||
        footer.compression != header.compression)
        add_hazard(facts, "header-footer-mismatch", HazardSeverity::refuse,
                   "the header and the footer of the stream describe different disks");
    return footer;
}

// `first_grain`: the number of the table's first grain on the disk.
Result<bool> check_grain_table(Container &container, const VmdkSparseHeader &header, std::uint64_t table,
                               std::uint64_t first_grain)
{
    auto const check_entry = [&](std::uint64_t place, std::uint64_t at, std::uint64_t number) -> Result<void> {
        std::uint64_t const start = number * header.grain_size;  // at most the capacity and a table more
        if (place < 2 || start >= header.capacity)               // 0: not there; 1: zeros
            return {};
        // A compressed grain tells its length itself, in a marker of 12 bytes.
        std::uint64_t const needed = header.is_compressed()
                                         ? VmdkGrainMarker::length
                                         : std::min(header.grain_size, header.capacity - start) * sector_size;
        return check_inside(container, place * sector_size, needed, at, "grain table");
    };
    return for_each_piece(container, table, std::uint64_t{header.entries_per_table} * 4, "grain table",
                          [&](Bytes piece, std::uint64_t offset) -> Result<void> {
                              for (std::size_t at = 0; at + 4 <= piece.size(); at += 4) {
                                  std::uint64_t const number = first_grain + (offset + at - table) / 4;
                                  auto done = check_entry(load_le<std::uint32_t>(piece, at), offset + at, number);
                                  if (!done)
                                      return done;
                              }
                              return {};
                          });
}

}  // namespace

std::uint64_t VmdkSparseHeader::directory_entries() const
{
    std::uint64_t const per_table = grain_size * entries_per_table;  // both are small
    return capacity / per_table + (capacity % per_table != 0 ? 1 : 0);
}

Result<VmdkSparseHeader> read_vmdk_sparse_header(Container &container, ImageFacts &facts)
{
    auto const bytes = read_header(container, 0, VmdkSparseHeader::length, "header");
    if (!bytes)
        return fail(bytes.error());
    VmdkSparseHeader const header = parse(*bytes, 0);
    if (auto done = check_header(header, *bytes, facts); !done)
        return fail(done.error());
    if (auto done = check_descriptor_place(container, header); !done)
        return fail(done.error());
    return header;
}

Result<VmdkSparseHeader> read_vmdk_grain_header(Container &container, const VmdkSparseHeader &header, ImageFacts &facts)
{
    return header.grain_directory == VmdkSparseHeader::grain_directory_at_end ? read_footer(container, header, facts)
                                                                              : Result<VmdkSparseHeader>(header);
}

Result<void> check_vmdk_grain_directory(const Container &container, const VmdkSparseHeader &header)
{
    auto const directory = checked_mul(header.grain_directory, sector_size);
    if (!directory || *directory == 0)
        return broken(header, 56, "gdOffset", fmt::format("{} is no place in the file", header.grain_directory));
    return check_inside(container, *directory, header.directory_entries() * 4, header.place + 56, "gdOffset");
}

Result<void> check_vmdk_grains(Container &container, const VmdkSparseHeader &first, ImageFacts &facts)
{
    auto const header = read_vmdk_grain_header(container, first, facts);
    if (!header)
        return fail(header.error());
    if (facts.hazard("absurd-size") || facts.hazard("header-footer-mismatch") ||
        header->grain_directory == VmdkSparseHeader::grain_directory_at_end)
        return {};
    if (auto done = check_vmdk_grain_directory(container, *header); !done)
        return done;
    std::uint64_t const entries = header->directory_entries();
    std::uint64_t const directory = header->grain_directory * sector_size;

    std::uint64_t const table_length = std::uint64_t{header->entries_per_table} * 4;
    std::uint64_t const affordable = table_budget / table_length / 8;  // each is a read of its own
    std::uint64_t const stride = (entries + affordable - 1) / affordable;
    auto const done = for_each_piece(
        container, directory, entries * 4, "grain directory", [&](Bytes piece, std::uint64_t offset) -> Result<void> {
            for (std::size_t at = 0; at + 4 <= piece.size(); at += 4) {
                std::uint64_t const table = load_le<std::uint32_t>(piece, at);
                if (table == 0)
                    continue;
                if (auto inside =
                        check_inside(container, table * sector_size, table_length, offset + at, "grain directory");
                    !inside)
                    return inside;
                if ((offset + at - directory) / 4 % stride != 0)
                    continue;
                std::uint64_t const first_grain = (offset + at - directory) / 4 * header->entries_per_table;
                if (auto checked = check_grain_table(container, *header, table * sector_size, first_grain); !checked)
                    return fail(checked.error());
            }
            return {};
        });
    if (!done)
        return fail(done.error());
    return {};
}

}  // namespace imgport
