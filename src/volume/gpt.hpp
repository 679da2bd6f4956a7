// The GUID partition table: UEFI specification 2.10, section 5.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <imgport/disk_facts.hpp>

#include "volume/volume_reader.hpp"

namespace imgport {

struct Gpt {
    GptFacts facts = {};
    std::uint32_t sector_size = 512;  // bytes, told by where the header lies
    std::string disk_guid = {};       // upper case
    std::vector<PartitionFacts> partitions = {};
};

// nullopt where neither LBA 1 nor the last sector, of 512 or of 4096 bytes, begins with "EFI PART". Partitions come
// from the primary table, or from the backup where only that is valid; none where both are damaged.
std::optional<Gpt> read_gpt(VolumeReader &disk);

// The type GUIDs that somebody asks for.
inline constexpr const char *gpt_type_bios_boot = "21686148-6449-6E6F-744E-656564454649";
inline constexpr const char *gpt_type_efi_system = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";

}  // namespace imgport
