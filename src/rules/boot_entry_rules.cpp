// What the boot loader starts: the kernel, and the root filesystem it is told.
#include <algorithm>

#include <fmt/format.h>

#include <imgport/import_parameters.hpp>

#include "rules/boot_entries.hpp"
#include "rules/device_names.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// The last root= wins (Linux, init/do_mounts.c, root_dev_setup).
std::optional<std::string> root_of(const BootEntry &entry)
{
    auto const roots = kernel_parameters(entry.cmdline, "root");
    return roots.empty() ? std::nullopt : std::optional(roots.back());
}

// Systems that find their root without root=: Ignition's first boot, and systemd's discoverable partitions (the
// "Discoverable Partitions Specification": root for x86-64, arm64 and x86).
bool finds_root_itself(const RuleContext &context, const BootEntry &entry)
{
    if (!kernel_parameters(entry.cmdline, "ignition.platform.id").empty())
        return true;
    if (!context.inspection->disk || context.inspection->disk->table != "gpt")
        return false;
    auto const &partitions = context.inspection->disk->partitions;
    return std::any_of(partitions.begin(), partitions.end(), [](auto const &partition) {
        std::string const type = to_upper(partition.type);
        return type == "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709" || type == "B921B045-1DF0-41C3-AF44-4C6F280D3FAE" ||
               type == "44479540-F297-41B2-9AF7-D131D5F0458A";
    });
}

Outcome grub_root_uuid(const RuleContext &context)
{
    if (auto reason = no_boot_entries(*context.guest))
        return *reason;
    std::vector<Evidence> bad;
    std::string named;
    for (const BootEntry *entry : judged_entries(*context.guest)) {
        auto const root = root_of(*entry);
        if (!root)
            continue;
        if (parse_device_name(*root).naming == DeviceNaming::unstable)
            bad.push_back(on_command_line(*entry, "root=" + *root));
        else
            named = *root;
    }
    if (!bad.empty())
        return violated(fmt::format("the kernel is told {}: a name that the old machine gave; in the cloud the disk "
                                    "has another, and the kernel finds no root",
                                    bad.front().value),
                        bad);
    if (named.empty())
        return not_applicable("the kernel's command line names no root");
    return passed(fmt::format("the kernel is told root={}", named));
}

// What in an entry names a volume that is not there.
struct Missing {
    std::vector<Evidence> fatal;
    std::vector<Evidence> resume;
};

bool exists(const RuleContext &context, const DeviceName &name)
{
    if (name.naming != DeviceNaming::tag && name.naming != DeviceNaming::mapper)
        return true;  // nothing that could be looked for in the image
    if (find_volume(*context.inspection, name) != nullptr)
        return true;
    // A mapping that crypttab opens has its name from there: "NAME DEVICE KEY OPTIONS".
    constexpr std::string_view folder = "/dev/mapper/";
    auto const &crypttab = context.guest->crypttab;
    return name.value.starts_with(folder) && crypttab &&
           std::any_of(crypttab->begin(), crypttab->end(), [&](const Evidence &mapping) {
               auto const words = split_blanks(mapping.value);
               return !words.empty() && words.front() == std::string_view(name.value).substr(folder.size());
           });
}

void look_for_devices(const RuleContext &context, const BootEntry &entry, Missing &missing)
{
    if (auto const root = root_of(entry)) {
        if (!exists(context, parse_device_name(*root)))
            missing.fatal.push_back(on_command_line(entry, "root=" + *root));
    } else if (!finds_root_itself(context, entry)) {
        missing.fatal.push_back(on_command_line(entry, "no root="));
    }
    for (auto const &volume : kernel_parameters(entry.cmdline, "rd.lvm.lv")) {
        if (!exists(context, {DeviceNaming::mapper, {}, "/dev/" + volume}))
            missing.fatal.push_back(on_command_line(entry, "rd.lvm.lv=" + volume));
    }
    for (auto const &uuid : kernel_parameters(entry.cmdline, "rd.luks.uuid")) {
        std::string const bare = uuid.starts_with("luks-") ? uuid.substr(5) : uuid;
        if (!exists(context, {DeviceNaming::tag, "UUID", bare}))
            missing.fatal.push_back(on_command_line(entry, "rd.luks.uuid=" + uuid));
    }
    for (auto const &search : entry.searches) {
        if (!exists(context, parse_device_name(search)))
            missing.fatal.push_back(on_command_line(entry, "search for " + search));
    }
    for (auto const &resume : kernel_parameters(entry.cmdline, "resume")) {
        if (!exists(context, parse_device_name(resume)))
            missing.resume.push_back(on_command_line(entry, "resume=" + resume));
    }
}

