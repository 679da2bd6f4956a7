// Software RAID, multipath, and disks that hold data only.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/boot_entries.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome md_raid_root(const RuleContext &context)
{
    std::vector<Evidence> members;
    for (auto const &volume : context.inspection->volumes) {
        if (volume.filesystem.type == "linux_raid_member")
            members.push_back(seen(volume.device, "software RAID"));
    }
    auto const &gap = context.inspection->gap;
    if (context.guest == nullptr) {
        if (gap && (gap->machine || members.empty()))
            return unknown(gap->reason);
        if (members.empty())
            return not_applicable("no operating system was found on this disk");
        return violated("the system lies on software RAID: its other disks are not part of the image, and the cloud "
                        "neither repairs nor grows it",
                        std::move(members));
    }
    auto const &guest = *context.guest;
    const VolumeFacts *root = root_volume(*context.inspection, guest);
    bool const on_raid = guest.root_device.starts_with("/dev/md") && (root == nullptr || root->kind != "lvm");
    if (!on_raid) {
        std::string message =
            members.empty() ? "nothing on the disk is software RAID"
                            : fmt::format("the root filesystem is on {}, not on software RAID", guest.root_device);
        return passed(std::move(message), std::move(members));
    }
    for (const BootEntry *entry : judged_entries(guest)) {
        for (auto const &uuid : kernel_parameters(entry->cmdline, "rd.md.uuid"))
            members.push_back(on_command_line(*entry, "rd.md.uuid=" + uuid));
    }
    return violated(fmt::format("the root filesystem is on {}, a software RAID: its other disks are not part of the "
                                "image, and the cloud neither repairs nor grows it",
                                guest.root_device),
                    std::move(members));
}

// -------------------------------------------------------------------------------------------------- multipath

// Whether an entry of a list ("devnode ^vd[a-z]") speaks of virtio disks. The expressions are not run: these are the
// spellings that are in use.
bool speaks_of_virtio(const Evidence &entry)
{
    auto const words = split_blanks(entry.value);
    if (words.size() < 2)
        return false;
    std::string_view pattern = words[1];
    bool const negated = pattern.starts_with('!');
    if (negated)
        pattern.remove_prefix(1);
    bool const all = pattern == "*" || pattern == ".*" || pattern == "." || pattern == "^.*" || pattern == ".*$" ||
                     pattern == "^.*$" || pattern == "^";
    bool const named = words[0] == "devnode" && pattern.find("vd") != std::string_view::npos;
    return (all || named) != (negated && words[0] == "devnode");
}

bool takes_every_disk(const std::string &find_multipaths)
{
    return find_multipaths == "no" || find_multipaths == "off" || find_multipaths == "greedy";
}

// multipathd.service(8): the kernel's command line can switch it off.
bool is_switched_off(const GuestFacts &guest)
{
    auto const entries = judged_entries(guest);
    return !entries.empty() && std::all_of(entries.begin(), entries.end(), [](const BootEntry *entry) {
        auto const words = split_blanks(entry->cmdline);
        return contains(words, "nompath") || contains(words, "multipath=off");
    });
}

Outcome multipath(const RuleContext &context)
{
    auto const &guest = *context.guest;
    auto const &facts = guest.multipath;
    if (!facts)
        return unknown(facts.reason());
    const KernelFacts *kernel = default_kernel(guest);
    bool const early = kernel != nullptr && contains(kernel->initramfs_programs, "multipathd");
    if (!facts->enabled && !early)
        return passed("multipathd does not start");
    if (is_switched_off(guest))
        return passed("multipathd is switched off on the kernel's command line");
    auto const &list = facts->blacklist;
    if (auto const found = std::find_if(list.begin(), list.end(), speaks_of_virtio); found != list.end())
        return passed("multipathd leaves virtio disks alone", {*found});

    std::vector<Evidence> evidence;
    if (facts->enabled)
        evidence.push_back(seen(facts->where, "multipathd starts"));
    if (early)
        evidence.push_back(seen(kernel->initramfs, "holds multipathd"));
    std::vector<Evidence> open;
    std::copy_if(facts->exceptions.begin(), facts->exceptions.end(), std::back_inserter(open), speaks_of_virtio);
    if (takes_every_disk(facts->find_multipaths.value))
        open.push_back(facts->find_multipaths.where);
    if (!open.empty()) {
        std::string message = fmt::format("multipathd starts and is told to take disks with a single path ({}): it may "
                                          "claim the cloud's system disk, and root cannot be mounted",
                                          open.front().value);
        evidence.insert(evidence.end(), open.begin(), open.end());
        return violated(std::move(message), std::move(evidence));
    }
    return violated("multipathd starts without a blacklist of its own; it leaves virtio disks alone only by its "
                    "built-in one, and is of no use in the cloud",
                    std::move(evidence), "default");
}

// -------------------------------------------------------------------------------------------------- data disks

Outcome datadisk_clean(const RuleContext &context)
{
    if (context.input.role != Role::data)
        return not_applicable("a rule for data disks; this is a system disk");
    if (context.inspection == nullptr)
        return unknown("what the disk holds was not looked at");
    if (context.inspection->gap)
        return unknown(context.inspection->gap->reason);
    std::vector<Evidence> dirty;
    std::vector<std::string> fine;
    for (auto const &volume : context.inspection->volumes) {
        auto const &filesystem = volume.filesystem;
        if (filesystem.clean && !*filesystem.clean)
            dirty.push_back(
                seen(volume.device, fmt::format("{}: {}", filesystem.type,
                                                filesystem.state.empty() ? "not clean" : filesystem.state)));
        else if (!filesystem.type.empty())
            fine.push_back(fmt::format("{} ({})", volume.device, filesystem.type));
    }
    if (!dirty.empty()) {
        std::string message = fmt::format("{} ({}): the machine was not shut down before its disk was copied",
                                          dirty.front().file, dirty.front().value);
        return violated(std::move(message), std::move(dirty));
    }
    if (fine.empty())
        return violated("no filesystem was recognised on this data disk",
                        {seen(context.input.image->path, "no filesystem")});
    return passed("in order: " + join(fine, ", "));
}

}  // namespace

std::vector<Rule> storage_stack_rules()
{
    std::string const group = "storage";
    return {
        {{"md-raid-root",
          group,
          "The system does not lie on software RAID",
          "The array starts degraded at best, and a root on several disks does not start at all.",
          "Copy the system (rsync -aHAX) onto a plain partition, put its UUID into /etc/fstab and the boot loader's "
          "configuration, and take rd.md.uuid= out",
          cite({"PRACTICE"}),
          {""}},
         Reads::anything,
         Guests::linux_only,
         md_raid_root},
        {{"multipath",
          group,
          "multipathd does not start, or leaves virtio disks alone",
          "It may claim the system disk, which then is busy when root is mounted.",
          "systemctl disable --now multipathd.service multipathd.socket; or blacklist { devnode \"^(vd|nvme)\" } in "
          "/etc/multipath.conf; then make the initramfs anew (update-initramfs -u -k all, dracut -f "
          "--regenerate-all)",
          cite({"PRACTICE"}),
          {"", "default"}},
         Reads::guest,
         Guests::linux_only,
         multipath},
        {{"datadisk-clean",
          group,
          "A data disk holds a filesystem that is known, and was unmounted cleanly",
          "The disk cannot be mounted on the instance, or is checked first.",
          "Unmount it on the source machine (or shut that down) and export again; mount it by UUID, not by device "
          "name, with nofail",
          cite({"FAQ"}),
          {""}},
         Reads::container,
         Guests::any,
         datadisk_clean},
    };
}

}  // namespace imgport
