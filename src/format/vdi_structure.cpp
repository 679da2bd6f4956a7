#include "format/vdi_structure.hpp"

#include <fmt/format.h>

#include "format/reading.hpp"
#include "support/bytes.hpp"

namespace imgport {
namespace {

constexpr std::size_t header_length = 512;

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

}  // namespace

std::uint64_t VdiHeader::virtual_size() const
{
    return round_up(disk_size, sector_size).value_or(disk_size);
}

Result<VdiHeader> read_vdi_header(Container &container)
{
    auto const bytes = read_header(container, 0, header_length, "header");
    if (!bytes)
        return fail(bytes.error());
    VdiHeader const header = parse(*bytes);
    // Version 0 has another layout; VirtualBox gave it up in 2006.
    if (header.version >> 16 != 1)
        return fail(malformed(fmt::format("{:#010x} is not version 1", header.version), 68, "version"));
    return header;
}

Result<void> check_vdi_header(const Container &container, const VdiHeader &header)
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

}  // namespace imgport