Outcome grub_root_exists(const RuleContext &context)
{
    if (auto reason = no_boot_entries(*context.guest))
        return *reason;
    Missing missing;
    auto const entries = judged_entries(*context.guest);
    for (const BootEntry *entry : entries)
        look_for_devices(context, *entry, missing);
    if (!missing.fatal.empty() && missing.fatal.front().value == "no root=")
        return violated("the kernel is not told where its root is", missing.fatal);
    if (!missing.fatal.empty())
        return violated(fmt::format("{}: nothing in this image has that name, so the boot stops there",
                                    missing.fatal.front().value),
                        missing.fatal);
    if (!missing.resume.empty())
        return violated(fmt::format("{}: nothing in this image has that name; the boot waits for it, then goes on",
                                    missing.resume.front().value),
                        missing.resume, "resume");
    auto const root = root_of(*entries.front());
    return passed(root ? fmt::format("what the boot entry names is in the image (root={})", *root)
                       : "the system finds its root by itself");
}

// -------------------------------------------------------------------------------------------------- kernel

// No guest: why. An encrypted disk is luks-root's business.
Outcome no_system(const RuleContext &context)
{
    if (context.inspection->gap)
        return unknown(context.inspection->gap->reason);
    for (auto const &volume : context.inspection->volumes) {
        if (volume.filesystem.type == "crypto_LUKS")
            return not_applicable("the system is encrypted: see luks-root");
        if (volume.filesystem.type == "linux_raid_member")
            return not_applicable("the system is on software RAID: see md-raid-root");
    }
    // Some clouds have a word of their own for it.
    for (const char *own : {"aws-os-files", "tc-root"}) {
        if (has_rule(context.profile, own))
            return not_applicable(fmt::format("no operating system was found: see {}", own));
    }
    return violated("no operating system was found on this disk",
                    {seen(context.input.image->path, "no root filesystem")});
}

Outcome kernel_present(const RuleContext &context)
{
    if (context.guest == nullptr)
        return no_system(context);
    auto const &guest = *context.guest;
    if (boot_on_another_disk(*context.inspection, guest) != nullptr)
        return not_applicable("/boot is not in this image: see boot-same-disk");
    auto const entries = judged_entries(guest);
    bool const no_entry = guest.boot_loader && !guest.boot_loader->kind.empty() && guest.boot_loader->entries.empty();
    if (no_entry && guest.boot_loader->kind == "grub-legacy")
        return not_applicable("GRUB legacy's menu starts no kernel: see grub-menu-lst");
    if (no_entry)
        return violated(fmt::format("{} has no entry that starts a kernel", guest.boot_loader->config),
                        {seen(guest.boot_loader->config, "no entries")});
    const KernelFacts *kernel = default_kernel(guest);
    if (kernel == nullptr)
        return violated("no kernel is installed: neither in /boot nor under /lib/modules",
                        {seen("/boot", "no kernel image")});
    // The entry that starts by default names a kernel of which there is no trace.
    if (entries.size() == 1 && !entries.front()->kernel.empty() && !kernel->is_default) {
        bool const there = std::any_of(guest.kernels.begin(), guest.kernels.end(), [&](auto const &candidate) {
            return candidate.image == entries.front()->kernel;
        });
        if (!there)
            return violated(
                fmt::format("the default boot entry starts {}, which is not there", entries.front()->kernel),
                {on_command_line(*entries.front(), entries.front()->kernel)});
    }
    if (kernel->image.empty())
        return violated(fmt::format("the image of kernel {} is missing", kernel->version),
                        {seen("/boot", "no vmlinuz-" + kernel->version)});
    if (kernel->image_size == 0)
        return violated(fmt::format("{} is empty", kernel->image), {seen(kernel->image, "0 bytes")});
    bool const names_initramfs = entries.size() == 1 && !entries.front()->initramfs.empty();
    if (names_initramfs && kernel->is_default && kernel->initramfs.empty())
        return violated(fmt::format("the default boot entry names the initramfs {}, which is not there",
                                    entries.front()->initramfs),
                        {on_command_line(*entries.front(), entries.front()->initramfs)});
    if (!kernel->initramfs.empty() && kernel->initramfs_size == 0)
        return violated(fmt::format("{} is empty", kernel->initramfs), {seen(kernel->initramfs, "0 bytes")});
    return passed(fmt::format("kernel {}: {}{}", kernel->version, kernel->image,
                              kernel->initramfs.empty()            ? ""
                              : kernel->initramfs == kernel->image ? ", with its initramfs in it"
                                                                   : " and " + kernel->initramfs));
}

