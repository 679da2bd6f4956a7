// AWS VM Import/Export.
#include <algorithm>

#include <fmt/format.h>

#include "rules/cloud_judges.hpp"
#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t tib = std::uint64_t{1} << 40;

Outcome aws_arch(const RuleContext &context)
{
    std::string const &architecture = context.guest->architecture;
    bool const windows = context.guest->os.id == "windows";
    if (architecture.empty())
        return unknown("the system's architecture is not known");
    if (architecture == "x86_64" || (windows && architecture == "i386"))
        return passed(fmt::format("the system is {}", architecture));
    return violated(
        fmt::format("the system is {}; {}", architecture,
                    architecture == "aarch64" ? "ImportImage takes no arm64" : "Linux is imported as x86_64 only"),
        {seen("programs", architecture)});
}

Outcome aws_boot(const RuleContext &context)
{
    auto const &disk = *context.inspection->disk;
    auto const *request = context.input.request;
    if (request != nullptr && request->boot_mode == "UEFI-Preferred")
        return violated("boot mode UEFI-Preferred is asked for: an import is legacy-bios or uefi",
                        {seen("--boot-mode", "UEFI-Preferred")});
    if (disk.table == "mbr" && disk.size > 2 * tib)
        return violated(fmt::format("the disk has {} and an MBR, which reaches 2 TiB", human_size(disk.size)),
                        {seen(context.input.image->path, "mbr")});
    return passed(fmt::format("the partition table is {}", to_upper(disk.table)));
}

Outcome aws_os_files(const RuleContext &context)
{
    if (context.guest != nullptr && !context.guest->os.id.empty())
        return passed(fmt::format("the system is {}", context.guest->os.id));
    if (context.guest != nullptr) {
        if (auto const gap = context.guest->gaps.find("os"); gap != context.guest->gaps.end())
            return unknown(gap->second);
        return violated("the system does not say what it is", {seen("/etc/os-release", "missing or not understood")});
    }
    if (context.inspection->gap)
        return unknown(context.inspection->gap->reason);
    for (auto const &volume : context.inspection->volumes) {
        if (volume.filesystem.type == "crypto_LUKS" || volume.filesystem.type == "BitLocker")
            return not_applicable("the system is encrypted: see aws-no");
    }
    return violated("no operating system was found on this disk", {seen(context.input.image->path, "no root")});
}

Outcome aws_disks(const RuleContext &context)
{
    auto const &ovf = context.container.details.ovf;
    std::uint64_t const most = context.profile.limits.disks_max.value_or(UINT64_MAX);
    if (!ovf)
        return not_applicable("one disk, not a package of several");
    if (ovf->disks.size() <= most)
        return passed(fmt::format("the package has {} disks", ovf->disks.size()));
    return violated(fmt::format("the package has {} disks, {} are the most", ovf->disks.size(), most),
                    {seen(context.container.path, fmt::format("{} disks", ovf->disks.size()))});
}

Outcome aws_no(const RuleContext &context)
{
    Outcome const encryption = judge_encryption(context);
    if (encryption.status == Status::violated)
        return encryption;
    auto const &vmdk = context.input.image->details.vmdk;
    std::string const type = vmdk ? to_lower(vmdk->create_type) : "";
    if (type == "sesparse" || type.find("rawdevicemap") != std::string::npos)
        return violated(fmt::format("the VMDK is {}, a mapping or an extent that the import does not read", type),
                        {seen(context.input.image->path, type)});
    if (auto others = other_systems(context); !others.empty())
        return violated("the disk holds more than one system: an import is of one", std::move(others));
    return encryption;
}

Outcome aws_space(const RuleContext &context)
{
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr || !root->filesystem.free)
        return unknown("the free space of the root filesystem could not be read");
    auto const &limits = context.profile.limits;
    bool const windows = context.guest->os.id == "windows";
    std::uint64_t const least = (windows ? limits.root_free_windows : limits.root_free).value_or(0);
    std::uint64_t const free = *root->filesystem.free;
    if (free >= least)
        return passed(fmt::format("{} are free on the root filesystem", human_size(free)));
    return violated(
        fmt::format("{} are free on the root filesystem, the import needs {}", human_size(free), human_size(least)),
        {seen(root->device, fmt::format("{} bytes free", free))});
}

Outcome aws_nvme_ena(const RuleContext &context)
{
    return judge_drivers(context, {{"nvme", "CONFIG_BLK_DEV_NVME", true}, {"ena", "CONFIG_ENA_ETHERNET"}},
                         "instances on Nitro find no disk or no network");
}

}  // namespace

