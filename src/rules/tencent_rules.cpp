// Tencent Cloud CVM.
#include <algorithm>

#include <fmt/format.h>

#include "rules/cloud_judges.hpp"
#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome tc_pt(const RuleContext &context)
{
    auto const &disk = *context.inspection->disk;
    auto const *request = context.input.request;
    if (disk.table == "none")
        return not_applicable("no partition table: see tc-root");
    if (contains(context.profile.limits.tables, disk.table))
        return passed(fmt::format("the partition table is {}", to_upper(disk.table)));
    if (request != nullptr && request->boot_mode.value_or("").starts_with("UEFI"))
        return not_applicable("boot mode UEFI is asked for, which newer versions of the import take");
    return violated(fmt::format("the partition table is {}: the import takes it only where a boot mode is given",
                                to_upper(disk.table)),
                    {seen(context.input.image->path, disk.table)});
}

Outcome tc_root(const RuleContext &context)
{
    if (context.inspection->disk && context.inspection->disk->table == "none")
        return violated("the disk has no partitions (PartitionNotPresent)",
                        {seen(context.input.image->path, "no partition table")});
    if (context.guest != nullptr)
        return passed("a root filesystem was found");
    if (context.inspection->gap)
        return unknown(context.inspection->gap->reason);
    for (auto const &volume : context.inspection->volumes) {
        if (volume.filesystem.type == "crypto_LUKS")
            return not_applicable("the system is encrypted: see luks-root");
    }
    return violated("no root filesystem was found (RootPartitionNotFound)",
                    {seen(context.input.image->path, "no root filesystem")});
}

// The import writes the configuration of eth0.
Outcome tc_net(const RuleContext &context)
{
    Outcome network = judge_all({"net-dhcp", "net-static"}, context);
    if (network.status != Status::passed)
        return network;
    auto const &guest = *context.guest;
    if (guest.os.id == "freebsd" || (guest.cloud_init && cloud_init_configures_network(*guest.cloud_init)))
        return network;
    std::vector<Evidence> others;
    for (auto const &interface : guest.network->interfaces) {
        if (interface.method != "dhcp" || !interface.on_boot)
            continue;
        // No name, or a pattern: it fits eth0 as well.
        if (interface.name.empty() || interface.name.starts_with("eth") ||
            interface.name.find('*') != std::string::npos)
            return network;
        others.push_back(interface.where);
        others.back().value = interface.name;
    }
    if (others.empty())
        return network;
    return violated(
        fmt::format("{} is configured, but the instance's card is eth0: it stays down", others.front().value), others);
}

Outcome tc_win(const RuleContext &context)
{
    auto const &guest = *context.guest;
    const VolumeFacts *root = root_volume(*context.inspection, guest);
    if (root != nullptr && root->filesystem.type != "ntfs")
        return violated(fmt::format("Windows lies on {}, not on NTFS", root->filesystem.type),
                        {seen(root->device, root->filesystem.type)});
    if (guest.os.name.empty())
        return unknown("the edition of Windows is not known");
    if (guest.os.name.find("Server") == std::string::npos)
        return violated(fmt::format("{}: Windows Server 2008 to 2022 alone are taken", guest.os.name),
                        {seen(guest.os.source, guest.os.name)});
    for (std::string_view const old : {"2000", "2003"}) {
        if (guest.os.name.find(old) != std::string::npos)
            return violated(fmt::format("{}: Windows Server 2008 to 2022 alone are taken", guest.os.name),
                            {seen(guest.os.source, guest.os.name)});
    }
    return passed(guest.os.name);
}

}  // namespace

