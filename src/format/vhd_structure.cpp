#include "format/vhd_structure.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/reading.hpp"

namespace imgport {
namespace {

using namespace std::string_view_literals;

// The largest geometry of the specification's "CHS Calculation": whoever meets it must look at current_size.
constexpr std::uint64_t largest_geometry = std::uint64_t{65535} * 16 * 255 * sector_size;

constexpr std::uint32_t version_1_0 = 0x00010000;

// 2 TiB in blocks of 512 KiB, the smallest that the specification names.
constexpr std::uint32_t most_table_entries = 4 << 20;

// Writers for which current_size is the disk's size: Hyper-V, QEMU with force_size, Disk2vhd, XenServer, XenConverter,
// Azure, VirtualBox.
constexpr std::array<std::string_view, 8> size_writers{"win ",    "qem2",    "d2v ",     "d2v\0"sv,
                                                       "tap\0"sv, "CXS\0"sv, "wa\0\0"sv, "vbox"};

std::optional<FoundVhdFooter> footer_at(Container &container, std::uint64_t offset, std::size_t length)
{
    if (!container.has(offset, length))
        return std::nullopt;
    auto bytes = container.read(offset, length);
    if (!bytes || !has_vhd_cookie(*bytes))
        return std::nullopt;
    FoundVhdFooter found{offset, std::move(*bytes), {}};
    found.footer = parse_vhd_footer(found.bytes);
    return found;
}

std::optional<FoundVhdFooter> footer_at_end(Container &container)
{
    auto const size = container.size();
    for (std::size_t const length : {VhdFooter::length, VhdFooter::old_length}) {
        if (!size || *size < length)
            continue;
        auto found = footer_at(container, *size - length, length);
        if (found && (found->footer.checksum_valid || found->footer.version == version_1_0))
            return found;
    }
    return std::nullopt;
}

}  // namespace

std::uint64_t VhdFooter::geometry_size() const
{
    return std::uint64_t{cylinders} * heads * sectors_per_track * sector_size;
}

bool has_vhd_cookie(Bytes bytes)
{
    return begins_with(bytes, "conectix");
}

std::uint32_t vhd_checksum(Bytes bytes, std::size_t checksum_offset)
{
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i < checksum_offset || i >= checksum_offset + 4)
            sum += static_cast<std::uint8_t>(bytes[i]);
    }
    return ~sum;
}

VhdFooter parse_vhd_footer(Bytes bytes)
{
    VhdFooter footer;
    footer.version = load_be<std::uint32_t>(bytes, 12);
    footer.data_offset = load_be<std::uint64_t>(bytes, 16);
    footer.creator_application = std::string(text_of(bytes.subspan(28, 4)));
    footer.original_size = load_be<std::uint64_t>(bytes, 40);
    footer.current_size = load_be<std::uint64_t>(bytes, 48);
    footer.cylinders = load_be<std::uint16_t>(bytes, 56);
    footer.heads = static_cast<std::uint8_t>(bytes[58]);
    footer.sectors_per_track = static_cast<std::uint8_t>(bytes[59]);
    footer.disk_type = load_be<std::uint32_t>(bytes, 60);
    footer.checksum_valid = load_be<std::uint32_t>(bytes, 64) == vhd_checksum(bytes, 64);
    return footer;
}

VhdSize vhd_virtual_size(const VhdFooter &footer)
{
    bool const by_size =
        std::find(size_writers.begin(), size_writers.end(), footer.creator_application) != size_writers.end();
    if (by_size || footer.geometry_size() == largest_geometry)
        return {footer.current_size / sector_size * sector_size, false};
    return {footer.geometry_size(), true};
}

const FoundVhdFooter *VhdFooters::in_force() const
{
    bool const use_copy = copy && (copy->footer.checksum_valid || !tail || !tail->footer.checksum_valid);
    return use_copy ? &*copy : tail ? &*tail : nullptr;
}

VhdFooters find_vhd_footers(Container &container)
{
    return {footer_at(container, 0, VhdFooter::length), footer_at_end(container)};
}

std::uint64_t VhdDynamicHeader::bitmap_size() const
{
    std::uint64_t const bits = block_size / sector_size;
    return ((bits + 7) / 8 + sector_size - 1) / sector_size * sector_size;
}

Result<std::optional<VhdDynamicHeader>> read_vhd_dynamic_header(Container &container, const FoundVhdFooter &found)
{
    VhdDynamicHeader header;
    header.offset = found.footer.data_offset;
    if (auto done = check_inside(container, header.offset, VhdDynamicHeader::length, found.offset + 16, "data offset");
        !done)
        return fail(done.error());
    auto const kept = read_kept(container, header.offset, VhdDynamicHeader::length, "dynamic disk header");
    if (!kept)
        return fail(kept.error());
    if (!*kept)
        return std::optional<VhdDynamicHeader>{};
    Bytes const bytes = **kept;
    if (!begins_with(bytes, "cxsparse"))
        return fail(malformed("it is not 'cxsparse'", header.offset, "dynamic disk header cookie"));
    header.table_offset = load_be<std::uint64_t>(bytes, 16);
    header.table_entries = load_be<std::uint32_t>(bytes, 28);
    header.block_size = load_be<std::uint32_t>(bytes, 32);
    header.checksum_valid = load_be<std::uint32_t>(bytes, 36) == vhd_checksum(bytes, 36);
    header.parent = utf8_from_utf16be(bytes.subspan(64, 512));
    return std::optional(std::move(header));
}

Result<void> check_vhd_dynamic_header(const Container &container, const VhdDynamicHeader &header, std::uint64_t size)
{
    auto const broken = [&](std::uint64_t at, const char *field, std::string message) {
        return fail(malformed(std::move(message), header.offset + at, field));
    };
    if (!header.checksum_valid)
        return broken(36, "checksum", "the checksum of the dynamic disk header is wrong");
    if (!is_power_of_two(header.block_size) || header.block_size < sector_size)
        return broken(32, "block size", fmt::format("{} is no power of two from 512 up", header.block_size));
    if (header.table_entries > most_table_entries)
        return broken(28, "max table entries", fmt::format("{} is more than a VHD can have", header.table_entries));
    std::uint64_t const covered = std::uint64_t{header.table_entries} * header.block_size;
    if (covered < size)
        return broken(28, "max table entries",
                      fmt::format("{} blocks of {} bytes are too few for a disk of {}", header.table_entries,
                                  header.block_size, size));
    return check_inside(container, header.table_offset, std::uint64_t{header.table_entries} * 4, header.offset + 16,
                        "table offset");
}

}  // namespace imgport
