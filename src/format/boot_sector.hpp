// The first sector of a disk: a master boot record, or the boot sector of a filesystem. Both end in 55 AA.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "support/bytes.hpp"

namespace imgport {

struct MbrEntry {
    std::uint8_t status = 0;
    std::uint8_t type = 0;
    std::uint32_t first = 0;  // sector
    std::uint32_t sectors = 0;
};

struct PartitionTable {
    std::array<MbrEntry, 4> entries = {};
};

// The partition table of an MBR: signature, boot flags of 0 or 0x80 only, and at least one partition. nullopt where it
// is none, among others where it is the boot sector of a FAT or NTFS, whose code lies where the table would be.
// `sector` is 512 bytes or more.
std::optional<PartitionTable> partition_table_of(Bytes sector);

// "vfat", "ntfs", "exfat", "BitLocker", "hpfs", by the fields of the BIOS parameter block; empty where it is none.
std::string boot_sector_filesystem(Bytes sector);

// Whether it ends in 55 AA and the table's four entries are all empty.
bool is_empty_mbr(Bytes sector);

}  // namespace imgport
