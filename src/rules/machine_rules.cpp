// What a system keeps for the machine it ran on, and should have for the one it will run on.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "rules/boot_entries.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::string_view no_kernel = "no kernel was found: see kernel-present";

Outcome xen_blkfront(const RuleContext &context)
{
    const KernelFacts *kernel = default_kernel(*context.guest);
    if (kernel == nullptr)
        return not_applicable(std::string(no_kernel));
    switch (driver_in(*kernel, "xen_blkfront", "CONFIG_XEN_BLKDEV_FRONTEND")) {
    case Driver::unknown: return unknown(unknown_drivers_reason(*kernel));
    case Driver::builtin: return passed(fmt::format("xen_blkfront is built into kernel {}", kernel->version));
    case Driver::absent: return not_applicable(fmt::format("kernel {} has no xen_blkfront", kernel->version));
    case Driver::module: break;
    }
    if (kernel->initramfs.empty() || has_foreign_initramfs(*kernel))
        return not_applicable("there is no initramfs for this kernel to hold it");
    if (!kernel->modules)
        return unknown(fmt::format("{}: {}", kernel->initramfs, kernel->modules.reason()));
    if (contains(*kernel->modules, "xen_blkfront"))
        return passed(fmt::format("{} holds xen_blkfront", kernel->initramfs));
    return violated(fmt::format("{} lacks xen_blkfront: it matters only for the cloud's retired Xen instance types",
                                kernel->initramfs),
                    {seen(kernel->initramfs, "without xen_blkfront")});
}

// The documents' value; 255 where the parameter is a byte, as in older kernels.
bool is_long_enough(std::string_view value)
{
    std::uint64_t seconds = 0;
    auto const parsed = std::from_chars(value.data(), value.data() + value.size(), seconds);
    return parsed.ec == std::errc() && parsed.ptr == value.data() + value.size() && seconds >= 255;
}

Outcome nvme_timeout(const RuleContext &context)
{
    auto const &guest = *context.guest;
    const KernelFacts *kernel = default_kernel(guest);
    if (kernel == nullptr)
        return not_applicable(std::string(no_kernel));
    Driver const driver = driver_in(*kernel, "nvme", "CONFIG_BLK_DEV_NVME");
    if (driver == Driver::unknown)
        return unknown(unknown_drivers_reason(*kernel));
    if (driver == Driver::absent)
        return not_applicable("the kernel has no nvme: see nvme-kernel");
    if (auto reason = no_boot_entries(guest))
        return *reason;
    std::vector<Evidence> bad;
    for (const BootEntry *entry : judged_entries(guest)) {
        std::vector<std::string> values = kernel_parameters(entry->cmdline, "nvme_core.io_timeout");
        for (auto &value : kernel_parameters(entry->cmdline, "nvme.io_timeout"))
            values.push_back(std::move(value));
        if (values.empty())
            bad.push_back(on_command_line(*entry, "no nvme_core.io_timeout="));
        else if (std::none_of(values.begin(), values.end(), is_long_enough))
            bad.push_back(on_command_line(*entry, "io_timeout=" + values.back()));
    }
    if (bad.empty())
        return passed("the kernel waits long enough for an NVMe disk");
    std::string message = fmt::format("{}: an NVMe disk that is slow for 30 seconds fails its requests, and the "
                                      "filesystem becomes read-only",
                                      bad.front().value);
    return violated(std::move(message), std::move(bad));
}

// Whether the tool puts in only what the machine at hand needs.
bool is_tailored(const InitramfsRecipe &recipe)
{
    if (recipe.tool == "dracut")
        return recipe.scope.value == "yes";
    return recipe.scope.value == "dep" || recipe.scope.value == "list";
}

Outcome dracut_hostonly(const RuleContext &context)
{
    auto const &guest = *context.guest;
    auto const &recipe = guest.initramfs_recipe;
    if (!recipe)
        return unknown(recipe.reason());
    if (recipe->tool.empty())
        return not_applicable("neither dracut nor initramfs-tools is installed");
    const KernelFacts *kernel = default_kernel(guest);
    if (kernel != nullptr && driver_in(*kernel, "virtio_blk", "CONFIG_VIRTIO_BLK") == Driver::builtin)
        return not_applicable(fmt::format("virtio_blk is built into kernel {}", kernel->version));
    if (!is_tailored(*recipe))
        return passed(fmt::format("{} puts in the drivers of any machine", recipe->tool));
    if (contains(recipe->drivers, "virtio_blk"))
        return passed(fmt::format("{} is told to add virtio_blk", recipe->tool));
    Evidence where = recipe->scope.where;
    where.value = fmt::format("{}={}", recipe->tool == "dracut" ? "hostonly" : "MODULES", recipe->scope.value);
    return violated(fmt::format("{} ({}) puts in only what the machine at hand needs: an initramfs that is made before "
                                "the export, on another hypervisor, lacks virtio",
                                recipe->tool, where.value),
                    {where});
}

