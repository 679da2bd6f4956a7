// The partition table in sector 0: four primary entries, and logical ones in a chain of extended boot records.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <imgport/disk_facts.hpp>

#include "format/boot_sector.hpp"
#include "volume/volume_reader.hpp"

namespace imgport {

// Where its four entries lie, and what in an entry says how many sectors the partition has.
inline constexpr std::size_t mbr_entries_at = 446;
inline constexpr std::size_t mbr_entry_size = 16;
inline constexpr std::size_t mbr_entry_sectors = 12;
inline constexpr std::uint8_t mbr_type_protective = 0xee;

struct Mbr {
    std::uint32_t signature = 0;  // the disk signature at 440
    std::array<MbrEntry, 4> entries = {};

    bool protective() const;      // an entry of type EE: UEFI 2.10, section 5.2.3
    bool has_partitions() const;  // an entry other than a protective one
};

// nullopt where sector 0 holds no partition table: no 55 AA, a status byte that is neither 00 nor 80, or the boot
// sector of a FAT or NTFS filesystem that covers the whole disk.
std::optional<Mbr> read_mbr(VolumeReader &disk);

// "sda1" to "sda4" are the slots, logical ones count from 5. Extended containers are among them.
// Loops, ends outside the disk and chains of more than 128 are told in `problems`.
std::vector<PartitionFacts> mbr_partitions(VolumeReader &disk, const Mbr &mbr, std::vector<std::string> &problems);

// Whether PartitionFacts::type names an extended partition: a container, not a volume.
bool is_extended_type(const std::string &mbr_type);

}  // namespace imgport
