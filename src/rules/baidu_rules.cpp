// Baidu AI Cloud BCC.
#include <algorithm>

#include <fmt/format.h>

#include "rules/cloud_judges.hpp"
#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome bd_fs(const RuleContext &context)
{
    bool const windows = context.guest->os.id == "windows";
    Outcome const type = judge_root_filesystem(context);
    if (type.status != Status::passed || windows)
        return type;
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root->kind == "lvm")
        return violated(fmt::format("the root filesystem is on the logical volume {}", root->device),
                        {seen(root->device, "LVM")});
    auto const &features = root->filesystem.features;
    if (contains(features, "metadata_csum"))
        return violated("the root filesystem has the feature metadata_csum, which the import does not read",
                        {seen(root->device, "metadata_csum")});
    if (root->filesystem.type == "xfs" && contains(features, "crc"))
        return violated("the root filesystem is XFS version 5, which the import does not read",
                        {seen(root->device, "XFS version 5 (crc)")});
    return type;
}

Outcome bd_part(const RuleContext &context)
{
    std::vector<Evidence> others;
    for (auto const &mount : context.guest->mountpoints) {
        if (mount.target != "/" && mount.target != "/boot/efi" && mount.target != "/efi" &&
            mount.device != context.guest->root_device)
            others.push_back(seen(mount.device, mount.target));
    }
    if (context.guest->root_device.empty())
        return unknown("the volume that holds the root filesystem is not known");
    if (others.empty())
        return passed("the system is on one partition");
    return violated(fmt::format("{} is on a partition of its own: the import may not be able to write into the system",
                                others.front().value),
                    others);
}

// 1 to 65 characters, a letter first.
Outcome bd_name(const RuleContext &context)
{
    auto const *request = context.input.request;
    Outcome const length = judge_names(context);
    if (length.status != Status::passed || !request->image_name)
        return length;
    std::string const &name = *request->image_name;
    bool const letter = !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z'));
    if (letter)
        return length;
    return violated("the image's name does not begin with a letter", {seen("--image-name", name)});
}

}  // namespace

std::vector<Rule> baidu_rules()
{
    std::string const group = "baidu";
    return {
        {{"bd-format",
          group,
          "The image has a format that the import takes",
          "The import is refused.",
          "imgport convert IMAGE OUT.qcow2",
          cite({"BAIDU"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_format},
        {{"bd-size",
          group,
          "The disk has 500 GiB at most",
          "The import is refused.",
          "Shrink filesystem, partition and disk, or move data to a data disk",
          cite({"BAIDU"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_disk_size},
        {{"bd-fs",
          group,
          "The root filesystem is ext3, ext4 without metadata_csum, or XFS version 4, on no LVM",
          "The import cannot read the system or write into it.",
          "ext4: e2fsck -f, then tune2fs -O ^metadata_csum on the unmounted filesystem; XFS version 5 and LVM: copy "
          "the "
          "system (rsync -aHAX) onto a new ext4 made with mkfs.ext4 -O ^metadata_csum",
          cite({"BAIDU"}),
          {""}},
         Reads::guest,
         Guests::any,
         bd_fs},
        {{"bd-part",
          group,
          "The system is on a single partition",
          "The import may fail to write password and keys into the system.",
          "Reinstall on one root partition",
          cite({"BAIDU"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         bd_part},
        {{"bd-net",
          group,
          "The network is configured by DHCP, without fixed addresses, IPv6 among them",
          "The instance cannot be reached. It has one network card.",
          "Use DHCP for the first card and take fixed addresses out (see net-dhcp, net-static)",
          cite({"BAIDU"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) {
             return judge_all({"net-dhcp", "net-static", "net-ipv6"}, context);
         }},
        {{"bd-virtio",
          group,
          "The kernel has virtio, and its initramfs reaches a virtio disk",
          "The instance finds no root disk.",
          "Debian, Ubuntu: virtio_blk, virtio_pci, virtio_net into /etc/initramfs-tools/modules, update-initramfs -u "
          "-k "
          "all; RHEL, SUSE: add_drivers+=\" virtio_blk virtio_pci virtio_net \" in /etc/dracut.conf.d, dracut -f "
          "--regenerate-all",
          cite({"BAIDU"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) {
             return judge_all({"virtio-kernel", "virtio-initramfs"}, context);
         }},
        {{"bd-cloudinit",
          group,
          "cloud-init is installed and starts at boot",
          "Host name, keys and user data are not set.",
          "Install cloud-init and enable its units",
          cite({"BAIDU"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         [](const RuleContext &context) { return judge_as("cloudinit-installed", context); }},
        {{"bd-files",
          group,
          "The files that the import writes to can be written, and SELinux is off",
          "The instance cannot be made, or its password is not set.",
          "chattr -i /etc/shadow; SELINUX=disabled in /etc/selinux/config; /bin, /sbin and /lib are directories or "
          "relative links",
          cite({"BAIDU"}),
          {"", "permissive"}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) {
             return judge_all({"shadow-writable", "selinux-off", "critical-dirs"}, context);
         }},
        {{"bd-url",
          group,
          "The object lies in a bucket of the same region",
          "The import cannot read it.",
          "look at the address: the BOS bucket's region is the one of the import",
          cite({"BAIDU"}),
          {""},
          false},
         Reads::nothing,
         Guests::any,
         nullptr},
        {{"bd-name",
          group,
          "The image's name has 1 to 65 characters and begins with a letter",
          "The call is refused.",
          "Give another --image-name",
          cite({"BAIDU"}),
          {""}},
         Reads::container,
         Guests::any,
         bd_name},
    };
}

}  // namespace imgport
