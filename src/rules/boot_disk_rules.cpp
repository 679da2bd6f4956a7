// How the disk is laid out for its firmware, and whether what boots is all on it.
#include <algorithm>

#include <fmt/format.h>

#include "rules/boot_entries.hpp"
#include "rules/boot_modes.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

std::string requested_mode(const RuleContext &context)
{
    return context.input.request != nullptr ? context.input.request->boot_mode.value_or("") : "";
}

// An MBR's extended partition is only the frame of the logical ones.
bool is_frame(const PartitionFacts &partition)
{
    std::string const type = to_lower(partition.type);
    return type == "05" || type == "0f" || type == "85" || type == "5" || type == "f";
}

Outcome pt_single_root(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!context.inspection->disk)
        return unknown("the partition table was not read");
    const VolumeFacts *root = root_volume(*context.inspection, guest);
    if (root == nullptr)
        return unknown("the volume that holds the root filesystem is not known");
    if (root->kind != "partition")
        return not_applicable(fmt::format("the root filesystem is on {}, not on a partition", root->device));
    auto const &partitions = context.inspection->disk->partitions;
    auto const own = std::find_if(partitions.begin(), partitions.end(),
                                  [&](auto const &partition) { return partition.number == root->partition; });
    if (own == partitions.end())
        return unknown(fmt::format("{} is not in the partition table", root->device));
    std::vector<Evidence> behind;
    for (auto const &partition : partitions) {
        if (partition.offset > own->offset && !is_frame(partition))
            behind.push_back(
                {.file = "disk",
                 .line = {},
                 .offset = partition.offset,
                 .value = fmt::format("partition {}, {}", partition.number, human_size(partition.length))});
    }
    if (behind.empty())
        return passed(fmt::format("the root partition {} is the last one", root->device));
    std::string message = fmt::format("behind the root partition {} lies {}: root cannot grow when the disk does",
                                      root->device, behind.front().value);
    return violated(std::move(message), std::move(behind));
}

Outcome boot_arm64_uefi(const RuleContext &context)
{
    auto const *request = context.input.request;
    // Without a guest the user's word for it counts.
    bool const arm = context.guest != nullptr ? context.guest->architecture == "aarch64"
                                              : request != nullptr && request->architecture == "arm64";
    if (!arm)
        return not_applicable("the system is not for arm64");
    std::string const wanted = requested_mode(context);
    if (wanted.empty() || wanted == "UEFI")
        return passed("an arm64 image is imported with boot mode UEFI");
    return violated(fmt::format("boot mode {} is asked for, but an arm64 image must have UEFI", printable(wanted, 40)),
                    {seen("--boot-mode", wanted)});
}

Outcome boot_bios_gpt(const RuleContext &context)
{
    auto const &disk = *context.inspection->disk;
    if (disk.table != "gpt")
        return not_applicable(fmt::format("the partition table is {}", disk.table));
    if (!contains(disk.boot_sector_loaders, "grub2"))
        return not_applicable("no GRUB for BIOS is installed");
    if (disk.grub_core_found && *disk.grub_core_found)
        return passed("GRUB's core image is where the boot sector looks for it");
    std::string const wanted = requested_mode(context);
    bool const by_uefi = boot_modes_of(*context.inspection).uefi && wanted != "BIOS" && wanted != "UEFI-Preferred";
    if (by_uefi)
        return not_applicable("the disk boots with UEFI; GRUB's boot sector for BIOS is a remainder");
    if (has_bios_boot_partition(disk))
        return not_applicable("there is a BIOS boot partition, but no core image in it: see boot-grub-present");
    if (!disk.grub_core_found)
        return unknown("GRUB is in the boot sector, but whether its core image is there is not known");
    return violated("GRUB for BIOS is in the boot sector of a GPT disk without a BIOS boot partition: its core image "
                    "has no place, and nothing starts",
                    {{.file = "disk", .line = {}, .offset = 0, .value = "GRUB 2, without its core image"}});
}

