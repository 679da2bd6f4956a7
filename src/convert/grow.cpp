#include "convert/grow.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "format/reading.hpp"
#include "support/text.hpp"
#include "volume/gpt_header.hpp"
#include "volume/mbr.hpp"
#include "volume/volumes.hpp"

namespace imgport {
namespace {

tl::unexpected<Error> refuse(ErrorCode code, std::string message, std::string hint)
{
    return fail({code, std::move(message), {}, {}, {}, std::move(hint)});
}

std::string in_words(std::uint64_t bytes)
{
    return fmt::format("{} ({} bytes)", human_size(bytes), bytes);
}

Result<void> check_size(std::uint64_t now, std::uint64_t wanted)
{
    if (wanted < now)
        return refuse(ErrorCode::usage,
                      fmt::format("the disk has {} already, more than the {} that it should grow to", in_words(now),
                                  in_words(wanted)),
                      fmt::format("give a size of {} or more: a disk is never made smaller", in_words(now)));
    if (wanted > largest_sane_disk)
        return refuse(ErrorCode::usage, fmt::format("no disk has {}", in_words(wanted)),
                      fmt::format("give a size of {} at most", human_size(largest_sane_disk)));
    if (wanted % sector_size != 0)
        return refuse(
            ErrorCode::usage, fmt::format("a disk of {} bytes is no whole number of sectors", wanted),
            fmt::format("give a multiple of {}, for example {}", sector_size, *round_up(wanted, sector_size)));
    return {};
}

Error damaged(const std::string &what)
{
    return {ErrorCode::malformed,
            fmt::format("the disk cannot grow, since its GPT is damaged: {}", what),
            {},
            {},
            {},
            "sgdisk --verify on a raw copy of the disk shows the damage; repair it with gdisk (recovery menu) first"};
}

// The table is carried over as it is; in a larger disk nothing would show any more that a part of it is missing.
Result<void> check_complete(const DiskFacts &facts)
{
    for (auto const &partition : facts.partitions) {
        if (!partition.inside_disk)
            return refuse(ErrorCode::malformed,
                          fmt::format("the disk cannot grow, since a part of it is missing: partition {} ends at byte "
                                      "{}, the disk has {}",
                                      partition.number, partition.offset + partition.length, facts.size),
                          "export or download the disk again");
    }
    return {};
}

class GptGrowth {
public:
    GptGrowth(VolumeReader &disk, const DiskFacts &facts, GptTable primary, std::uint64_t size)
        : m_disk(disk), m_facts(facts), m_primary(std::move(primary)), m_sector(facts.sector_size), m_size(size)
    {}

    Result<DiskChanges> plan()
    {
        if (m_size % m_sector != 0)
            return refuse(ErrorCode::usage,
                          fmt::format("a disk of {} bytes is no whole number of sectors: the GPT of this one counts "
                                      "sectors of {} bytes",
                                      m_size, m_sector),
                          fmt::format("give a multiple of {}, for example {}", m_sector, *round_up(m_size, m_sector)));
        if (auto sound = check_primary(); !sound)
            return fail(sound.error());
        if (auto fits = lay_out(); !fits)
            return fail(fits.error());
        DiskChanges changes;
        changes.size = m_size;
        clear_old_backups(changes);
        patch_mbr(changes);
        write_tables(changes);
        return changes;
    }

private:
    std::uint64_t sectors_of(std::uint64_t bytes) const { return (bytes + m_sector - 1) / m_sector; }

    // What the sums do not tell: a table that lies over its own header, or over partitions, cannot be written anew
    // without a loss.
    Result<void> check_primary() const
    {
        std::uint64_t const entries = sectors_of(m_primary.entries.size());
        if (m_primary.entries_lba < 2 || !range_inside(m_primary.entries_lba, entries, m_primary.first_usable))
            return fail(damaged(fmt::format("the partition entries at LBA {} do not lie between the primary header "
                                            "and FirstUsableLBA {}",
                                            m_primary.entries_lba, m_primary.first_usable)));
        if (m_primary.first_usable >= m_disk.size() / m_sector)
            return fail(damaged(fmt::format("FirstUsableLBA {} lies outside the disk", m_primary.first_usable)));
        return {};
    }

