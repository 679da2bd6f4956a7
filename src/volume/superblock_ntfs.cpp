// NTFS: the boot sector, the record of $Volume for label and dirty flag, and $Bitmap for the free space. Layouts after
// the Linux-NTFS project's "NTFS Documentation" ($Boot, FILE record, $VOLUME_NAME, $VOLUME_INFORMATION).
#include <fmt/format.h>

#include "format/reading.hpp"
#include "volume/fields.hpp"
#include "volume/ntfs_bitmap.hpp"
#include "volume/superblock.hpp"

namespace imgport {
namespace {

constexpr std::uint32_t attribute_volume_name = 0x60;
constexpr std::uint32_t attribute_volume_information = 0x70;
constexpr std::uint32_t attribute_end = 0xffffffff;
constexpr std::uint16_t volume_is_dirty = 0x0001;
constexpr std::uint64_t volume_record = 3;
constexpr std::uint64_t bitmap_record = 6;
constexpr std::size_t fixup_stride = 512;

// "Clusters or bytes": a positive number counts clusters, a negative one is the logarithm of the bytes.
std::optional<std::uint64_t> record_size(std::uint8_t raw, std::uint64_t cluster)
{
    if (raw < 0x80)
        return product(raw, cluster);
    unsigned const shift = 0x100U - raw;
    return shift <= 16 ? std::optional(std::uint64_t{1} << shift) : std::nullopt;
}

// Puts back the last two bytes of each 512, which the update sequence replaced; false where they were not replaced:
// the record was torn.
bool apply_fixups(std::vector<std::byte> &record)
{
    auto const at = load_le<std::uint16_t>(record, 4);
    auto const count = load_le<std::uint16_t>(record, 6);
    if (count != record.size() / fixup_stride + 1 || !range_inside(at, count * std::size_t{2}, fixup_stride - 2))
        return false;
    auto const mark = load_le<std::uint16_t>(record, at);
    for (std::size_t i = 1; i < count; ++i) {
        std::size_t const end = i * fixup_stride - 2;
        if (load_le<std::uint16_t>(record, end) != mark)
            return false;
        store_le(record, end, load_le<std::uint16_t>(record, at + 2 * i));
    }
    return true;
}

// The attributes are resident: they are a few bytes.
void read_volume_record(Bytes record, FilesystemFacts &facts)
{
    std::size_t at = load_le<std::uint16_t>(record, 20);
    while (auto const type = read_le<std::uint32_t>(record, at)) {
        auto const length = read_le<std::uint32_t>(record, at + 4);
        if (*type == attribute_end || !length || *length < 24 || !range_inside(at, *length, record.size()))
            return;
        Bytes const attribute = record.subspan(at, *length);
        bool const resident = load_le<std::uint8_t>(attribute, 8) == 0;
        std::uint64_t const value_size = load_le<std::uint32_t>(attribute, 16);
        std::uint64_t const value_at = load_le<std::uint16_t>(attribute, 20);
        if (resident && range_inside(value_at, value_size, attribute.size())) {
            Bytes const value = attribute.subspan(value_at, value_size);
            if (*type == attribute_volume_name)
                facts.label = utf8_from_utf16le(value);
            if (*type == attribute_volume_information) {
                if (auto const flags = read_le<std::uint16_t>(value, 10)) {
                    facts.clean = true;
                    if ((*flags & volume_is_dirty) != 0)
                        mark_unclean(facts, "it is marked as dirty");
                }
            }
        }
        at += *length;
    }
}

}  // namespace

std::optional<FilesystemFacts> read_ntfs_boot_sector(VolumeReader &volume)
{
    auto const boot = volume.read(0, 512);
    if (!boot || text_of(*boot).substr(3, 8) != "NTFS    ")
        return std::nullopt;
    std::uint64_t const sector = load_le<std::uint16_t>(*boot, 11);
    auto const per_cluster = load_le<std::uint8_t>(*boot, 13);
    // Above 128 sectors the byte is the negative logarithm, for clusters up to 2 MiB.
    std::uint64_t const cluster_sectors =
        per_cluster <= 0x80 ? per_cluster : std::uint64_t{1} << std::min(0x100U - per_cluster, 31U);
    if (!is_power_of_two(sector) || sector < 256 || sector > 4096 || !is_power_of_two(cluster_sectors))
        return std::nullopt;
    std::uint64_t const cluster = sector * cluster_sectors;

    FilesystemFacts facts;
    facts.type = "ntfs";
    facts.uuid = fmt::format("{:016X}", load_le<std::uint64_t>(*boot, 0x48));
    facts.block_size = cluster;
    facts.size = product(load_le<std::uint64_t>(*boot, 0x28), sector);

    auto const size = record_size(load_le<std::uint8_t>(*boot, 0x40), cluster);
    auto const mft = product(load_le<std::uint64_t>(*boot, 0x30), cluster);
    if (size && mft && *size >= 1024 && *size <= 65536 && *size % fixup_stride == 0) {
        auto const read_record = [&](std::uint64_t number) {
            auto const at = checked_add(*mft, number * *size);
            auto record = at ? volume.read(*at, *size) : std::nullopt;
            bool const whole = record && begins_with(*record, "FILE") && apply_fixups(*record);
            return whole ? std::move(record) : std::nullopt;
        };
        if (auto const record = read_record(volume_record))
            read_volume_record(*record, facts);
        std::uint64_t const clusters = load_le<std::uint64_t>(*boot, 0x28) / cluster_sectors;
        auto const record = read_record(bitmap_record);
        if (auto const free = record ? ntfs_free_clusters(volume, *record, cluster, clusters) : std::nullopt)
            facts.free = product(*free, cluster);
    }
    if (!facts.clean)
        facts.state = "its $Volume record cannot be read";
    return facts;
}

}  // namespace imgport