Outcome kernel_arch(const RuleContext &context)
{
    auto const &guest = *context.guest;
    const KernelFacts *kernel = default_kernel(guest);
    std::string const of_kernel = kernel != nullptr ? kernel->architecture.value_or("") : "";
    std::string const &of_files = guest.architecture;
    if (of_kernel.empty() && of_files.empty())
        return unknown("neither the kernel nor the programs say for which architecture they are");
    std::vector<Evidence> evidence;
    if (kernel != nullptr && !of_kernel.empty())
        evidence.push_back(seen(kernel->image, of_kernel));
    if (!of_files.empty())
        evidence.push_back(seen("programs", of_files));
    // A 64-bit x86 kernel runs 32-bit programs; nothing else mixes.
    auto const normal = [](const std::string &name) {
        return architecture_of(name).empty() ? name : architecture_of(name);
    };
    if (!of_kernel.empty() && !of_files.empty() && normal(of_kernel) != normal(of_files) &&
        !(normal(of_kernel) == "x86_64" && normal(of_files) == "i386"))
        return violated(fmt::format("the kernel is for {}, the programs are for {}", of_kernel, of_files), evidence);
    std::string const mine = architecture_of(of_files.empty() ? of_kernel : of_files);
    if (mine.empty())
        return violated(
            fmt::format("the system is for {}, which the cloud does not have", of_files.empty() ? of_kernel : of_files),
            evidence);
    auto const *request = context.input.request;
    if (request != nullptr && request->architecture && *request->architecture != mine &&
        *request->architecture != architecture_of(of_kernel))
        return violated(
            fmt::format("architecture {} is asked for, but the system is for {}", *request->architecture, mine),
            evidence);
    return passed(fmt::format("the system is for {}", mine));
}

}  // namespace

std::vector<Rule> boot_entry_rules()
{
    std::string const group = "boot";
    std::string const update_grub = "Debian, Ubuntu: update-grub; RHEL, CentOS, SUSE: grub2-mkconfig -o "
                                    "/boot/grub2/grub.cfg";
    return {
        {{"grub-root-uuid",
          group,
          "The kernel is told its root by UUID, label or LVM name, not by a device name",
          "/dev/sda1 of the old machine is /dev/vda1 or /dev/nvme0n1p1 in the cloud: the kernel finds no root.",
          "blkid shows the UUID. Take GRUB_DISABLE_LINUX_UUID out of /etc/default/grub, put root=UUID=... where "
          "root= is written (GRUB_CMDLINE_LINUX, /etc/kernel/cmdline; grubby --update-kernel=ALL), then " +
              update_grub,
          cite({"CHK2", "SPEC"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         grub_root_uuid},
        {{"grub-root-exists",
          group,
          "What the boot entry names is in the image",
          "The boot loader or the initramfs waits for a filesystem that never comes; for resume= it waits and goes on.",
          "blkid shows what there is. Correct root=, rd.lvm.lv=, rd.luks.uuid= or resume= in /etc/default/grub "
          "(Debian, "
          "Ubuntu: resume also in /etc/initramfs-tools/conf.d/resume), then " +
              update_grub,
          cite({"CHK2", "PRACTICE"}),
          {"", "resume"}},
         Reads::guest,
         Guests::linux_only,
         grub_root_exists},
        {{"kernel-present",
          group,
          "There is a system, and its default boot entry's kernel and initramfs exist",
          "Without them nothing boots.",
          "Install a kernel again. Debian: apt install --reinstall linux-image-amd64; Ubuntu: linux-image-generic; "
          "RHEL, CentOS: dnf reinstall kernel-core; SUSE: zypper install -f kernel-default",
          cite({"IMC", "PRACTICE"}),
          {""}},
         Reads::anything,
         Guests::linux_only,
         kernel_present},
        {{"kernel-arch",
          group,
          "Kernel, programs and the asked architecture agree",
          "The instance type is chosen by the architecture; the wrong one does not start the kernel.",
          "Give --architecture as the system is (x86_64, arm64, i386), or leave it out",
          cite({"API", "IMC"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         kernel_arch},
    };
}

}  // namespace imgport