Outcome grub_menu_lst(const RuleContext &context)
{
    auto const &guest = *context.guest;
    bool const in_sector =
        context.inspection->disk && contains(context.inspection->disk->boot_sector_loaders, "grub-legacy");
    if (!guest.boot_loader)
        return in_sector ? unknown(guest.boot_loader.reason()) : not_applicable("GRUB legacy is not installed");
    auto const &loader = *guest.boot_loader;
    if (loader.kind == "grub-legacy" && !loader.entries.empty())
        return passed(fmt::format("{} has {} entr{}", loader.config, loader.entries.size(),
                                  loader.entries.size() == 1 ? "y" : "ies"));
    if (loader.kind == "grub-legacy")
        return violated(fmt::format("{} has no entry with title and kernel: GRUB stops at its prompt", loader.config),
                        {seen(loader.config, "no entries")});
    if (!in_sector || !loader.kind.empty())
        return not_applicable("GRUB legacy is not what boots this disk");
    return violated("GRUB legacy is in the boot sector, but its menu /boot/grub/menu.lst (or grub.conf) is missing",
                    {seen("/boot/grub/menu.lst", "missing")});
}

Outcome boot_same_disk(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.fstab)
        return unknown(guest.fstab.reason());
    if (const FstabEntry *boot = boot_on_another_disk(*context.inspection, guest))
        return violated(fmt::format("/boot is {}, which is not in this image, and the image has no kernel: boot and "
                                    "root were on two disks, but an instance boots from its system disk alone",
                                    printable(boot->device, 200)),
                        {{.file = "/etc/fstab", .line = boot->line, .offset = {}, .value = boot->device + " /boot"}});
    return passed("what boots and the root filesystem are both in this image");
}

// shim, or what is only ever installed beside it: a copy of shim under the fallback name cannot be told by its name.
bool is_of_shim(std::string_view path)
{
    std::string const name = to_lower(base_name(path));
    return name.starts_with("shim") || name == "mmx64.efi" || name == "mmaa64.efi" || name == "fbx64.efi" ||
           name == "fbaa64.efi";
}

Outcome secureboot(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.boot_loader)
        return unknown(guest.boot_loader.reason());
    if (!boot_modes_of(*context.inspection).uefi)
        return not_applicable("the disk does not boot with UEFI");
    auto const &files = guest.boot_loader->efi_files;
    auto const shim = std::find_if(files.begin(), files.end(), is_of_shim);
    if (shim != files.end())
        return passed(fmt::format("{} is on the EFI system partition", *shim));
    std::vector<Evidence> evidence;
    for (auto const &file : files) {
        if (to_lower(file).ends_with(".efi") && evidence.size() < 10)
            evidence.push_back(seen(file, "no shim"));
    }
    return violated("the EFI system partition has no signed shim: instances with Secure Boot do not start this disk",
                    std::move(evidence));
}

Outcome initramfs_mismatch(const RuleContext &context)
{
    auto const &guest = *context.guest;
    const KernelFacts *kernel = default_kernel(guest);
    if (kernel == nullptr)
        return not_applicable("no kernel was found: see kernel-present");
    if (!has_version_number(*kernel))
        return not_applicable(fmt::format("{} does not tell its version", kernel->image));
    if (has_foreign_initramfs(*kernel))
        return violated(fmt::format("kernel {} is started with {}, whose modules are for {}: none of them loads",
                                    kernel->version, kernel->initramfs, join(kernel->initramfs_versions, ", ")),
                        {seen(kernel->initramfs, "modules for " + join(kernel->initramfs_versions, ", "))});
    bool const modular = contains(kernel->initramfs_versions, kernel->version) ||
                         std::any_of(guest.kernels.begin(), guest.kernels.end(),
                                     [](auto const &other) { return other.module_folder.value_or(false); });
    if (kernel->module_folder && !*kernel->module_folder && modular)
        return violated(fmt::format("kernel {} is started, but its modules in /lib/modules/{} are missing: an update "
                                    "was not finished, or undone by halves",
                                    kernel->version, kernel->version),
                        {seen("/lib/modules/" + kernel->version, "missing")});
    // Where its inside could not be read, its name tells at least for which kernel it was made.
    bool const named = kernel->initramfs.find(kernel->version) != std::string::npos;
    if (!kernel->initramfs.empty() && !kernel->modules && kernel->initramfs_versions.empty() && !named)
        return unknown(fmt::format("{}: {}", kernel->initramfs, kernel->modules.reason()));
    return passed(fmt::format("kernel {}, its initramfs and its modules belong together", kernel->version));
}

}  // namespace

