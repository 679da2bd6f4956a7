#include "format/vhd_structure.hpp"

#include <algorithm>
#include <array>

#include "format/reading.hpp"

namespace imgport {
namespace {

using namespace std::string_view_literals;

// The largest geometry of the specification's "CHS Calculation": whoever meets it must look at current_size.
constexpr std::uint64_t largest_geometry = std::uint64_t{65535} * 16 * 255 * sector_size;

// Writers for which current_size is the disk's size: Hyper-V, QEMU with force_size, Disk2vhd, XenServer, XenConverter,
// Azure, VirtualBox.
constexpr std::array<std::string_view, 8> size_writers{"win ",    "qem2",    "d2v ",     "d2v\0"sv,
                                                       "tap\0"sv, "CXS\0"sv, "wa\0\0"sv, "vbox"};

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

}  // namespace imgport
