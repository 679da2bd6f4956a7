// What only a FreeBSD can have wrong.
#include <algorithm>

#include <fmt/format.h>

#include "rules/device_names.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// sys/sys/disk/gpt.h: GPT_ENT_TYPE_FREEBSD_ZFS.
constexpr std::string_view zfs_type = "516E7CBA-6ECF-11D6-8FF8-00022D09712B";

Outcome fbsd_virtio(const RuleContext &context)
{
    auto const &freebsd = context.guest->freebsd;
    if (!freebsd)
        return unknown(freebsd.reason());
    if (freebsd->kernel.empty())
        return violated("there is no kernel in /boot/kernel, nor where loader.conf says",
                        {seen("/boot/kernel/kernel", "missing")});
    std::vector<Evidence> missing;
    for (auto const &[name, how] : freebsd->drivers) {
        // The root is on the disk, so its driver must be there before any file can be read. The network's is loaded
        // when its interface is configured (ifconfig(8)).
        bool const early = name != "vtnet";
        if (how == "absent")
            missing.push_back(seen(freebsd->kernel, name + ": neither built in nor a module"));
        else if (how == "module" && early)
            missing.push_back(seen(freebsd->kernel, name + ": a module that nothing loads at boot"));
    }
    if (!missing.empty()) {
        std::string const first = missing.front().value;
        return violated(fmt::format("{}: the kernel finds no {} in the cloud", first,
                                    first.starts_with("vtnet") ? "network card" : "root"),
                        std::move(missing));
    }
    if (freebsd->drivers.empty())
        return unknown(fmt::format("the drivers of {} are not known", freebsd->kernel));
    return passed(fmt::format("{} has the virtio drivers", freebsd->kernel));
}

// A label of FreeBSD that can be looked for among the partitions: glabel(8).
bool is_label_of_partition(std::string_view device)
{
    return device.starts_with("/dev/gpt/") || device.starts_with("/dev/gptid/") || device.starts_with("/dev/ufs/") ||
           device.starts_with("/dev/ufsid/");
}

struct FstabProblems {
    std::vector<Evidence> fatal;
    std::vector<Evidence> mild;
};

void judge_line(const RuleContext &context, const FstabEntry &entry, FstabProblems &problems)
{
    if (contains(entry.options, "noauto"))
        return;
    Evidence line{.file = "/etc/fstab",
                  .line = entry.line,
                  .offset = {},
                  .value = fmt::format("{} {} {}", entry.device, entry.target, entry.type)};
    // swapon(8) complains of a device that is not there, and the boot goes on; so does mount(8) with "failok".
    bool const optional = entry.type == "swap" || contains(entry.options, "failok");
    if (parse_device_name(entry.device).naming == DeviceNaming::unstable) {
        // vtbd0 is what a virtio disk is called, here and there; on instance types with NVMe disks it is not.
        bool const virtio = entry.device.starts_with("/dev/vtbd0");
        (optional || virtio ? problems.mild : problems.fatal).push_back(std::move(line));
        return;
    }
    // Of MBR slices the BSD labels inside are not looked at, so what lies there cannot be told.
    bool const gpt = context.inspection->disk && context.inspection->disk->table == "gpt";
    if (gpt && is_label_of_partition(entry.device) && entry.resolved.empty()) {
        line.value += ": no such label in this image";
        (optional ? problems.mild : problems.fatal).push_back(std::move(line));
    }
}

Outcome fbsd_fstab(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.fstab)
        return unknown(guest.fstab.reason());
    FstabProblems problems;
    for (auto const &entry : guest.fstab->entries)
        judge_line(context, entry, problems);
    // "ufs:/dev/gpt/rootfs" in loader.conf beats the line for / (loader.conf(5)).
    std::string const root = guest.freebsd ? guest.freebsd->root : "";
    if (auto const colon = root.find(':'); colon != std::string::npos) {
        FstabEntry entry;
        entry.device = root.substr(colon + 1);
        if (parse_device_name(entry.device).naming == DeviceNaming::unstable)
            (entry.device.starts_with("/dev/vtbd0") ? problems.mild : problems.fatal)
                .push_back(guest.freebsd->root_where);
    }
    bool const names_root = std::any_of(guest.fstab->entries.begin(), guest.fstab->entries.end(),
                                        [](auto const &entry) { return entry.target == "/"; });
    if (!names_root && root.empty() && !guest.freebsd)
        return unknown(guest.freebsd.reason());
    if (!names_root && root.empty())
        problems.fatal.push_back(seen("/etc/fstab", "no line for /"));
    if (!problems.fatal.empty())
        return violated(
            fmt::format("{}: in the cloud the disk has another name, and the boot stops", problems.fatal.front().value),
            problems.fatal);
    if (!problems.mild.empty())
        return violated(
            fmt::format("{}: not on every instance type is there a disk of that name", problems.mild.front().value),
            problems.mild, "mild");
    return passed("filesystems are named by their labels");
}