    // The new places, from the end: the backup header, the backup of the entries, and the last sector for partitions.
    Result<void> lay_out()
    {
        std::uint64_t const room = sectors_of(std::max<std::uint64_t>(m_primary.entries.size(), gpt_least_entries));
        std::uint64_t used = (m_primary.first_usable + 1) * m_sector;
        std::string what = "the partition table";
        for (auto const &partition : m_facts.partitions) {
            if (partition.offset + partition.length > used) {
                used = partition.offset + partition.length;
                what = fmt::format("partition {}", partition.number);
            }
        }
        std::uint64_t const least = used + (room + 1) * m_sector;
        if (m_size < least)
            return refuse(
                ErrorCode::usage,
                fmt::format("a disk of {} has no room for the backup of the GPT behind {}", in_words(m_size), what),
                fmt::format("give a size of {} or more", in_words(least)));
        m_last = m_size / m_sector - 1;
        m_entries_lba = m_last - room;
        return {};
    }

    // Where the primary header says that the backup is, and at the old end. What lies there is cleared only where it
    // is a backup without doubt: sound, behind the sectors for partitions, and in no partition.
    void clear_old_backups(DiskChanges &changes)
    {
        std::vector<std::uint64_t> places{m_primary.alternate};
        if (m_disk.size() / m_sector - 1 != m_primary.alternate)
            places.push_back(m_disk.size() / m_sector - 1);
        for (std::uint64_t const lba : places) {
            auto const old = lba > 1 ? read_gpt_table(m_disk, lba, m_sector) : tl::unexpected(std::string());
            if (!old)
                continue;
            clear(changes, lba, 1);
            clear(changes, old->entries_lba, sectors_of(old->entries.size()));
        }
        join_holes(changes);
    }

    void clear(DiskChanges &changes, std::uint64_t lba, std::uint64_t sectors) const
    {
        if (sectors == 0 || lba <= m_primary.last_usable || lba < m_primary.first_usable)
            return;
        // It was read, so it lies inside the disk.
        ByteRange const range{lba * m_sector, sectors * m_sector};
        for (auto const &partition : m_facts.partitions) {
            if (range.offset < partition.offset + partition.length && partition.offset < range.offset + range.length)
                return;
        }
        changes.holes.push_back(range);
    }

    static void join_holes(DiskChanges &changes)
    {
        std::sort(changes.holes.begin(), changes.holes.end(),
                  [](const ByteRange &a, const ByteRange &b) { return a.offset < b.offset; });
        std::vector<ByteRange> joined;
        for (auto const &hole : changes.holes) {
            if (!joined.empty() && hole.offset <= joined.back().offset + joined.back().length) {
                std::uint64_t const end =
                    std::max(joined.back().offset + joined.back().length, hole.offset + hole.length);
                joined.back().length = end - joined.back().offset;
            } else {
                joined.push_back(hole);
            }
        }
        changes.holes = std::move(joined);
    }

