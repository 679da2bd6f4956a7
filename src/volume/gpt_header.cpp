#include "volume/gpt_header.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include "volume/fields.hpp"

namespace imgport {
namespace {

constexpr std::uint32_t smallest_header = 92;
constexpr std::uint32_t most_entries = 1024;
constexpr std::uint32_t largest_entry = 4096;

std::uint32_t crc32_of(Bytes bytes)
{
    return static_cast<std::uint32_t>(::crc32(::crc32(0, nullptr, 0), reinterpret_cast<const Bytef *>(bytes.data()),
                                              static_cast<uInt>(bytes.size())));
}

}  // namespace

std::uint32_t gpt_header_crc(Bytes header)
{
    std::vector<std::byte> summed(header.begin(), header.end());
    store_le<std::uint32_t>(summed, gpt_field::header_crc, 0);
    return crc32_of(summed);
}

tl::expected<GptTable, std::string> read_gpt_table(VolumeReader &disk, std::uint64_t lba, std::uint32_t sector)
{
    auto const problem = [](std::string text) { return tl::unexpected(std::move(text)); };
    auto const at = checked_mul<std::uint64_t>(lba, sector);
    auto const bytes = at ? disk.read(*at, sector) : std::nullopt;
    if (!bytes)
        return problem("lies outside the disk");
    if (!begins_with(*bytes, gpt_signature))
        return problem("does not begin with EFI PART");
    auto const size = load_le<std::uint32_t>(*bytes, gpt_field::header_size);
    if (size < smallest_header || size > sector)
        return problem(fmt::format("HeaderSize is {}", size));
    GptTable table;
    table.header.assign(bytes->begin(), bytes->begin() + size);
    if (gpt_header_crc(table.header) != load_le<std::uint32_t>(*bytes, gpt_field::header_crc))
        return problem("HeaderCRC32 is wrong");
    if (load_le<std::uint64_t>(*bytes, gpt_field::my_lba) != lba)
        return problem(fmt::format("MyLBA is {}", load_le<std::uint64_t>(*bytes, gpt_field::my_lba)));

    table.alternate = load_le<std::uint64_t>(*bytes, gpt_field::alternate_lba);
    table.first_usable = load_le<std::uint64_t>(*bytes, gpt_field::first_usable);
    table.last_usable = load_le<std::uint64_t>(*bytes, gpt_field::last_usable);
    table.disk_guid = guid_text(Bytes(*bytes).subspan(gpt_field::disk_guid, 16));
    table.entries_lba = load_le<std::uint64_t>(*bytes, gpt_field::entries_lba);
    auto const count = load_le<std::uint32_t>(*bytes, gpt_field::entry_count);
    table.entry_size = load_le<std::uint32_t>(*bytes, gpt_field::entry_size);
    table.entries_crc = load_le<std::uint32_t>(*bytes, gpt_field::entries_crc);
    if (count > most_entries)
        return problem(fmt::format("NumberOfPartitionEntries is {}, more than {}", count, most_entries));
    // "128 x 2^n" says the specification.
    if (table.entry_size < 128 || table.entry_size > largest_entry || !is_power_of_two(table.entry_size))
        return problem(fmt::format("SizeOfPartitionEntry is {}", table.entry_size));
    auto const entries_at = checked_mul<std::uint64_t>(table.entries_lba, sector);
    auto entries = entries_at ? disk.read(*entries_at, std::size_t{count} * table.entry_size) : std::nullopt;
    if (!entries)
        return problem(fmt::format("the partition entries at LBA {} lie outside the disk", table.entries_lba));
    if (crc32_of(*entries) != table.entries_crc)
        return problem("PartitionEntryArrayCRC32 is wrong");
    table.entries = std::move(*entries);
    return table;
}

std::optional<std::uint32_t> gpt_sector_size(VolumeReader &disk)
{
    for (std::uint32_t const size : {512U, 4096U}) {
        if (disk.has(size, gpt_signature))
            return size;
    }
    for (std::uint32_t const size : {512U, 4096U}) {
        if (disk.size() >= size && disk.has(disk.size() / size * size - size, gpt_signature))
            return size;
    }
    return std::nullopt;
}

}  // namespace imgport
