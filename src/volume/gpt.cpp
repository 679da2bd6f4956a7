#include "volume/gpt.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include "format/reading.hpp"
#include "support/text.hpp"
#include "volume/fields.hpp"

namespace imgport {
namespace {

constexpr std::string_view signature = "EFI PART";
constexpr std::uint32_t smallest_header = 92;
constexpr std::uint32_t most_entries = 1024;
constexpr std::uint32_t largest_entry = 4096;

std::uint32_t crc32_of(Bytes bytes)
{
    return static_cast<std::uint32_t>(::crc32(::crc32(0, nullptr, 0), reinterpret_cast<const Bytef *>(bytes.data()),
                                              static_cast<uInt>(bytes.size())));
}

// One of the two headers with its array, where both sums are right.
struct Table {
    std::uint64_t alternate = 0;  // LBA
    std::uint64_t first_usable = 0;
    std::uint64_t last_usable = 0;
    std::string disk_guid;
    std::uint32_t entry_size = 0;
    std::uint32_t array_crc = 0;
    std::vector<std::byte> array;
};

class GptReader {
public:
    GptReader(VolumeReader &disk, std::uint32_t sector, std::vector<std::string> &problems)
        : m_disk(disk), m_sector(sector), m_problems(problems)
    {}

    std::optional<Table> table_at(std::uint64_t lba, const char *which)
    {
        auto problem = [&](std::string text) {
            m_problems.push_back(fmt::format("the {} header at LBA {}: {}", which, lba, text));
            return std::nullopt;
        };
        auto const at = checked_mul<std::uint64_t>(lba, m_sector);
        auto const header = at ? m_disk.read(*at, m_sector) : std::nullopt;
        if (!header)
            return problem("lies outside the disk");
        if (!begins_with(*header, signature))
            return problem("does not begin with EFI PART");
        auto const size = load_le<std::uint32_t>(*header, 12);
        if (size < smallest_header || size > m_sector)
            return problem(fmt::format("HeaderSize is {}", size));
        std::vector<std::byte> summed(header->begin(), header->begin() + size);
        store_le<std::uint32_t>(summed, 16, 0);
        if (crc32_of(summed) != load_le<std::uint32_t>(*header, 16))
            return problem("HeaderCRC32 is wrong");
        if (load_le<std::uint64_t>(*header, 24) != lba)
            return problem(fmt::format("MyLBA is {}", load_le<std::uint64_t>(*header, 24)));

        Table table;
        table.alternate = load_le<std::uint64_t>(*header, 32);
        table.first_usable = load_le<std::uint64_t>(*header, 40);
        table.last_usable = load_le<std::uint64_t>(*header, 48);
        table.disk_guid = guid_text(Bytes(*header).subspan(56, 16));
        auto const array_lba = load_le<std::uint64_t>(*header, 72);
        auto const count = load_le<std::uint32_t>(*header, 80);
        table.entry_size = load_le<std::uint32_t>(*header, 84);
        table.array_crc = load_le<std::uint32_t>(*header, 88);
        if (count > most_entries)
            return problem(fmt::format("NumberOfPartitionEntries is {}, more than {}", count, most_entries));
        // "128 x 2^n" says the specification.
        if (table.entry_size < 128 || table.entry_size > largest_entry || !is_power_of_two(table.entry_size))
            return problem(fmt::format("SizeOfPartitionEntry is {}", table.entry_size));
        auto const array_at = checked_mul<std::uint64_t>(array_lba, m_sector);
        auto array = array_at ? m_disk.read(*array_at, std::size_t{count} * table.entry_size) : std::nullopt;
        if (!array)
            return problem(fmt::format("the partition entries at LBA {} lie outside the disk", array_lba));
        if (crc32_of(*array) != table.array_crc)
            return problem("PartitionEntryArrayCRC32 is wrong");
        table.array = std::move(*array);
        return table;
    }

