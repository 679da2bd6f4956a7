// "XFS Algorithms & Data Structures", third edition, chapter "Journaling Log". The log is a ring of 512-byte blocks.
// Each begins with the number of the cycle in which it was written, record headers with a magic and then the cycle.
// The head, where writing goes on, is where the cycle falls by one, or where the never written part begins.
#include "volume/xfs_log.hpp"

#include <algorithm>

namespace imgport {
namespace {

constexpr std::uint64_t block_size = 512;
constexpr std::uint32_t record_magic = 0xfeedbabe;
constexpr std::uint32_t version_2 = 2;
// A header for each 32 KiB of a version 2 record (XLOG_HEADER_CYCLE_SIZE).
constexpr std::uint32_t header_covers = 32 * 1024;
constexpr std::uint32_t largest_record = 256 * 1024;
constexpr std::uint8_t unmount_flag = 0x20;  // XLOG_UNMOUNT_TRANS in oh_flags

class Log {
public:
    Log(VolumeReader &volume, std::uint64_t offset, std::uint64_t blocks)
        : m_volume(volume), m_offset(offset), m_blocks(blocks)
    {}

    std::optional<std::vector<std::byte>> block(std::uint64_t number)
    {
        return m_volume.read(m_offset + number * block_size, block_size);
    }

    std::optional<std::uint32_t> cycle(std::uint64_t number)
    {
        auto const bytes = block(number);
        if (!bytes)
            return std::nullopt;
        auto const first = load_be<std::uint32_t>(*bytes, 0);
        return first == record_magic ? load_be<std::uint32_t>(*bytes, 4) : first;
    }

    // The first block of `cycle_number` or, for the part behind the head, later; nullopt after a read error.
    std::optional<std::uint64_t> first_with(std::uint32_t cycle_number)
    {
        std::uint64_t low = 0;
        std::uint64_t high = m_blocks - 1;  // known to have it
        while (low < high) {
            std::uint64_t const middle = low + (high - low) / 2;
            auto const found = cycle(middle);
            if (!found)
                return std::nullopt;
            if (*found == cycle_number)
                high = middle;
            else
                low = middle + 1;
        }
        return high;
    }

    // The block of the last record header before `head`, going round; nullopt where none is near.
    std::optional<std::uint64_t> record_before(std::uint64_t head)
    {
        std::uint64_t const reach = std::min<std::uint64_t>(
            m_blocks, (largest_record + largest_record / header_covers * block_size) / block_size);
        for (std::uint64_t back = 1; back <= reach; ++back) {
            std::uint64_t const number = (head + m_blocks - back) % m_blocks;
            auto const bytes = block(number);
            if (!bytes)
                return std::nullopt;
            if (load_be<std::uint32_t>(*bytes, 0) == record_magic)
                return number;
        }
        return std::nullopt;
    }

    std::uint64_t blocks() const { return m_blocks; }

private:
    VolumeReader &m_volume;
    std::uint64_t m_offset;
    std::uint64_t m_blocks;
};

// Whether the record at `start` is an unmount record that ends exactly at `head`.
bool ends_with_unmount(Log &log, std::uint64_t start, std::uint64_t head)
{
    auto const header = log.block(start);
    if (!header)
        return false;
    auto const length = load_be<std::uint32_t>(*header, 12);
    auto const operations = load_be<std::uint32_t>(*header, 40);
    if (length > largest_record || operations != 1)
        return false;
    std::uint64_t header_blocks = 1;
    auto const record_size = load_be<std::uint32_t>(*header, 320);
    if ((load_be<std::uint32_t>(*header, 8) & version_2) != 0 && record_size > header_covers)
        header_blocks = (std::uint64_t{record_size} + header_covers - 1) / header_covers;
    if (header_blocks > largest_record / header_covers)
        return false;
    std::uint64_t const end = start + header_blocks + (std::uint64_t{length} + block_size - 1) / block_size;
    if (end % log.blocks() != head % log.blocks())
        return false;
    // The operation header: oh_tid, oh_len, oh_clientid, oh_flags.
    auto const data = log.block((start + header_blocks) % log.blocks());
    return data && (load_be<std::uint8_t>(*data, 9) & unmount_flag) != 0;
}

}  // namespace

XfsLogState xfs_log_state(VolumeReader &volume, std::uint64_t offset, std::uint64_t length)
{
    std::uint64_t const blocks = length / block_size;
    if (blocks < 2 || !range_inside(offset, length, volume.size()))
        return XfsLogState::damaged;
    Log log(volume, offset, blocks);
    auto const first = log.cycle(0);
    auto const last = log.cycle(blocks - 1);
    if (!first || !last)
        return XfsLogState::damaged;
    if (*first == 0)
        return *last == 0 ? XfsLogState::clean : XfsLogState::damaged;  // never written
    // All blocks of one cycle: the head is where the ring closes.
    auto const head = *first == *last ? std::optional(blocks) : log.first_with(*last);
    auto const record = head ? log.record_before(*head) : std::nullopt;
    if (!record)
        return XfsLogState::damaged;
    return ends_with_unmount(log, *record, *head) ? XfsLogState::clean : XfsLogState::dirty;
}

}  // namespace imgport
