#include "volume/mbr.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::uint64_t sector_size = 512;
constexpr std::size_t most_logical = 128;

bool has_table_signature(Bytes sector)
{
    return load_le<std::uint16_t>(sector, 510) == 0xaa55;
}

bool is_used(const MbrEntry &entry)
{
    return entry.type != 0 && entry.sectors != 0;
}

bool is_extended(const MbrEntry &entry)
{
    return entry.type == 0x05 || entry.type == 0x0f || entry.type == 0x85;
}

std::array<MbrEntry, 4> entries_of(Bytes sector)
{
    std::array<MbrEntry, 4> entries;
    for (std::size_t i = 0; i < 4; ++i) {
        std::size_t const at = mbr_entries_at + mbr_entry_size * i;
        entries[i] = {load_le<std::uint8_t>(sector, at), load_le<std::uint8_t>(sector, at + 4),
                      load_le<std::uint32_t>(sector, at + 8), load_le<std::uint32_t>(sector, at + mbr_entry_sectors)};
    }
    return entries;
}

PartitionFacts partition_of(const MbrEntry &entry, std::uint32_t number, std::uint64_t base, std::uint32_t signature,
                            std::uint64_t disk_size)
{
    PartitionFacts partition;
    partition.number = number;
    // 33-bit sums times 512: these cannot overflow.
    partition.offset = (base + entry.first) * sector_size;
    partition.length = entry.sectors * sector_size;
    partition.type = fmt::format("{:02x}", entry.type);
    // As the kernel and blkid write it; they give none where the disk has no signature.
    if (signature != 0)
        partition.uuid = fmt::format("{:08x}-{:02x}", signature, number);
    partition.bootable = entry.status == 0x80;
    partition.inside_disk = range_inside(partition.offset, partition.length, disk_size);
    return partition;
}

// One extended partition's chain. Each extended boot record holds at most one logical partition, relative to the
// record, and a link to the next one, relative to the extended partition.
class LogicalChain {
public:
    LogicalChain(VolumeReader &disk, const Mbr &mbr, std::vector<PartitionFacts> &out,
                 std::vector<std::string> &problems)
        : m_disk(disk), m_signature(mbr.signature), m_out(out), m_problems(problems)
    {}

    // `next_number` goes on over several extended partitions.
    void follow(const MbrEntry &extended, std::uint32_t &next_number)
    {
        std::set<std::uint64_t> seen;
        std::uint64_t record = extended.first;
        while (seen.size() < most_logical) {
            if (!seen.insert(record).second) {
                m_problems.push_back(fmt::format("the chain of extended boot records comes back to sector {}", record));
                return;
            }
            auto const sector = m_disk.read(record * sector_size, sector_size);
            if (!sector) {
                m_problems.push_back(
                    fmt::format("the extended boot record at sector {} lies outside the disk", record));
                return;
            }
            if (!has_table_signature(*sector)) {
                m_problems.push_back(fmt::format("the extended boot record at sector {} has no 55 AA", record));
                return;
            }
            std::optional<std::uint64_t> next;
            auto const entries = entries_of(*sector);
            for (std::size_t i = 0; i < 2; ++i) {
                if (!is_used(entries[i]))
                    continue;
                if (is_extended(entries[i]))
                    next = std::uint64_t{extended.first} + entries[i].first;
                else
                    add(entries[i], record, extended, next_number);
            }
            if (!next)
                return;
            record = *next;
        }
        m_problems.push_back(fmt::format("the chain of extended boot records is longer than {}", most_logical));
    }

private:
    void add(const MbrEntry &entry, std::uint64_t record, const MbrEntry &extended, std::uint32_t &next_number)
    {
        m_out.push_back(partition_of(entry, next_number, record, m_signature, m_disk.size()));
        std::uint64_t const end = record + entry.first + entry.sectors;
        if (end > std::uint64_t{extended.first} + extended.sectors || record + entry.first < extended.first)
            m_problems.push_back(fmt::format("logical partition {} leaves its extended partition", next_number));
        ++next_number;
    }

    VolumeReader &m_disk;
    std::uint32_t m_signature;
    std::vector<PartitionFacts> &m_out;
    std::vector<std::string> &m_problems;
};

}  // namespace

bool Mbr::protective() const
{
    return std::any_of(entries.begin(), entries.end(),
                       [](auto const &entry) { return entry.type == mbr_type_protective; });
}

bool Mbr::has_partitions() const
{
    return std::any_of(entries.begin(), entries.end(),
                       [](auto const &entry) { return is_used(entry) && entry.type != mbr_type_protective; });
}

std::optional<Mbr> read_mbr(VolumeReader &disk)
{
    auto const sector = disk.read(0, sector_size);
    if (!sector || !has_table_signature(*sector))
        return std::nullopt;
    Mbr const mbr{load_le<std::uint32_t>(*sector, 440), entries_of(*sector)};
    for (auto const &entry : mbr.entries) {
        if (entry.status != 0x00 && entry.status != 0x80)
            return std::nullopt;
    }
    bool const any = std::any_of(mbr.entries.begin(), mbr.entries.end(), [](auto const &e) { return is_used(e); });
    if (!boot_sector_filesystem(*sector).empty()) {
        // mkfs.fat writes a make-believe table into a filesystem without partitions: one entry that starts at
        // sector 0. A real table has one that starts behind it and ends inside the disk.
        bool const real = std::any_of(mbr.entries.begin(), mbr.entries.end(), [&](auto const &e) {
            return is_used(e) && e.first != 0 &&
                   range_inside(e.first * sector_size, e.sectors * sector_size, disk.size());
        });
        return real ? std::optional(mbr) : std::nullopt;
    }
    // An empty table is told from a boot sector by its disk signature.
    return any || mbr.signature != 0 ? std::optional(mbr) : std::nullopt;
}

std::vector<PartitionFacts> mbr_partitions(VolumeReader &disk, const Mbr &mbr, std::vector<std::string> &problems)
{
    std::vector<PartitionFacts> partitions;
    for (std::uint32_t i = 0; i < 4; ++i) {
        if (is_used(mbr.entries[i]))
            partitions.push_back(partition_of(mbr.entries[i], i + 1, 0, mbr.signature, disk.size()));
    }
    std::uint32_t next_number = 5;
    LogicalChain chain(disk, mbr, partitions, problems);
    for (auto const &entry : mbr.entries) {
        if (is_used(entry) && is_extended(entry))
            chain.follow(entry, next_number);
    }
    return partitions;
}

bool is_extended_type(const std::string &mbr_type)
{
    return mbr_type == "05" || mbr_type == "0f" || mbr_type == "85";
}

}  // namespace imgport
