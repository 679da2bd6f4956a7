// Partition table, firmware, boot loader.
#include <algorithm>

#include <fmt/format.h>

#include "rules/boot_modes.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::string_view efi_system_type = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";  // UEFI 2.10, section 5.3.3

Outcome pt_present(const RuleContext &context)
{
    auto const &disk = *context.inspection->disk;
    if (disk.table != "none")
        return passed(fmt::format("the partition table is {}", to_upper(disk.table)));
    return violated("the disk has no partition table, neither MBR nor GPT", {seen(context.input.image->path, "none")});
}

Outcome pt_gpt_crc(const RuleContext &context)
{
    auto const &disk = *context.inspection->disk;
    if (disk.table != "gpt" || !disk.gpt)
        return not_applicable(fmt::format("the partition table is {}", disk.table));
    auto const &gpt = *disk.gpt;
    std::vector<std::string> wrong;
    if (!gpt.primary_valid)
        wrong.emplace_back("the primary GPT is damaged");
    if (!gpt.backup_valid)
        wrong.emplace_back("the backup GPT is damaged or missing");
    else if (!gpt.backup_in_last_sector)
        wrong.emplace_back("the backup GPT is not in the last sector, as after a change of the disk's size");
    if (wrong.empty())
        return passed("both copies of the GPT are sound, the backup in the last sector");
    std::vector<Evidence> evidence;
    for (auto const &problem : gpt.problems)
        evidence.push_back(seen(context.input.image->path, problem));
    return violated(join(wrong, "; "), std::move(evidence));
}

bool has_efi_partition(const DiskFacts &disk)
{
    return std::any_of(disk.partitions.begin(), disk.partitions.end(), [](auto const &partition) {
        return to_upper(partition.type) == efi_system_type || to_upper(partition.type) == "EF";
    });
}

std::string requested_mode(const RuleContext &context)
{
    return context.input.request != nullptr ? context.input.request->boot_mode.value_or("") : "";
}

// Why what the disk can boot with is not known for sure; nullopt where it is.
std::optional<std::string> boot_loader_gap(const RuleContext &context)
{
    if (context.guest != nullptr)
        return context.guest->boot_loader ? std::nullopt : std::optional(context.guest->boot_loader.reason());
    return context.inspection->gap ? std::optional(context.inspection->gap->reason) : std::nullopt;
}

// GRUB is in the boot sector, and whether what it starts is there could not be read.
bool is_core_open(const DiskFacts &disk)
{
    return contains(disk.boot_sector_loaders, "grub2") && !disk.grub_core_found;
}
constexpr std::string_view core_open = "GRUB is in the boot sector, but whether its core image is there is not known";

Outcome boot_mode_detect(const RuleContext &context)
{
    BootModes const modes = boot_modes_of(*context.inspection);
    auto const gap = boot_loader_gap(context);
    // What was seen is certain. What was not seen may hide in the gap, if there is a place for it.
    bool const uefi_open = gap && !modes.uefi && has_efi_partition(*context.inspection->disk);
    std::string const has = modes.bios && modes.uefi ? "BIOS and UEFI" : modes.bios ? "BIOS only" : "UEFI only";
    std::string const wanted = requested_mode(context);
    bool const wants_bios = wanted == "BIOS" || wanted == "UEFI-Preferred";
    bool const wants_uefi = wanted == "UEFI" || wanted == "UEFI-Preferred";
    if (uefi_open && (wants_uefi || !modes.bios))
        return unknown(*gap);
    if (!modes.bios && is_core_open(*context.inspection->disk) && (wants_bios || !modes.uefi))
        return unknown(std::string(core_open));
    if (wants_bios && context.guest != nullptr && context.guest->architecture == "aarch64" && modes.uefi)
        return not_applicable("arm64 has no BIOS: see boot-arm64-uefi");
    if (wants_bios && modes.uefi && !modes.bios)
        return violated(fmt::format("boot mode {} is asked for, but the disk can boot with UEFI only", wanted),
                        modes.evidence);
    if (!modes.bios && !modes.uefi)
        return violated("the disk can boot with neither BIOS nor UEFI: no boot code with something to start, and no "
                        "EFI system partition with a loader",
                        {seen(context.input.image->path, context.inspection->disk->boot_code
                                                             ? "boot code in sector 0, but nothing it could start"
                                                             : "no boot code in sector 0")});
    if (wants_uefi && !modes.uefi)
        return violated(fmt::format("boot mode {} is asked for, but the disk can boot with BIOS only", wanted),
                        modes.evidence);
    return passed(fmt::format("the disk can boot with {}", has), modes.evidence);
}