std::vector<Rule> tencent_rules()
{
    std::string const group = "tencent";
    return {
        {{"tc-format",
          group,
          "The image has a format that the import takes",
          "The import is refused (InvalidFormatSize).",
          "imgport convert IMAGE OUT.qcow2",
          cite({"TENCENT"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_format},
        {{"tc-size",
          group,
          "The disk has 500 GiB at most, the file 50 GiB",
          "The import is refused (InvalidFormatSize).",
          "Shrink filesystem and disk, or move data to a data disk; imgport convert IMAGE OUT.qcow2 --compression "
          "small "
          "makes the file smaller",
          cite({"TENCENT"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_disk_size},
        {{"tc-pt",
          group,
          "The partition table is an MBR, or a boot mode is given",
          "The import takes the disk for one that boots with BIOS, and the instance does not start.",
          "Give --boot-mode UEFI for a disk with a GPT (the import's parameter BootMode), or install onto an MBR",
          cite({"TENCENT"}),
          {""}},
         Reads::disk,
         Guests::any,
         tc_pt},
        {{"tc-virtio",
          group,
          "The kernel has virtio, and its initramfs reaches a virtio disk",
          "The import is refused (VirtioNotInstall), or the instance finds no disk.",
          "Debian, Ubuntu: virtio_blk, virtio_pci, virtio_net into /etc/initramfs-tools/modules, update-initramfs -u "
          "-k "
          "all; RHEL, SUSE: add_drivers+=\" virtio_blk virtio_pci virtio_net \" in /etc/dracut.conf.d, dracut -f "
          "--regenerate-all",
          cite({"TENCENT"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) {
             return judge_all({"virtio-kernel", "virtio-initramfs"}, context);
         }},
        {{"tc-cloudinit",
          group,
          "cloud-init is installed and starts at boot",
          "The import is refused (CloudInitNotInstalled), unless it is forced.",
          "Install cloud-init and enable its units; or force the import and set password and network in the image",
          cite({"TENCENT"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) { return judge_as("cloudinit-installed", context); }},
        {{"tc-root",
          group,
          "The disk has partitions, and one of them holds the system",
          "The import is refused (PartitionNotPresent, RootPartitionNotFound).",
          "Import the system disk; a bare filesystem must be installed anew onto a partitioned disk",
          cite({"TENCENT"}),
          {""}},
         Reads::anything,
         Guests::any,
         tc_root},
        {{"tc-fstab",
          group,
          "/etc/fstab names filesystems of this disk by UUID, and /etc/shadow can be written",
          "The boot stops in emergency mode, or no password can be set.",
          "Write UUID=... as blkid shows it; delete lines of other disks or add nofail; chattr -i /etc/shadow",
          cite({"TENCENT"}),
          {"", "nofail", "swap"}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) {
             return judge_all({"fstab-uuid", "fstab-exists", "fstab-root", "shadow-writable"}, context);
         }},
        {{"tc-grub",
          group,
          "The boot loader names the root by UUID, and it is on this disk",
          "The kernel finds no root.",
          "Debian, Ubuntu: update-grub; RHEL, SUSE: grub2-mkconfig -o /boot/grub2/grub.cfg, without "
          "GRUB_DISABLE_LINUX_UUID",
          cite({"TENCENT"}),
          {"", "resume"}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) {
             return judge_all({"grub-root-uuid", "grub-root-exists"}, context);
         }},
        {{"tc-net",
          group,
          "eth0 gets its address by DHCP",
          "The instance has no network.",
          "Configure eth0 for DHCP, with net.ifnames=0 biosdevname=0 on the kernel's command line; or let cloud-init "
          "do "
          "it",
          cite({"TENCENT"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         tc_net},
        {{"tc-tools",
          group,
          "The old hypervisor's tools are gone",
          "They may disturb the instance.",
          "Uninstall vmtoolsd, Xen tools and VirtualBox additions before the export (see vmtools-residue)",
          cite({"TENCENT"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) { return judge_as("vmtools-residue", context); }},
        {{"tc-win",
          group,
          "Windows is a Server, 2008 to 2022, on NTFS",
          "The import is refused.",
          "Import a Windows Server on an MBR disk; its own activation service must not be installed",
          cite({"TENCENT"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         tc_win},
        {{"tc-kernel",
          group,
          "The kernel is the distribution's own",
          "The import may not be able to mend or configure it.",
          "Install the distribution's usual kernel and make it the default",
          cite({"TENCENT"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         judge_stock_kernel},
        {{"tc-name",
          group,
          "The image's name has 60 characters at most, its description 256",
          "The call is refused.",
          "Give a shorter --image-name or --description",
          cite({"TENCENT"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_names},
    };
}

}  // namespace imgport