    std::vector<PartitionFacts> partitions(const Table &table)
    {
        std::vector<PartitionFacts> out;
        for (std::size_t i = 0; i * table.entry_size < table.array.size(); ++i) {
            Bytes const entry = Bytes(table.array).subspan(i * table.entry_size, table.entry_size);
            if (all_zero(entry.first(16)))
                continue;
            auto const number = static_cast<std::uint32_t>(i + 1);
            auto const first = load_le<std::uint64_t>(entry, 32);
            auto const last = load_le<std::uint64_t>(entry, 40);
            auto const begin = checked_mul<std::uint64_t>(first, m_sector);
            auto const beyond = checked_add<std::uint64_t>(last, 1);
            auto const end = beyond ? checked_mul<std::uint64_t>(*beyond, m_sector) : std::nullopt;
            if (!begin || !end || *end <= *begin) {
                m_problems.push_back(fmt::format("partition {}: LBA {} to {} is no range", number, first, last));
                continue;
            }
            if (first < table.first_usable || last > table.last_usable)
                m_problems.push_back(fmt::format("partition {}: LBA {} to {} leaves the usable range {} to {}", number,
                                                 first, last, table.first_usable, table.last_usable));
            PartitionFacts partition;
            partition.number = number;
            partition.offset = *begin;
            partition.length = *end - *begin;
            partition.type = guid_text(entry.first(16));
            partition.uuid = to_lower(guid_text(entry.subspan(16, 16)));
            partition.name = utf8_from_utf16le(entry.subspan(56, 72));
            partition.bootable = (load_le<std::uint64_t>(entry, 48) & 4) != 0;  // attribute bit 2
            partition.inside_disk = *end <= m_disk.size();
            out.push_back(std::move(partition));
        }
        return out;
    }

private:
    VolumeReader &m_disk;
    std::uint32_t m_sector;
    std::vector<std::string> &m_problems;
};

// The sector size that the table was written for: where a header is, first at the start, then at the end.
std::optional<std::uint32_t> find_sector_size(VolumeReader &disk)
{
    for (std::uint32_t const size : {512U, 4096U}) {
        if (disk.has(size, signature))
            return size;
    }
    for (std::uint32_t const size : {512U, 4096U}) {
        if (disk.size() >= size && disk.has(disk.size() / size * size - size, signature))
            return size;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Gpt> read_gpt(VolumeReader &disk)
{
    auto const sector = find_sector_size(disk);
    if (!sector)
        return std::nullopt;
    Gpt gpt;
    gpt.sector_size = *sector;
    std::uint64_t const sectors = disk.size() / *sector;
    if (sectors < 3) {
        gpt.facts.problems.push_back("the disk is too small for a GPT");
        return gpt;
    }
    GptReader reader(disk, *sector, gpt.facts.problems);
    auto const primary = reader.table_at(1, "primary");
    gpt.facts.primary_valid = primary.has_value();

    // The backup belongs into the last sector (section 5.3.2); a disk that grew or shrank has it elsewhere or nowhere.
    std::uint64_t const last = sectors - 1;
    std::uint64_t backup_at = primary ? primary->alternate : last;
    auto backup = reader.table_at(backup_at, "backup");
    if (!backup && backup_at != last && disk.has(last * *sector, signature)) {
        backup_at = last;
        backup = reader.table_at(last, "backup");
    }
    gpt.facts.backup_valid = backup.has_value();
    gpt.facts.backup_in_last_sector = backup && backup_at == last;
    if (primary && primary->alternate != last)
        gpt.facts.problems.push_back(fmt::format("the primary header names LBA {} for the backup, the last one is {}",
                                                 primary->alternate, last));
    if (primary && backup && (primary->array_crc != backup->array_crc || primary->disk_guid != backup->disk_guid))
        gpt.facts.problems.push_back("the backup table differs from the primary one");

    if (auto const &table = primary ? primary : backup) {
        gpt.disk_guid = table->disk_guid;
        gpt.partitions = reader.partitions(*table);
    }
    return gpt;
}

}  // namespace imgport
