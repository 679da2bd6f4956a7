#include "volume/gpt.hpp"

#include <fmt/format.h>

#include "format/reading.hpp"
#include "support/text.hpp"
#include "volume/fields.hpp"
#include "volume/gpt_header.hpp"

namespace imgport {
namespace {

class GptReader {
public:
    GptReader(VolumeReader &disk, std::uint32_t sector, std::vector<std::string> &problems)
        : m_disk(disk), m_sector(sector), m_problems(problems)
    {}

    std::optional<GptTable> table_at(std::uint64_t lba, const char *which)
    {
        auto table = read_gpt_table(m_disk, lba, m_sector);
        if (table)
            return std::move(*table);
        m_problems.push_back(fmt::format("the {} header at LBA {}: {}", which, lba, table.error()));
        return std::nullopt;
    }

    std::vector<PartitionFacts> partitions(const GptTable &table)
    {
        std::vector<PartitionFacts> out;
        for (std::size_t i = 0; i * table.entry_size < table.entries.size(); ++i) {
            Bytes const entry = Bytes(table.entries).subspan(i * table.entry_size, table.entry_size);
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

}  // namespace

std::optional<Gpt> read_gpt(VolumeReader &disk)
{
    auto const sector = gpt_sector_size(disk);
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
    if (!backup && backup_at != last && disk.has(last * *sector, gpt_signature)) {
        backup_at = last;
        backup = reader.table_at(last, "backup");
    }
    gpt.facts.backup_valid = backup.has_value();
    gpt.facts.backup_in_last_sector = backup && backup_at == last;
    if (primary && primary->alternate != last)
        gpt.facts.problems.push_back(fmt::format("the primary header names LBA {} for the backup, the last one is {}",
                                                 primary->alternate, last));
    if (primary && backup && (primary->entries_crc != backup->entries_crc || primary->disk_guid != backup->disk_guid))
        gpt.facts.problems.push_back("the backup table differs from the primary one");

    if (auto const &table = primary ? primary : backup) {
        gpt.disk_guid = table->disk_guid;
        gpt.partitions = reader.partitions(*table);
    }
    return gpt;
}

}  // namespace imgport
