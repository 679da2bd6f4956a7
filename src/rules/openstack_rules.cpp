// OpenStack: an image in Glance.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/cloud_judges.hpp"
#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome os_qcow2_safe(const RuleContext &context)
{
    auto const &image = context.container;
    if (image.format == Format::qcow2)
        return judge_all({"qcow2-backing", "qcow2-extdata"}, context);
    if (image.format != Format::vmdk)
        return not_applicable(fmt::format("the format is {}", to_string(image.format)));
    // Glance, vmdk_allowed_types.
    constexpr std::array<std::string_view, 2> allowed{"monolithicSparse", "streamOptimized"};
    if (std::find(allowed.begin(), allowed.end(), image.variant) != allowed.end())
        return passed(fmt::format("the VMDK is {}", image.variant));
    return violated(fmt::format("the VMDK is {}; monolithicSparse and streamOptimized alone are let in", image.variant),
                    {seen(image.path, image.variant)});
}

Outcome os_part(const RuleContext &context)
{
    Outcome const lvm = judge_as("lvm-root", context);
    if (lvm.status != Status::passed)
        return lvm;
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    std::string const type = root != nullptr ? root->filesystem.type : "";
    if (type.empty())
        return unknown("the volume that holds the root filesystem is not known");
    if (type != "ext3" && type != "ext4" && type != "xfs")
        return violated(fmt::format("the root filesystem is {}: it is not grown to the instance's disk", type),
                        {seen(root->device, type)});
    return judge_as("growpart", context);
}

}  // namespace

std::vector<Rule> openstack_rules()
{
    std::string const group = "openstack";
    return {
        {{"os-format",
          group,
          "The image has a format that Glance takes",
          "The image is refused, or no instance can be made of it.",
          "imgport convert IMAGE OUT.qcow2",
          cite({"GLANCE"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_format},
        {{"os-qcow2-safe",
          group,
          "The image leads to no other file, and a VMDK is of a kind that Glance lets in",
          "Newer releases look into the image and refuse it.",
          "imgport convert IMAGE OUT.qcow2, with --allow-backing FILE where the backing file is at hand",
          cite({"GLANCE"}),
          {""}},
         Reads::container,
         Guests::any,
         os_qcow2_safe},
        {{"os-part",
          group,
          "The root can grow: a plain partition with ext4 or XFS, and growpart",
          "The instance's disk stays as small as the image's.",
          "Reinstall on one plain partition; install cloud-guest-utils or cloud-utils-growpart, and cloud-init",
          cite({"OSIMG"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         os_part},
        {{"os-mac",
          group,
          "Nothing is bound to the old network card's MAC address",
          "The instance's card gets another name or no configuration, and the network stays down.",
          "Empty /etc/udev/rules.d/70-persistent-net.rules and 75-persistent-net-generator.rules; delete HWADDR= "
          "lines; "
          "rebuild the initramfs where it holds them",
          cite({"OSIMG"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) {
             return judge_all({"net-hwaddr", "net-udev-rules"}, context);
         }},
        {{"os-ssh",
          group,
          "An SSH server is installed and starts at boot",
          "Nobody can log in.",
          "Debian, Ubuntu: apt install openssh-server; RHEL, SUSE: install openssh-server && systemctl enable sshd",
          cite({"OSIMG"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) { return judge_as("sshd-enabled", context); }},
        {{"os-fw",
          group,
          "No firewall starts at boot",
          "Logins may be dropped; security groups do this work.",
          "systemctl disable --now firewalld (or nftables, iptables); Ubuntu: ufw disable",
          cite({"OSIMG"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) { return judge_as("firewall-off", context); }},
        {{"os-console",
          group,
          "The kernel writes to the serial console",
          "nova console-log stays empty.",
          "console=tty0 console=ttyS0,115200n8 in GRUB_CMDLINE_LINUX of /etc/default/grub, then update-grub or "
          "grub2-mkconfig",
          cite({"OSIMG"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) {
             return judge_command_line(context, {"console=ttyS0"}, {}, "nova console-log stays empty");
         }},
        {{"os-meta",
          group,
          "cloud-init reads the metadata service or the config drive",
          "The instance has no key, no host name and no user data.",
          "Install cloud-init, with OpenStack or ConfigDrive in its datasource_list",
          cite({"OSIMG"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) {
             return judge_datasource(context, {"OpenStack", "ConfigDrive", "Ec2"});
         }},
        {{"os-props",
          group,
          "The image's properties say what the disk needs",
          "A disk that boots with UEFI is started with BIOS, or finds no disk.",
          "look at openstack image show: hw_firmware_type=uefi for a disk that boots with UEFI alone, "
          "hw_disk_bus=virtio, "
          "os_type",
          cite({"GLANCE"}),
          {""},
          false},
         Reads::nothing,
         Guests::any,
         nullptr},
    };
}

}  // namespace imgport
