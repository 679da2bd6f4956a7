// Layouts after the Linux-NTFS project's "NTFS Documentation" (FILE record, attribute header, data runs, $Bitmap).
#include "volume/ntfs_bitmap.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace imgport {
namespace {

constexpr std::uint32_t attribute_list = 0x20;
constexpr std::uint32_t attribute_data = 0x80;
constexpr std::uint32_t attribute_end = 0xffffffff;
constexpr std::uint64_t largest_bitmap = std::uint64_t{256} << 20;  // bytes
constexpr std::uint64_t piece = std::uint64_t{1} << 20;             // bytes of one read

// The unnamed $DATA outside of the record; nullopt where it is not like that, or not all of it is here.
std::optional<Bytes> find_data(Bytes record)
{
    std::size_t at = load_le<std::uint16_t>(record, 20);
    while (auto const type = read_le<std::uint32_t>(record, at)) {
        auto const length = read_le<std::uint32_t>(record, at + 4);
        if (*type == attribute_end || *type == attribute_list || !length || *length < 24 ||
            !range_inside(at, *length, record.size()))
            return std::nullopt;
        Bytes const attribute = record.subspan(at, *length);
        bool const named = load_le<std::uint8_t>(attribute, 9) != 0;
        if (*type == attribute_data && !named) {
            bool const resident = load_le<std::uint8_t>(attribute, 8) == 0;
            bool const compressed = load_le<std::uint16_t>(attribute, 12) != 0;  // or sparse, or encrypted
            return resident || compressed || attribute.size() < 64 ? std::nullopt : std::optional(attribute);
        }
        at += *length;
    }
    return std::nullopt;
}

// A little-endian number of up to eight bytes with a sign.
std::int64_t signed_number(Bytes bytes)
{
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    std::size_t const unused = 64 - 8 * bytes.size();
    return unused < 64 ? static_cast<std::int64_t>(value << unused) >> unused : 0;
}

// Counts the bits of `bytes` that are not set, the first `bits` of them.
std::uint64_t count_free(Bytes bytes, std::uint64_t bits)
{
    std::uint64_t set = 0;
    for (std::uint64_t i = 0; i < bits / 8; ++i)
        set += static_cast<unsigned>(std::popcount(std::to_integer<std::uint8_t>(bytes[i])));
    if (bits % 8 != 0) {
        unsigned const mask = (1U << (bits % 8)) - 1;
        set += static_cast<unsigned>(std::popcount(std::to_integer<unsigned>(bytes[bits / 8]) & mask));
    }
    return bits - set;
}

}  // namespace

std::optional<std::uint64_t> ntfs_free_clusters(VolumeReader &volume, Bytes record, std::uint64_t cluster_size,
                                                std::uint64_t clusters)
{
    auto const data = find_data(record);
    std::uint64_t const wanted = clusters / 8 + (clusters % 8 != 0 ? 1 : 0);
    if (!data || load_le<std::uint64_t>(*data, 48) < wanted || wanted > largest_bitmap)
        return std::nullopt;
    std::uint64_t free = 0;
    std::uint64_t bits_left = clusters;
    std::uint64_t run_at = 0;  // its cluster
    std::size_t at = load_le<std::uint16_t>(*data, 32);
    while (bits_left > 0) {
        auto const header = read_le<std::uint8_t>(*data, at);
        std::size_t const length_size = header.value_or(0) & 0xfU;
        std::size_t const offset_size = header.value_or(0) >> 4U;
        if (length_size == 0 || length_size > 8 || offset_size == 0 || offset_size > 8 ||
            !range_inside(at + 1, length_size + offset_size, data->size()))
            return std::nullopt;
        std::int64_t const length = signed_number(data->subspan(at + 1, length_size));
        run_at += static_cast<std::uint64_t>(signed_number(data->subspan(at + 1 + length_size, offset_size)));
        at += 1 + length_size + offset_size;
        auto const start = checked_mul(run_at, cluster_size);
        auto const size = length > 0 ? checked_mul(static_cast<std::uint64_t>(length), cluster_size) : std::nullopt;
        if (!start || !size)
            return std::nullopt;
        for (std::uint64_t done = 0; done < *size && bits_left > 0;) {
            auto const n = std::min({piece, *size - done, bits_left / 8 + 1});
            auto const from = checked_add(*start, done);
            auto const bytes = from ? volume.read(*from, n) : std::nullopt;
            if (!bytes)
                return std::nullopt;
            std::uint64_t const bits = std::min(bits_left, n * 8);
            free += count_free(*bytes, bits);
            bits_left -= bits;
            done += n;
        }
    }
    return free;
}

}  // namespace imgport
