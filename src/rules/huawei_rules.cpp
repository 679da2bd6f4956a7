// Huawei Cloud IMS.
#include <fmt/format.h>

#include "rules/cloud_judges.hpp"
#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome system_disk_size(const RuleContext &context)
{
    if (context.input.role == Role::data)
        return not_applicable("a data disk: see hw-datadisk");
    return judge_disk_size(context);
}

Outcome hw_datadisk(const RuleContext &context)
{
    if (context.input.role == Role::data)
        return judge_disk_size(context);
    auto const &ovf = context.container.details.ovf;
    if (!ovf || ovf->disks.size() < 2)
        return passed("one disk");
    return violated(
        fmt::format("the package has {} disks: a system image is of the system disk alone", ovf->disks.size()),
        {seen(context.container.path, fmt::format("{} disks", ovf->disks.size()))});
}

Outcome hw_virtio(const RuleContext &context)
{
    return judge_drivers(context,
                         {{"virtio", "CONFIG_VIRTIO", true},
                          {"virtio_ring", "CONFIG_VIRTIO", true},
                          {"virtio_pci", "CONFIG_VIRTIO_PCI", true},
                          {"virtio_blk", "CONFIG_VIRTIO_BLK", true},
                          {"virtio_scsi", "CONFIG_SCSI_VIRTIO", true},
                          {"virtio_net", "CONFIG_VIRTIO_NET", true}},
                         "the server finds no disk or no network");
}

}  // namespace

std::vector<Rule> huawei_rules()
{
    std::string const group = "huawei";
    return {
        {{"hw-format",
          group,
          "The image has a format that the import takes",
          "The image file cannot be registered.",
          "imgport convert IMAGE OUT.qcow2",
          cite({"HUAWEI"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_format},
        {{"hw-size",
          group,
          "The system disk has 1 to 1024 GiB; above 128 GiB the image is raw",
          "The image file cannot be registered.",
          "Below 1 GiB: imgport convert IMAGE OUT.qcow2 --grow 1G; above 128 GiB: imgport convert IMAGE OUT.raw and "
          "the quick import (a bitmap file goes with it)",
          cite({"HUAWEI"}),
          {""}},
         Reads::container,
         Guests::any,
         system_disk_size},
        {{"hw-datadisk",
          group,
          "A system image holds the system disk alone; a data disk has 40 to 2048 GiB",
          "The image file cannot be registered.",
          "Import data disks as images of their own; one below 40 GiB: imgport convert IMAGE OUT.qcow2 --grow 40G",
          cite({"HUAWEI"}),
          {""}},
         Reads::container,
         Guests::any,
         hw_datadisk},
        {{"hw-bootdisk",
          group,
          "Boot and system partition are on this disk",
          "The server does not start.",
          "Copy /boot onto this disk, take its line out of /etc/fstab, and install the boot loader again",
          cite({"HUAWEI"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         judge_boot_disk},
        {{"hw-mode",
          group,
          "The disk boots, and in the mode that is asked for",
          "The server does not start. BIOS is what the import takes unless UEFI is chosen.",
          "Choose UEFI where the disk boots with UEFI alone",
          cite({"HUAWEI"}),
          {""}},
         Reads::disk,
         Guests::any,
         [](const RuleContext &context) { return judge_as("boot-mode-detect", context); }},
        {{"hw-enc",
          group,
          "Nothing on the disk is encrypted",
          "The image file cannot be registered.",
          "Decrypt the volumes before the export",
          cite({"HUAWEI"}),
          {""}},
         Reads::anything,
         Guests::any,
         judge_encryption},
        {{"hw-virtio",
          group,
          "The kernel and its initramfs have the virtio drivers, virtio_scsi among them",
          "The server finds no root disk, or has no network.",
          "Debian, Ubuntu: virtio, virtio_ring, virtio_pci, virtio_blk, virtio_scsi, virtio_net into "
          "/etc/initramfs-tools/modules, update-initramfs -u -k all; RHEL, SUSE: the same in add_drivers of "
          "/etc/dracut.conf.d, dracut -f --regenerate-all",
          cite({"HUAWEI"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         hw_virtio},
        {{"hw-uuid",
          group,
          "/etc/fstab and the boot loader name disks by UUID",
          "The server does not start, unless the import's automatic configuration mends it.",
          "Write UUID=... as blkid shows it into /etc/fstab; update-grub, or grub2-mkconfig",
          cite({"HUAWEI"}),
          {"", "nofail"}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) {
             return judge_all({"fstab-uuid", "grub-root-uuid"}, context);
         }},
        {{"hw-udev",
          group,
          "No udev rules bind network names to MAC addresses, in the initramfs neither",
          "The server's card gets another name, which nothing configures.",
          "rm /etc/udev/rules.d/*persistent*net*.rules, then rebuild the initramfs",
          cite({"HUAWEI"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) { return judge_as("net-udev-rules", context); }},
        {{"hw-dhcp",
          group,
          "The network is configured by DHCP",
          "The server cannot be reached.",
          "Use DHCP for the first card and take fixed addresses out (see net-dhcp, net-static)",
          cite({"HUAWEI"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) {
             return judge_all({"net-dhcp", "net-static"}, context);
         }},
        {{"hw-cloudinit",
          group,
          "cloud-init is installed and starts at boot",
          "Host name, keys and user data are not set.",
          "Install cloud-init and enable its units",
          cite({"HUAWEI"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) { return judge_as("cloudinit-installed", context); }},
        {{"hw-pw",
          group,
          "The initial password has upper and lower case letters, digits and signs",
          "The platform refuses a weaker one.",
          "look at the password that is set before the export; of signs it takes !@$%^-_=+[{}]:,./?",
          cite({"HUAWEI"}),
          {""},
          false},
         Reads::nothing,
         Guests::any,
         nullptr},
    };
}

}  // namespace imgport