    // Section 5.2.3: the protective entry's SizeInLBA is the disk's size without sector 0, or all ones where that
    // does not fit. In a hybrid MBR only an entry that went up to the end does so again; the others stay.
    void patch_mbr(DiskChanges &changes)
    {
        auto const mbr = read_mbr(m_disk);
        if (!mbr)
            return;
        std::uint64_t const old_sectors = m_disk.size() / m_sector;
        for (std::size_t i = 0; i < mbr->entries.size(); ++i) {
            auto const &entry = mbr->entries[i];
            std::uint64_t const end = std::uint64_t{entry.first} + entry.sectors;
            bool const to_the_end = !mbr->has_partitions() || entry.sectors == 0xffffffff || end == old_sectors ||
                                    end - 1 == m_primary.alternate;
            if (entry.type != mbr_type_protective || !to_the_end || entry.first > m_last)
                continue;
            auto const sectors = std::min<std::uint64_t>(m_last + 1 - entry.first, 0xffffffff);
            if (sectors == entry.sectors)
                continue;
            BytePatch patch{mbr_entries_at + i * mbr_entry_size + mbr_entry_sectors, std::vector<std::byte>(4)};
            store_le(patch.bytes, 0, static_cast<std::uint32_t>(sectors));
            changes.patches.push_back(std::move(patch));
        }
    }

    void write_tables(DiskChanges &changes) const
    {
        auto primary = m_primary.header;
        store_le<std::uint64_t>(primary, gpt_field::alternate_lba, m_last);
        store_le<std::uint64_t>(primary, gpt_field::last_usable, m_entries_lba - 1);
        store_le<std::uint32_t>(primary, gpt_field::header_crc, gpt_header_crc(primary));

        auto backup = primary;
        store_le<std::uint64_t>(backup, gpt_field::my_lba, m_last);
        store_le<std::uint64_t>(backup, gpt_field::alternate_lba, 1);
        store_le<std::uint64_t>(backup, gpt_field::entries_lba, m_entries_lba);
        store_le<std::uint32_t>(backup, gpt_field::header_crc, gpt_header_crc(backup));

        // The entries with all of their room, and the header with all of its sector: one piece.
        auto end = m_primary.entries;
        end.resize(static_cast<std::size_t>((m_last - m_entries_lba) * m_sector));
        end.insert(end.end(), backup.begin(), backup.end());
        end.resize(static_cast<std::size_t>((m_last + 1 - m_entries_lba) * m_sector));
        changes.patches.push_back({m_sector, std::move(primary)});
        changes.patches.push_back({m_entries_lba * m_sector, std::move(end)});
    }

    VolumeReader &m_disk;
    const DiskFacts &m_facts;
    GptTable m_primary;
    std::uint64_t m_sector;  // bytes
    std::uint64_t m_size;
    std::uint64_t m_last = 0;         // LBA of the new backup header
    std::uint64_t m_entries_lba = 0;  // of the new backup
};

Result<DiskChanges> grow_gpt(VolumeReader &reader, const DiskFacts &facts, std::uint64_t size)
{
    if (!facts.gpt->primary_valid)
        return fail(damaged(facts.gpt->problems.empty() ? "its primary table" : facts.gpt->problems.front()));
    if (size == facts.size && facts.gpt->backup_in_last_sector && facts.gpt->problems.empty())
        return DiskChanges{};
    auto primary = read_gpt_table(reader, 1, facts.sector_size);
    if (!primary)
        return fail(reader.error() ? *reader.error() : damaged(primary.error()));
    return GptGrowth(reader, facts, std::move(*primary), size).plan();
}

}  // namespace

Result<DiskChanges> plan_growth(Disk &disk, std::uint64_t size)
{
    if (auto possible = check_size(disk.size(), size); !possible)
        return fail(possible.error());
    auto const facts = describe_disk(disk);
    if (!facts)
        return fail(facts.error());
    if (auto complete = check_complete(*facts); !complete)
        return fail(complete.error());
    VolumeReader reader(disk);
    DiskChanges changes;
    if (facts->table == "gpt") {
        auto planned = grow_gpt(reader, *facts, size);
        if (!planned)
            return planned;
        changes = std::move(*planned);
    } else {
        auto const mbr = read_mbr(reader);
        if (mbr && mbr->protective() && !mbr->has_partitions())
            return fail(damaged("the MBR is a protective one, but neither header is where it belongs"));
        if (size != disk.size())
            changes.size = size;
    }
    if (reader.error())
        return fail(*reader.error());
    return changes;
}

}  // namespace imgport