Outcome boot_esp_fallback(const RuleContext &context)
{
    auto const &guest = *context.guest;
    std::string const wanted = requested_mode(context);
    BootModes const modes = boot_modes_of(*context.inspection);
    if (!guest.boot_loader) {
        bool const possible = !context.inspection->disk || has_efi_partition(*context.inspection->disk);
        return possible ? unknown(guest.boot_loader.reason()) : not_applicable("no EFI system partition");
    }
    if (!modes.uefi)
        return not_applicable("the disk does not boot with UEFI");
    std::string const name = fallback_loader_name(guest);
    if (has_fallback_loader(guest))
        return passed(fmt::format("{} is on the EFI system partition", name));
    if (modes.bios && (wanted.empty() || wanted == "BIOS"))
        return passed(fmt::format("{} is missing, but the disk boots with BIOS, which the import will use", name));
    std::vector<Evidence> evidence;
    for (auto const &file : guest.boot_loader->efi_files) {
        if (to_lower(file).ends_with(".efi") && evidence.size() < 10)
            evidence.push_back(seen(file, "found instead"));
    }
    return violated(fmt::format("{} is missing: the firmware of a new instance knows no other path, its boot entries "
                                "are not part of the image",
                                name),
                    std::move(evidence));
}

Outcome boot_grub_present(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!context.inspection->disk)
        return unknown("the boot sector was not read");
    auto const &disk = *context.inspection->disk;
    BootModes const modes = boot_modes_of(*context.inspection);
    std::string const wanted = requested_mode(context);
    if (modes.uefi && !modes.bios && wanted != "BIOS")
        return not_applicable("the disk boots with UEFI only");
    if (guest.architecture == "aarch64")
        return not_applicable("arm64 has no BIOS");
    if (!modes.bios && !guest.boot_loader && has_efi_partition(disk))
        return unknown(guest.boot_loader.reason());
    std::vector<Evidence> evidence;
    for (auto const &loader : disk.boot_sector_loaders)
        evidence.push_back({.file = "disk", .line = {}, .offset = 0, .value = loader});
    if (!disk.boot_code)
        return violated("the boot sector is empty: no boot loader is installed for BIOS", std::move(evidence));
    if (lacks_place_for_core(disk))
        return not_applicable("GRUB's core image has no place on this GPT disk: see boot-bios-gpt");
    if (contains(disk.boot_sector_loaders, "grub2") && disk.grub_core_found && !*disk.grub_core_found)
        return violated("GRUB is in the boot sector, but its core image is not where it looks for it",
                        std::move(evidence));
    if (is_core_open(disk) && !modes.bios)
        return unknown(std::string(core_open));
    if (!disk.boot_sector_loaders.empty())
        return passed(fmt::format("{} is in the boot sector", join(disk.boot_sector_loaders, ", ")),
                      std::move(evidence));
    // Some other boot code: it starts the active partition, whose loader has a configuration.
    if (!guest.boot_loader)
        return unknown(guest.boot_loader.reason());
    if (!guest.boot_loader->kind.empty() && modes.bios)
        return passed(
            fmt::format("the boot sector starts the active partition, configured by {}", guest.boot_loader->config));
    return violated("neither the boot sector nor the files show a boot loader (GRUB, extlinux)", std::move(evidence));
}

}  // namespace

std::vector<Rule> boot_rules()
{
    std::string const group = "boot";
    return {
        {{"pt-present",
          group,
          "The disk has a partition table, MBR or GPT",
          "The import does not find the system, and the instance does not boot.",
          "Install onto a partitioned disk; a bare filesystem cannot be turned into one in place",
          cite({"CHK", "INS"}),
          {""}},
         Reads::disk,
         Guests::any,
         pt_present},
        {{"pt-gpt-crc",
          group,
          "Both copies of a GPT are sound, the backup in the last sector",
          "Firmware and kernels may refuse the table, and growing the disk fails.",
          "The backup is missing, damaged or elsewhere: imgport convert IMAGE OUT.qcow2 --grow +0 writes it anew. The "
          "primary table is damaged: gdisk on a raw copy (r for recovery, b or c to load the backup), then sgdisk "
          "--verify",
          cite({"PRACTICE"}),
          {""}},
         Reads::disk,
         Guests::any,
         pt_gpt_crc},
        {{"boot-mode-detect",
          group,
          "The disk can boot, and in the boot mode that is asked for",
          "The instance does not start: its firmware finds nothing to run.",
          "Give --boot-mode as the disk is (BIOS or UEFI); to add BIOS: grub-install --target=i386-pc DISK; to add "
          "UEFI: an EFI system partition and grub-install --removable",
          cite({"BOOT", "SPEC"}),
          {""}},
         Reads::disk,
         Guests::any,
         boot_mode_detect},
        {{"boot-esp-fallback",
          group,
          "A disk that boots with UEFI has the fallback loader",
          "Boot entries live in the old machine's firmware, not in the image; without the fallback nothing starts.",
          "In the guest: grub-install --removable; or mkdir -p /boot/efi/EFI/BOOT and copy shimx64.efi (or "
          "grubx64.efi) from the vendor's folder to /boot/efi/EFI/BOOT/BOOTX64.EFI, with grubx64.efi beside it",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::any,
         boot_esp_fallback},
        {{"boot-grub-present",
          group,
          "A disk that boots with BIOS has a boot loader installed",
          "The BIOS finds nothing to start.",
          "Debian, Ubuntu: grub-install /dev/DISK; RHEL, CentOS, SUSE: grub2-install /dev/DISK",
          cite({"CHK2"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         boot_grub_present},
    };
}

}  // namespace imgport
