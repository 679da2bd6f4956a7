// One of the two headers of a GUID partition table with its entries: UEFI specification 2.10, section 5.3.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "volume/volume_reader.hpp"

namespace imgport {

inline constexpr std::string_view gpt_signature = "EFI PART";

// Where the fields of a header lie (table 5.5).
namespace gpt_field {
inline constexpr std::size_t header_size = 12;
inline constexpr std::size_t header_crc = 16;
inline constexpr std::size_t my_lba = 24;
inline constexpr std::size_t alternate_lba = 32;
inline constexpr std::size_t first_usable = 40;
inline constexpr std::size_t last_usable = 48;
inline constexpr std::size_t disk_guid = 56;
inline constexpr std::size_t entries_lba = 72;
inline constexpr std::size_t entry_count = 80;
inline constexpr std::size_t entry_size = 84;
inline constexpr std::size_t entries_crc = 88;
}  // namespace gpt_field

// The room that the specification wants for the entries, even where there are few. Bytes.
inline constexpr std::uint64_t gpt_least_entries = 16384;

// Both sums are right.
struct GptTable {
    std::uint64_t alternate = 0;  // LBA
    std::uint64_t first_usable = 0;
    std::uint64_t last_usable = 0;
    std::uint64_t entries_lba = 0;
    std::string disk_guid = {};
    std::uint32_t entry_size = 0;
    std::uint32_t entries_crc = 0;
    std::vector<std::byte> header = {};   // HeaderSize bytes
    std::vector<std::byte> entries = {};  // 4 MiB at most
};

// What is wrong with it, otherwise: "HeaderCRC32 is wrong".
tl::expected<GptTable, std::string> read_gpt_table(VolumeReader &disk, std::uint64_t lba, std::uint32_t sector);

// The sector size that the table was written for, 512 or 4096: where a header is, first at the start, then at the end.
// nullopt where there is none.
std::optional<std::uint32_t> gpt_sector_size(VolumeReader &disk);

// The sum that belongs into HeaderCRC32 of these HeaderSize bytes.
std::uint32_t gpt_header_crc(Bytes header);

}  // namespace imgport