Outcome fbsd_fs(const RuleContext &context)
{
    if (context.guest == nullptr) {
        // Nobody can look into a pool, but the partition says what it is.
        for (auto const &partition :
             context.inspection->disk ? context.inspection->disk->partitions : std::vector<PartitionFacts>()) {
            if (to_upper(partition.type) == zfs_type)
                return violated("the system is on ZFS, which is not among the filesystems that the cloud lists for "
                                "FreeBSD (UFS): its disk cannot be enlarged in place",
                                {seen(fmt::format("partition {}", partition.number), "FreeBSD ZFS")});
        }
        return not_applicable("no FreeBSD was found on this disk");
    }
    if (context.guest->os.id != "freebsd")
        return not_applicable("a rule for FreeBSD systems");
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr || root->filesystem.type.empty())
        return unknown("the volume that holds the root filesystem is not known");
    if (root->filesystem.type == "ufs")
        return passed("the root filesystem is UFS");
    return violated(
        fmt::format("the root filesystem is {}; for FreeBSD the cloud lists UFS only", root->filesystem.type),
        {seen(root->device, root->filesystem.type)});
}

Outcome fbsd_pf(const RuleContext &context)
{
    auto const &firewalls = context.guest->firewalls;
    if (!firewalls)
        return unknown(firewalls.reason());
    std::vector<Evidence> evidence;
    std::vector<std::string> names;
    for (auto const &filter : *firewalls) {
        if (!filter.enabled)
            continue;
        names.push_back(filter.name);
        evidence.push_back(seen(filter.where, filter.name));
    }
    if (names.empty())
        return passed("none of ipfilter, ipfw and pf is on");
    return violated(fmt::format("{} {} on: the cloud cannot configure the instance, and its security groups already do "
                                "that work",
                                join(names, ", "), names.size() == 1 ? "is" : "are"),
                    std::move(evidence));
}

}  // namespace

std::vector<Rule> freebsd_rules()
{
    std::string const group = "families";
    return {
        {{"fbsd-virtio",
          group,
          "FreeBSD has the virtio drivers when it needs them",
          "The kernel finds no root and no network card.",
          "Use the GENERIC kernel (since FreeBSD 10 they are built in), or put virtio_load, virtio_pci_load, "
          "virtio_blk_load and if_vtnet_load=\"YES\" into /boot/loader.conf",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::freebsd_only,
         fbsd_virtio},
        {{"fbsd-fstab",
          group,
          "FreeBSD's fstab names filesystems by their labels",
          "/dev/ada0p2 of the old machine is /dev/vtbd0p2 or /dev/nda0p2 in the cloud: the boot stops and asks.",
          "glabel status shows the labels; gpart modify -l rootfs -i N DISK sets one; then /dev/gpt/rootfs (or "
          "/dev/ufs/NAME, tunefs -L NAME) in /etc/fstab",
          cite({"PRACTICE"}),
          {"", "mild"}},
         Reads::guest,
         Guests::freebsd_only,
         fbsd_fstab},
        {{"fbsd-fs",
          group,
          "FreeBSD's root filesystem is UFS",
          "The cloud lists UFS for FreeBSD; a ZFS pool it does not know.",
          "Install FreeBSD on UFS; a pool cannot be turned into one in place",
          cite({"CHK", "CUST"}),
          {""}},
         Reads::anything,
         Guests::any,
         fbsd_fs},
        {{"fbsd-pf",
          group,
          "FreeBSD's packet filters are off",
          "The cloud cannot configure the instance, and logins may be dropped; security groups do this work.",
          "sysrc pf_enable=NO firewall_enable=NO ipfilter_enable=NO",
          cite({"CHK"}),
          {""}},
         Reads::guest,
         Guests::freebsd_only,
         fbsd_pf},
    };
}

}  // namespace imgport
