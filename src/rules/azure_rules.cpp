// Microsoft Azure: an uploaded VHD.
#include <algorithm>

#include <fmt/format.h>

#include "rules/cloud_judges.hpp"
#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// cloud-init reads the provisioning disc (UDF) itself before that, and the metadata service from then on.
constexpr std::string_view without_udf = "21.2";

Outcome az_modules(const RuleContext &context)
{
    Outcome drivers = judge_drivers(context,
                                    {{"hv_vmbus", "CONFIG_HYPERV", true},
                                     {"hv_storvsc", "CONFIG_HYPERV_STORAGE", true},
                                     {"hv_netvsc", "CONFIG_HYPERV_NET"}},
                                    "the machine finds no disk or no network");
    if (drivers.status != Status::passed)
        return drivers;
    auto const &cloud_init = context.guest->cloud_init;
    if (cloud_init && cloud_init->installed && !cloud_init->version.empty() &&
        !is_older_version(cloud_init->version, without_udf))
        return drivers;
    Outcome discs = judge_drivers(context, {{"udf", "CONFIG_UDF_FS"}, {"vfat", "CONFIG_VFAT_FS"}},
                                  "the disc with the machine's name, user and key cannot be read");
    if (discs.status == Status::violated)
        discs.condition = "udf";
    return discs;
}

Outcome az_cmdline(const RuleContext &context)
{
    std::vector<std::string_view> wanted{"rootdelay=300", "console=ttyS0", "earlyprintk=ttyS0", "net.ifnames=0"};
    const KernelFacts *kernel = default_kernel(*context.guest);
    if (kernel != nullptr && is_older_version(kernel->version, "2.6.37"))
        wanted.emplace_back("numa=off");
    return judge_command_line(context, wanted, {"rhgb", "quiet", "crashkernel=auto"},
                              "the serial console, which support needs, may stay empty");
}

Outcome az_agent(const RuleContext &context)
{
    auto const &agents = context.guest->cloud_agents;
    if (agents) {
        auto const agent =
            std::find_if(agents->begin(), agents->end(), [](const Evidence &item) { return item.value == "waagent"; });
        if (agent != agents->end())
            return passed("the Azure Linux agent is installed", {*agent});
    }
    Outcome outcome = judge_datasource(context, {"Azure"});
    if (outcome.status == Status::violated && !agents)
        return unknown(agents.reason());
    return outcome;
}

}  // namespace

std::vector<Rule> azure_rules()
{
    std::string const group = "azure";
    return {
        {{"az-format",
          group,
          "The image is a fixed VHD",
          "The upload is accepted as a page blob, and no machine can be made of it.",
          "imgport convert IMAGE OUT.vhd --vhd-type fixed",
          cite({"AZURE"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_format},
        {{"az-size",
          group,
          "The disk's size is a multiple of 1 MiB, and at most what a disk may have",
          "The machine cannot be made: the disk's size is not valid.",
          "Too small: imgport convert IMAGE OUT.vhd --vhd-type fixed --grow SIZE, with the size named here; too large: "
          "shrink filesystem, partition and disk",
          cite({"AZURE"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_disk_size},
        {{"az-gen",
          group,
          "The disk boots: with BIOS for generation 1, with UEFI for generation 2",
          "The machine does not start.",
          "Choose the generation as the disk is; for generation 2 an EFI system partition with a loader is needed "
          "(grub-install --removable)",
          cite({"AZURE"}),
          {""}},
         Reads::disk,
         Guests::any,
         [](const RuleContext &context) { return judge_as("boot-mode-detect", context); }},
        {{"az-modules",
          group,
          "The kernel has the drivers of Hyper-V, those of the disk in its initramfs",
          "The kernel finds no root disk, or the machine has no network or is never configured.",
          "Debian, Ubuntu: hv_vmbus, hv_storvsc, hv_netvsc into /etc/initramfs-tools/modules, update-initramfs -u -k "
          "all; RHEL, SUSE: add_drivers+=\" hv_vmbus hv_storvsc hv_netvsc \" in /etc/dracut.conf.d, dracut -f "
          "--regenerate-all; udf and vfat must not be blacklisted",
          cite({"AZURE"}),
          {"", "udf"}},
         Reads::guest,
         Guests::linux_only,
         az_modules},
        {{"az-cmdline",
          group,
          "The kernel writes to the serial console and waits for its disk",
          "The serial log, which support works from, stays empty; slow storage may be missed at boot.",
          "In GRUB_CMDLINE_LINUX of /etc/default/grub: rootdelay=300 console=ttyS0 earlyprintk=ttyS0 net.ifnames=0, "
          "without rhgb quiet crashkernel=auto; then update-grub, or grub2-mkconfig",
          cite({"AZURE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         az_cmdline},
        {{"az-agent",
          group,
          "The Azure Linux agent, or cloud-init with the Azure datasource, is installed",
          "The machine is never reported as ready, and has no user and no key.",
          "Install WALinuxAgent (walinuxagent), or cloud-init with Azure in its datasource_list",
          cite({"AZURE"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         az_agent},
        {{"az-swap",
          group,
          "There is no swap on the system disk",
          "The system disk is remote and slow; the agent makes swap on the local one.",
          "swapoff -a, delete the swap lines of /etc/fstab; ResourceDisk.EnableSwap=y in /etc/waagent.conf",
          cite({"AZURE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) { return judge_as("swap-partition", context); }},
        {{"az-lvm",
          group,
          "The root filesystem is on a plain partition, not on LVM",
          "Names of groups collide when the disk is attached to another machine for repair.",
          "Nothing need be done to boot; reinstall on plain partitions where repairs matter",
          cite({"AZURE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) { return judge_as("lvm-root", context); }},
        {{"az-ssh",
          group,
          "An SSH server is installed and starts at boot",
          "Nobody can log in.",
          "Debian, Ubuntu: apt install openssh-server; RHEL, SUSE: install openssh-server && systemctl enable sshd",
          cite({"AZURE"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) { return judge_as("sshd-enabled", context); }},
        {{"az-qemu",
          group,
          "The VHD's size is the same for every reader",
          "Old qemu-img (before 2.6), or one without force_size, rounds the size: the disk is refused or cut.",
          "imgport convert IMAGE OUT.vhd --vhd-type fixed; or qemu-img 2.6 or newer with -o "
          "subformat=fixed,force_size=on",
          cite({"AZURE", "QEMU"}),
          {""}},
         Reads::container,
         Guests::any,
         [](const RuleContext &context) { return judge_as("vhd-geometry", context); }},
    };
}

}  // namespace imgport
