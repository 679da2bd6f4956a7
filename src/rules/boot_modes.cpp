// How a disk can be booted.
#include <algorithm>

#include <fmt/format.h>

#include <imgport/import_parameters.hpp>

#include "rules/boot_modes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// UEFI specification 2.10, section 5.3.3, and the GRUB manual, "BIOS installation".
constexpr std::string_view bios_boot_type = "21686148-6449-6E6F-744E-656564454649";
// Where FreeBSD's boot code for GPT (pmbr) finds gptboot: gpart(8), "freebsd-boot".
constexpr std::string_view freebsd_boot_type = "83BD6B9D-7F41-11DC-BE0B-001560B84F0F";

void judge_bios(const DiskFacts &disk, BootModes &modes)
{
    if (!disk.boot_code)
        return;
    bool const grub2 = std::find(disk.boot_sector_loaders.begin(), disk.boot_sector_loaders.end(), "grub2") !=
                       disk.boot_sector_loaders.end();
    // GRUB's boot sector does nothing without its core image; any other looks for a partition to start.
    if (grub2 && disk.grub_core_found) {
        modes.bios = *disk.grub_core_found;
        if (modes.bios)
            modes.evidence.push_back({.file = "disk", .line = {}, .offset = 0, .value = "GRUB 2 and its core image"});
        return;
    }
    for (auto const &partition : disk.partitions) {
        std::string const type = to_upper(partition.type);
        bool const bios_boot = disk.table == "gpt" && (type == bios_boot_type || type == freebsd_boot_type);
        if (!partition.bootable && !bios_boot)
            continue;
        modes.bios = true;
        modes.evidence.push_back({.file = "disk",
                                  .line = {},
                                  .offset = partition.offset,
                                  .value = fmt::format("boot code in sector 0 and {} partition {}",
                                                       bios_boot ? "BIOS boot" : "active", partition.number)});
        return;
    }
}

void judge_uefi(const BootLoaderFacts &loader, BootModes &modes)
{
    if (!loader.efi_system_partition)
        return;
    auto const program = std::find_if(loader.efi_files.begin(), loader.efi_files.end(),
                                      [](auto const &file) { return to_lower(file).ends_with(".efi"); });
    if (program == loader.efi_files.end())
        return;
    modes.uefi = true;
    modes.evidence.push_back({.file = *program, .line = {}, .offset = {}, .value = "on the EFI system partition"});
}

}  // namespace

BootModes boot_modes_of(const Inspection &inspection)
{
    BootModes modes;
    bool const arm = inspection.guest && inspection.guest->architecture == "aarch64";  // has no BIOS
    if (inspection.disk && !arm)
        judge_bios(*inspection.disk, modes);
    if (inspection.guest && inspection.guest->boot_loader)
        judge_uefi(*inspection.guest->boot_loader, modes);
    return modes;
}

std::string fallback_loader_name(const GuestFacts &guest)
{
    // UEFI specification 2.10, section 3.5.1.1, "Removable Media Boot Behavior".
    if (guest.architecture == "aarch64")
        return "/EFI/BOOT/BOOTAA64.EFI";
    return "/EFI/BOOT/BOOTX64.EFI";
}

bool has_fallback_loader(const GuestFacts &guest)
{
    if (!guest.boot_loader)
        return false;
    auto const &files = guest.boot_loader->efi_files;
    std::string const wanted = to_lower(fallback_loader_name(guest));
    return std::any_of(files.begin(), files.end(), [&](auto const &file) { return to_lower(file) == wanted; });
}

bool has_bios_boot_partition(const DiskFacts &disk)
{
    return disk.table == "gpt" &&
           std::any_of(disk.partitions.begin(), disk.partitions.end(),
                       [](auto const &partition) { return to_upper(partition.type) == bios_boot_type; });
}

bool lacks_place_for_core(const DiskFacts &disk)
{
    bool const grub2 = std::find(disk.boot_sector_loaders.begin(), disk.boot_sector_loaders.end(), "grub2") !=
                       disk.boot_sector_loaders.end();
    return disk.table == "gpt" && grub2 && disk.grub_core_found && !*disk.grub_core_found &&
           !has_bios_boot_partition(disk);
}

std::string best_boot_mode(const Inspection &inspection)
{
    BootModes const modes = boot_modes_of(inspection);
    if (modes.uefi && !modes.bios)
        return "UEFI";
    if (modes.uefi && inspection.guest && has_fallback_loader(*inspection.guest))
        return "UEFI-Preferred";
    return modes.bios ? "BIOS" : "";
}

}  // namespace imgport
