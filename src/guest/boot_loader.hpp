// The guest's boot loader: its menu, and what lies on the EFI system partition.
#pragma once

#include <string>
#include <vector>

#include <imgport/facts.hpp>

#include "guest/guest_files.hpp"

namespace imgport {

struct BootInput {
    FileTree &tree;  // the guest as it mounts itself
    const std::vector<VolumeFacts> &volumes;
    // Where each volume's files are in `tree`; a boot loader's paths are relative to a volume.
    const std::vector<MountPoint> &mounts;
    FileTree *esp = nullptr;       // the files of the EFI system partition by themselves, if there is one
    std::string esp_target = {};   // where `tree` has it; empty: nowhere
    std::string esp_failure = {};  // why it could not be opened
};

Known<BootLoaderFacts> read_boot_loader(const BootInput &input);

// The partition that firmware looks for boot loaders on (UEFI 2.10, section 13.3): the GPT type or MBR type 0xEF, and
// a FAT filesystem. nullptr where there is none.
const VolumeFacts *find_efi_system_partition(const DiskFacts &disk, const std::vector<VolumeFacts> &volumes);

// A path on a volume as the guest sees it: of all mounts of that volume the one under which the file exists, else the
// first of them. Where `volume` is empty: on the volume that holds `config`, else below /boot or the root.
std::string guest_path(GuestFiles &files, const std::vector<MountPoint> &mounts, const std::string &volume,
                       const std::string &config, const std::string &path);

}  // namespace imgport