Outcome vmtools_residue(const RuleContext &context)
{
    auto const &tools = context.guest->hypervisor_tools;
    if (!tools)
        return unknown(tools.reason());
    if (tools->empty())
        return passed("no other hypervisor's guest tools");
    std::vector<std::string> names;
    std::vector<Evidence> evidence;
    for (auto const &tool : *tools) {
        names.push_back(tool.name + (tool.enabled ? " (starts at boot)" : ""));
        for (auto const &trace : tool.traces)
            evidence.push_back(seen(trace, tool.name));
    }
    return violated(fmt::format("{}: of no use in the cloud, and may get in its way", join(names, ", ")),
                    std::move(evidence));
}

Outcome crash_dump(const RuleContext &context)
{
    auto const &guest = *context.guest;
    auto const &service = guest.crash_dump;
    if (!service)
        return unknown(service.reason());
    if (auto reason = no_boot_entries(guest))
        return *reason;
    std::vector<Evidence> reserved;
    for (const BootEntry *entry : judged_entries(guest)) {
        for (auto const &value : kernel_parameters(entry->cmdline, "crashkernel"))
            reserved.push_back(on_command_line(*entry, "crashkernel=" + value));
    }
    if (service->enabled && reserved.empty())
        return violated("kdump starts, but no memory is reserved for it (crashkernel=): it fails at each boot",
                        {seen(service->where, "kdump starts")});
    if (!service->enabled && !reserved.empty()) {
        std::string message = fmt::format(
            "{} takes memory from the instance, but kdump does not start: nothing uses it", reserved.front().value);
        return violated(std::move(message), std::move(reserved));
    }
    return passed(service->enabled ? "kdump starts and has its memory" : "no crash dumps are asked for",
                  std::move(reserved));
}

}  // namespace

std::vector<Rule> machine_rules()
{
    std::string const group = "drivers";
    std::string const update_grub = "then update-grub (RHEL, CentOS, SUSE: grub2-mkconfig -o /boot/grub2/grub.cfg)";
    return {
        {{"xen-blkfront",
          group,
          "The initramfs holds the Xen disk driver next to virtio",
          "Only the cloud's oldest, retired instance types are Xen machines.",
          "Nothing need be done for today's instance types; else add xen-blkfront to /etc/initramfs-tools/modules or "
          "to add_drivers of dracut and make the initramfs anew",
          cite({"VIO", "INS"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         xen_blkfront},
        {{"nvme-timeout",
          group,
          "The kernel waits long enough for an NVMe disk",
          "By default requests fail after 30 seconds; where the cloud's storage takes longer once, filesystems become "
          "read-only.",
          "Add nvme_core.io_timeout=4294967295 (kernels before 4.15, where it has a byte: 255; where the parameter "
          "belongs to nvme: nvme.io_timeout=255) to GRUB_CMDLINE_LINUX in /etc/default/grub, " +
              update_grub,
          cite({"NVME"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         nvme_timeout},
        {{"dracut-hostonly",
          group,
          "The next initramfs will hold virtio drivers, whatever machine makes it",
          "A kernel update on the old machine makes an initramfs without virtio, and the image does not boot in the "
          "cloud.",
          "dracut: echo 'add_drivers+=\" virtio_blk virtio_net virtio_pci nvme \"' > /etc/dracut.conf.d/cloud.conf; "
          "initramfs-tools: MODULES=most in /etc/initramfs-tools/initramfs.conf, or virtio_blk, virtio_pci, virtio_net "
          "and nvme in /etc/initramfs-tools/modules",
          cite({"VIO", "PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         dracut_hostonly},
        {{"vmtools-residue",
          group,
          "No guest tools of another hypervisor are installed",
          "They look for a host that is not there, and may set clock, network or drivers as that host wants.",
          "Debian, Ubuntu: apt purge open-vm-tools virtualbox-guest-utils hyperv-daemons xe-guest-utilities; RHEL, "
          "CentOS: dnf remove open-vm-tools hyperv-daemons; VMware's own: vmware-uninstall-tools.pl; VirtualBox's "
          "own: /opt/VBoxGuestAdditions-*/uninstall.sh",
          cite({"CLOUDS"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         vmtools_residue},
        {{"crash-dump",
          group,
          "kdump has its memory, or neither is there",
          "Memory that is reserved for nothing is lost to the instance; kdump without memory fails at each boot. The "
          "cloud leaves kdump to you.",
          "To have crash dumps: crashkernel= on the kernel's command line (grubby --update-kernel=ALL "
          "--args=crashkernel=auto where the kernel knows it, else 256M) and systemctl enable kdump; to have none: "
          "take both away",
          cite({"FAQ", "PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         crash_dump},
    };
}

}  // namespace imgport
