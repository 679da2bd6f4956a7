// Google Compute Engine: the import of a boot disk.
#include <fmt/format.h>

#include "rules/cloud_judges.hpp"
#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome gcp_archive(const RuleContext &context)
{
    auto const &image = context.container;
    if (context.is_artifact() && image.format == Format::raw)
        return not_applicable(
            "the artifact is the bare disk: name it disk.raw and pack it with tar --format=oldgnu -Sczf");
    std::string const layers = image.wrapped_in.empty() ? "nothing" : join(image.wrapped_in, ", ");
    std::string const member = image.member.value_or("");
    if (image.wrapped_in == std::vector<std::string>{"gzip", "tar"} && image.format == Format::raw &&
        member == "disk.raw")
        return passed("a tar.gz with disk.raw");
    if (image.format == Format::unknown)
        return unknown("the format was not recognised");
    return violated(fmt::format("the file holds {} ({}) in {}; the import takes a tar.gz with one raw disk.raw",
                                member.empty() ? "the disk" : member, to_string(image.format), layers),
                    {seen(image.path, fmt::format("{} in {}", to_string(image.format), layers))});
}

Outcome gcp_drv(const RuleContext &context)
{
    return judge_drivers(context,
                         {{"virtio_scsi", "CONFIG_SCSI_VIRTIO", true},
                          {"virtio_pci", "CONFIG_VIRTIO_PCI", true},
                          {"virtio_net", "CONFIG_VIRTIO_NET"}},
                         "the instance finds no disk or no network");
}

Outcome gcp_acpi(const RuleContext &context)
{
    return judge_command_line(context, {}, {"acpi=off", "noacpi", "acpi=ht"},
                              "the instance's devices and its shutdown button are told by ACPI");
}

Outcome gcp_loader(const RuleContext &context)
{
    Outcome const encryption = judge_encryption(context);
    if (encryption.status == Status::violated || encryption.status == Status::unknown)
        return encryption;
    if (context.guest == nullptr)
        return not_applicable("no system was found: see kernel-present");
    auto const &os = context.guest->os.id;
    if (os == "windows" || os == "freebsd")
        return passed("nothing on the disk is encrypted");
    auto const &loader = context.guest->boot_loader;
    if (!loader)
        return unknown(loader.reason());
    if (loader->kind.starts_with("grub"))
        return passed(fmt::format("{} starts the system", loader->kind));
    if (loader->kind.empty())
        return unknown("no boot loader configuration was found");
    return violated(fmt::format("{} starts the system; the import tool knows GRUB only", loader->kind),
                    {seen(loader->config, loader->kind)});
}

Outcome gcp_net(const RuleContext &context)
{
    Outcome network = judge_all({"net-dhcp", "net-static"}, context);
    if (network.status == Status::violated)
        return network;
    auto const &agents = context.guest->cloud_agents;
    if (agents) {
        for (auto const &agent : *agents) {
            if (agent.value == "google-guest-agent")
                return network;
        }
    }
    Outcome metadata = judge_datasource(context, {"GCE"});
    if (metadata.status == Status::violated && !agents)
        return unknown(agents.reason());
    return metadata.status == Status::passed ? network : metadata;
}

Outcome gcp_arm(const RuleContext &context)
{
    if (context.guest->architecture.empty())
        return unknown("the system's architecture is not known");
    if (context.guest->architecture != "aarch64")
        return passed(fmt::format("the system is {}", context.guest->architecture));
    return violated("the system is arm64, which the import tool does not take", {seen("programs", "aarch64")});
}

}  // namespace

std::vector<Rule> gcp_rules()
{
    std::string const group = "gcp";
    return {
        {{"gcp-archive",
          group,
          "The file is a tar.gz that holds one disk.raw",
          "The image cannot be made: the archive does not hold what is looked for.",
          "imgport convert IMAGE disk.raw, then tar --format=oldgnu -Sczf image.tar.gz disk.raw",
          cite({"GCP"}),
          {""}},
         Reads::container,
         Guests::any,
         gcp_archive},
        {{"gcp-size",
          group,
          "The disk's size is a whole number of GiB, and at most 2048 of them",
          "The image cannot be made.",
          "Too small: imgport convert IMAGE disk.raw --grow SIZE, with the size named here; too large: shrink "
          "filesystem, partition and disk",
          cite({"GCP"}),
          {""}},
         Reads::container,
         Guests::any,
         judge_disk_size},
        {{"gcp-boot",
          group,
          "The disk has an MBR or a GPT and boots",
          "The instance does not start. A disk that boots with UEFI alone needs the guest feature UEFI_COMPATIBLE.",
          "Install a boot loader (grub-install); gcloud compute images create --guest-os-features=UEFI_COMPATIBLE for "
          "UEFI",
          cite({"GCP"}),
          {""}},
         Reads::disk,
         Guests::any,
         [](const RuleContext &context) { return judge_as("boot-mode-detect", context); }},
        {{"gcp-drv",
          group,
          "The initramfs can reach a virtio SCSI disk, the kernel has virtio_net",
          "The kernel finds no root filesystem, or the instance has no network.",
          "Debian, Ubuntu: virtio_scsi, virtio_pci, virtio_net into /etc/initramfs-tools/modules, update-initramfs -u "
          "-k "
          "all; RHEL, SUSE: add_drivers+=\" virtio_scsi virtio_pci virtio_net \" in /etc/dracut.conf.d, dracut -f "
          "--regenerate-all",
          cite({"GCP"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         gcp_drv},
        {{"gcp-acpi",
          group,
          "The system uses ACPI",
          "Devices are not found, and the instance cannot be shut down from outside.",
          "Take acpi=off out of GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub or grub2-mkconfig",
          cite({"GCP"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         gcp_acpi},
        {{"gcp-loader",
          group,
          "GRUB starts Linux, and nothing on the disk is encrypted",
          "The import tool stops: it changes GRUB's configuration, and cannot read an encrypted disk.",
          "Install GRUB; decrypt the volumes (BitLocker: manage-bde -off C:)",
          cite({"GCP"}),
          {""}},
         Reads::anything,
         Guests::any,
         gcp_loader},
        {{"gcp-net",
          group,
          "DHCP, and a guest agent or cloud-init that reads the metadata",
          "The instance has no network, or nobody's key reaches it.",
          "Use DHCP for the first card; install google-guest-agent, or cloud-init with GCE in its datasource_list",
          cite({"GCP"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         gcp_net},
        {{"gcp-console",
          group,
          "The kernel writes to the serial console",
          "The serial port's log, which the console shows, stays empty.",
          "console=ttyS0,38400n8d in GRUB_CMDLINE_LINUX of /etc/default/grub, without splash quiet rhgb; then "
          "update-grub or grub2-mkconfig",
          cite({"GCP"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         [](const RuleContext &context) {
             return judge_command_line(context, {"console=ttyS0"}, {"splash", "quiet", "rhgb"},
                                       "the serial port's log stays empty");
         }},
        {{"gcp-arm",
          group,
          "The system is x86",
          "The import tool takes no arm64.",
          "Make the image by hand: gcloud compute images create --source-uri --architecture=ARM64",
          cite({"GCP"}),
          {""}},
         Reads::guest,
         Guests::any,
         gcp_arm},
    };
}

}  // namespace imgport