std::vector<Rule> aws_rules()
{
    std::string const group = "aws";
    return {
        {{"aws-format",
          group,
          "The image has a format that VM Import takes",
          "The import task ends with an error after the upload.",
          "imgport convert IMAGE OUT.vhd (or OUT.raw); an OVA or a stream-optimised VMDK is taken as it is",
          cite({"VMIE"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_format},
        {{"aws-arch",
          group,
          "Linux is 64-bit x86",
          "ImportImage refuses the system.",
          "For arm64: import the disk as a snapshot (aws ec2 import-snapshot) and register an image from it",
          cite({"VMIE"}),
          {""}},
         Reads::guest,
         Guests::any,
         aws_arch},
        {{"aws-boot",
          group,
          "The boot mode and the partition table are ones that the import takes",
          "The import task ends with an error.",
          "Ask for legacy-bios or uefi; a boot disk above 2 TiB needs GPT and UEFI",
          cite({"VMIE"}),
          {""}},
         Reads::disk,
         Guests::any,
         aws_boot},
        {{"aws-fs",
          group,
          "The root filesystem is one that the import reads",
          "The import finds no system: ClientError: Unknown OS / Missing OS files.",
          "Copy the system (rsync -aHAX) onto an ext4 or XFS root",
          cite({"VMIE"}),
          {""}},
         Reads::guest,
         Guests::any,
         judge_root_filesystem},
        {{"aws-kernel",
          group,
          "The kernel is one of the distribution's own series",
          "ClientError: Unsupported kernel version.",
          "Install the distribution's usual kernel (linux-image-amd64, linux-image-generic, kernel, kernel-default) "
          "and "
          "make it the default",
          cite({"VMIE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         judge_stock_kernel},
        {{"aws-os-files",
          group,
          "A system is found, and it says what it is",
          "ClientError: Unknown OS / Missing OS files.",
          "Import the disk that holds the root filesystem; restore /etc/os-release",
          cite({"VMIE"}),
          {""}},
         Reads::anything,
         Guests::any,
         aws_os_files},
        {{"aws-root-same-disk",
          group,
          "Root and boot are on the disk that is booted",
          "The instance does not start: the other disk is not part of the import.",
          "Copy /boot onto this disk, take its line out of /etc/fstab, and install the boot loader again",
          cite({"VMIE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         judge_boot_disk},
        {{"aws-disks",
          group,
          "A package has no more disks than an import takes",
          "The import is refused.",
          "Import the further disks as snapshots (aws ec2 import-snapshot) and attach them later",
          cite({"VMIE"}),
          {""}},
         Reads::container,
         Guests::any,
         aws_disks},
        {{"aws-no",
          group,
          "One system, nothing encrypted, no mapped or SEsparse disk",
          "The import is refused, or stops when it cannot read the disk.",
          "Decrypt the volumes, remove the other system, export the disk as a plain VMDK. A machine that was made from "
          "a "
          "physical one does not show; such are not supported either",
          cite({"VMIE"}),
          {""}},
         Reads::anything,
         Guests::any,
         aws_no},
        {{"aws-net",
          group,
          "The network is configured by DHCP",
          "The instance cannot be reached. It has one network card at first.",
          "Use DHCP for the first card and take fixed addresses out (see net-dhcp, net-static)",
          cite({"VMIE"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) {
             return judge_all({"net-dhcp", "net-static"}, context);
         }},
        {{"aws-space",
          group,
          "The root filesystem has the space that the import needs",
          "The import cannot write its drivers and ends with an error.",
          "Linux: 250 MiB free on /; Windows: 6 GiB on the boot volume, and a page file of a fixed size",
          cite({"VMIE"}),
          {""}},
         Reads::guest,
         Guests::any,
         aws_space},
        {{"aws-tools",
          group,
          "The old hypervisor's tools are gone",
          "They may disturb the import and the instance.",
          "Uninstall vmtoolsd, VirtualBox additions and the like before the export (see vmtools-residue); look for "
          "antivirus programs as well",
          cite({"VMIE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) { return judge_as("vmtools-residue", context); }},
        {{"aws-nvme-ena",
          group,
          "The kernel has the drivers of Nitro instances: nvme, in the initramfs, and ena",
          "Instances on Nitro find no root disk, or have no network.",
          "Debian, Ubuntu: nvme and ena into /etc/initramfs-tools/modules, update-initramfs -u -k all; RHEL, SUSE: "
          "add_drivers+=\" nvme ena \" in /etc/dracut.conf.d, dracut -f --regenerate-all; old kernels need a newer one",
          cite({"VMIE", "NITRO"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         aws_nvme_ena},
        {{"aws-role",
          group,
          "The role vmimport exists and trusts vmie.amazonaws.com",
          "ImportImage fails: the service may not read the bucket.",
          "look at the account: aws iam get-role --role-name vmimport; its trust policy names vmie.amazonaws.com",
          cite({"VMIE"}),
          {""},
          false},
         Reads::nothing,
         Guests::any,
         nullptr},
    };
}

}  // namespace imgport