std::vector<Rule> boot_disk_rules()
{
    std::string const group = "boot";
    return {
        {{"pt-single-root",
          group,
          "The root partition is the last one on the disk",
          "When the instance's disk is larger than the image's, root is grown into the space behind it; another "
          "partition there is in the way.",
          "Delete the partition behind root (often swap: swapoff, its line in /etc/fstab, then parted), or move it in "
          "front of root with gparted, before the export",
          cite({"INS", "SPEC"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         pt_single_root},
        {{"boot-arm64-uefi",
          group,
          "An arm64 image is imported with boot mode UEFI",
          "arm64 machines have no BIOS: the import is refused, or the instance does not start.",
          "Give --boot-mode UEFI, or leave it out",
          cite({"API"}),
          {""}},
         Reads::anything,
         Guests::linux_only,
         boot_arm64_uefi},
        {{"boot-bios-gpt",
          group,
          "A GPT disk that boots with BIOS has a place for GRUB's core image",
          "On a GPT disk nothing is free behind the boot sector; without a BIOS boot partition GRUB has no core image.",
          "sgdisk --new=0:0:+1M --typecode=0:ef02 DISK, then grub-install DISK (RHEL, CentOS, SUSE: grub2-install)",
          cite({"PRACTICE"}),
          {""}},
         Reads::disk,
         Guests::any,
         boot_bios_gpt},
        {{"grub-menu-lst",
          group,
          "GRUB legacy, where it boots the disk, has its menu",
          "GRUB stops at its prompt, and the import may refuse the image.",
          "Restore /boot/grub/menu.lst (Red Hat: grub.conf, with menu.lst a link to it) with a title, root, kernel and "
          "initrd line for the installed kernel",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         grub_menu_lst},
        {{"boot-same-disk",
          group,
          "/boot and the root filesystem are on the same disk",
          "Only one disk becomes the system disk; what boots must be on it together with root.",
          "Copy /boot of the other disk into the root filesystem, take its line out of /etc/fstab, install the boot "
          "loader on this disk (grub-install) and write its configuration anew",
          cite({"CLOUDS", "PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         boot_same_disk},
        {{"secureboot",
          group,
          "A disk that boots with UEFI has a signed first loader",
          "It matters only for instances with Secure Boot.",
          "Debian, Ubuntu: apt install shim-signed grub-efi-amd64-signed; RHEL, CentOS: dnf install shim-x64 "
          "grub2-efi-x64; then grub-install --uefi-secure-boot --removable",
          cite({"BOOT"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         secureboot},
        {{"autofs-initramfs-mismatch",
          group,
          "The kernel that starts, its initramfs and /lib/modules are of one version",
          "After half an update the kernel loads none of its modules: it finds no disk, or has no network.",
          "Finish the update: Debian, Ubuntu: dpkg --configure -a and update-initramfs -u -k all; RHEL, CentOS: dnf "
          "reinstall kernel-core kernel-modules and dracut -f --regenerate-all; SUSE: zypper install -f kernel-default",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         initramfs_mismatch},
    };
}

}  // namespace imgport
