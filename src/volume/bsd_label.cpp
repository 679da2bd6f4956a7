#include "volume/bsd_label.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::uint64_t sector_size = 512;
constexpr std::uint32_t magic = 0x82564557;
constexpr std::size_t header_size = 148;
constexpr std::size_t entry_size = 16;
constexpr std::size_t most_entries = 20;  // BSD_NPARTS_MAX
constexpr std::size_t raw_entry = 2;      // "c": the slice as a whole

// 16-bit words that cancel each other out (d_checksum is one of them).
bool sum_right(Bytes label)
{
    std::uint16_t sum = 0;
    for (std::size_t i = 0; i + 2 <= label.size(); i += 2)
        sum ^= load_le<std::uint16_t>(label, i);
    return sum == 0;
}

void add_from_slice(VolumeReader &disk, const PartitionFacts &slice, std::vector<PartitionFacts> &out,
                    std::uint32_t &next_number, std::vector<std::string> &problems)
{
    auto const label = disk.read(slice.offset + sector_size, sector_size);
    if (!label || load_le<std::uint32_t>(*label, 0) != magic || load_le<std::uint32_t>(*label, 132) != magic)
        return;
    std::size_t const count = load_le<std::uint16_t>(*label, 138);
    if (count > most_entries || !sum_right(Bytes(*label).first(header_size + count * entry_size))) {
        problems.push_back(
            fmt::format("the BSD disklabel in partition {} is damaged: FreeBSD ignores it", slice.number));
        return;
    }
    auto const field = [&](std::size_t entry, std::size_t at) -> std::uint64_t {
        return load_le<std::uint32_t>(*label, header_size + entry * entry_size + at);
    };
    // Offsets are counted from where "c" begins: the slice's 0, in older labels its place on the disk.
    std::uint64_t const base = count > raw_entry ? field(raw_entry, 4) : 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto const type = load_le<std::uint8_t>(*label, header_size + i * entry_size + 12);
        std::uint64_t const length = field(i, 0) * sector_size;
        if (i == raw_entry || type == 0 || length == 0)
            continue;
        std::string const name = fmt::format("s{}{}", slice.number, static_cast<char>('a' + i));
        if (field(i, 4) < base || !range_inside((field(i, 4) - base) * sector_size, length, slice.length)) {
            problems.push_back(
                fmt::format("partition {} of the BSD disklabel leaves its slice, partition {}", name, slice.number));
            continue;
        }
        PartitionFacts partition;
        partition.offset = slice.offset + (field(i, 4) - base) * sector_size;
        partition.length = length;
        // Linux has it already, as the slice.
        if (partition.offset == slice.offset && length == slice.length)
            continue;
        partition.number = next_number++;
        partition.type = fmt::format("bsd-{:02x}", type);
        partition.name = name;
        partition.inside_disk = range_inside(partition.offset, partition.length, disk.size());
        out.push_back(std::move(partition));
    }
}

}  // namespace

void add_bsd_partitions(VolumeReader &disk, std::vector<PartitionFacts> &partitions, std::vector<std::string> &problems)
{
    std::uint32_t next_number = 5;
    for (auto const &partition : partitions)
        next_number = std::max(next_number, partition.number + 1);
    std::vector<PartitionFacts> found;
    for (auto const &partition : partitions) {
        if (partition.number <= 4 && partition.type == "a5")
            add_from_slice(disk, partition, found, next_number, problems);
    }
    partitions.insert(partitions.end(), found.begin(), found.end());
}

bool holds_bsd_partitions(const PartitionFacts &partition, const std::vector<PartitionFacts> &partitions)
{
    // Only primary partitions are looked into: the number is one digit.
    std::string const own = fmt::format("s{}", partition.number);
    return partition.type == "a5" &&
           std::any_of(partitions.begin(), partitions.end(), [&](const PartitionFacts &other) {
               return other.type.starts_with("bsd-") && other.name.starts_with(own);
           });
}

}  // namespace imgport
