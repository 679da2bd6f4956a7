// What /etc/fstab asks for at boot.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/boot_entries.hpp"
#include "rules/device_names.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Evidence line_of(const FstabEntry &entry)
{
    return {.file = "/etc/fstab",
            .line = entry.line,
            .offset = {},
            .value = fmt::format("{} {} {} {}", entry.device, entry.target, entry.type, join(entry.options, ","))};
}

// The boot does not wait for it: mount(8) "noauto", systemd.mount(5) "nofail" and "x-systemd.automount".
bool is_optional(const FstabEntry &entry)
{
    return contains(entry.options, "nofail") || contains(entry.options, "noauto") ||
           contains(entry.options, "x-systemd.automount");
}

std::string first_of(const std::vector<Evidence> &lines)
{
    return fmt::format("line {}: {}", lines.front().line.value_or(0), lines.front().value);
}

Outcome fstab_uuid(const RuleContext &context)
{
    auto const &fstab = context.guest->fstab;
    if (!fstab)
        return unknown(fstab.reason());
    if (!fstab->present)
        return not_applicable("there is no /etc/fstab");
    std::vector<Evidence> fatal;
    std::vector<Evidence> optional;
    for (auto const &entry : fstab->entries) {
        DeviceNaming const naming = parse_device_name(entry.device).naming;
        if (naming == DeviceNaming::unstable && !contains(entry.options, "noauto"))
            (is_optional(entry) ? optional : fatal).push_back(line_of(entry));
        if (naming == DeviceNaming::removable && !is_optional(entry))
            fatal.push_back(line_of(entry));
    }
    if (!fatal.empty()) {
        std::string const message = fmt::format("{}: a name that the old machine gave; in the cloud it is another disk "
                                                "or none, and the boot stops",
                                                first_of(fatal));
        fatal.insert(fatal.end(), optional.begin(), optional.end());
        return violated(message, std::move(fatal));
    }
    if (!optional.empty())
        return violated(fmt::format("{}: a name that the old machine gave; the boot goes on without it (nofail), or "
                                    "with another disk in its place",
                                    first_of(optional)),
                        optional, "nofail");
    return passed("no line names a disk by its device name");
}

Outcome fstab_exists(const RuleContext &context)
{
    auto const &fstab = context.guest->fstab;
    if (!fstab)
        return unknown(fstab.reason());
    if (!fstab->present)
        return not_applicable("there is no /etc/fstab");
    auto const &crypttab = context.guest->crypttab;
    const FstabEntry *boot = boot_on_another_disk(*context.inspection, *context.guest);  // boot-same-disk's business
    std::vector<Evidence> fatal;
    std::vector<Evidence> swap;
    for (auto const &entry : fstab->entries) {
        if (&entry == boot)
            continue;
        DeviceName const name = parse_device_name(entry.device);
        if (name.naming != DeviceNaming::tag && name.naming != DeviceNaming::mapper)
            continue;
        if (!entry.resolved.empty() || is_optional(entry) || find_volume(*context.inspection, name) != nullptr)
            continue;
        // A mapping of crypttab: its filesystem is visible only once it is open.
        bool const mapped = crypttab && std::any_of(crypttab->begin(), crypttab->end(), [&](const Evidence &mapping) {
                                auto const words = split_blanks(mapping.value);
                                return !words.empty() && name.value == "/dev/mapper/" + words.front();
                            });
        if (!mapped)
            (entry.type == "swap" ? swap : fatal).push_back(line_of(entry));
    }
    if (!fatal.empty()) {
        std::string const message = fmt::format("{}: nothing in this image has that name; the boot waits for it, then "
                                                "stops in emergency mode",
                                                first_of(fatal));
        fatal.insert(fatal.end(), swap.begin(), swap.end());
        return violated(message, std::move(fatal));
    }
    if (!swap.empty())
        return violated(fmt::format("{}: no such swap in this image; the boot waits 90 seconds for it, then goes on",
                                    first_of(swap)),
                        swap, "swap");
    return passed("everything that is mounted at boot is in the image");
}

// Whether the driver of that name mounts a filesystem of that type. The ext4 driver takes the older ones as well.
bool mounts(std::string_view driver, const std::string &type)
{
    if (driver == type || driver == "auto")
        return true;
    return driver == "ext4" ? type == "ext3" || type == "ext2" : driver == "ext3" && type == "ext2";
}

// Systems whose root comes from the boot loader alone: OSTree, Ignition, and Container Linux and Flatcar, which have
// /usr by mount.usr= (systemd-fstab-generator(8)) and come without an fstab.
bool needs_no_root_line(const GuestFacts &guest)
{
    auto const entries = judged_entries(guest);
    return std::any_of(entries.begin(), entries.end(), [](const BootEntry *entry) {
        bool const usr = !kernel_parameters(entry->cmdline, "mount.usr").empty() &&
                         !kernel_parameters(entry->cmdline, "root").empty();
        return usr || !kernel_parameters(entry->cmdline, "ostree").empty() ||
               !kernel_parameters(entry->cmdline, "ignition.platform.id").empty();
    });
}

Outcome fstab_root(const RuleContext &context)
{
    auto const &guest = *context.guest;
    auto const &fstab = guest.fstab;
    if (!fstab)
        return unknown(fstab.reason());
    auto const root = std::find_if(fstab->entries.begin(), fstab->entries.end(),
                                   [](auto const &entry) { return entry.target == "/"; });
    if (root == fstab->entries.end()) {
        if (needs_no_root_line(guest))
            return not_applicable("the root is mounted by what the boot loader says");
        return violated(fstab->present ? "/etc/fstab has no line for /" : "there is no /etc/fstab",
                        {seen("/etc/fstab", fstab->present ? "no line for /" : "missing")});
    }
    if (!root->resolved.empty() && !guest.root_device.empty() && root->resolved != guest.root_device)
        return violated(fmt::format("line {} mounts {} as /, but the system is on {}", root->line, root->resolved,
                                    guest.root_device),
                        {line_of(*root)});
    const VolumeFacts *volume = root_volume(*context.inspection, guest);
    if (volume == nullptr || volume->filesystem.type.empty())
        return unknown("the volume that holds the root filesystem is not known");
    std::string const &type = volume->filesystem.type;
    auto const drivers = split(root->type, ',');
    if (std::none_of(drivers.begin(), drivers.end(), [&](auto const &driver) { return mounts(driver, type); }))
        return violated(fmt::format("line {} mounts / as {}, but it is {}", root->line, root->type, type),
                        {line_of(*root)});
    return passed(fmt::format("line {} mounts / as {}", root->line, root->type));
}

// systemd's list of what needs a network (src/basic/mountpoint-util.c, fstype_is_network), and iSCSI and nbd by what
// their lines say.
bool needs_network(const FstabEntry &entry)
{
    constexpr std::array<std::string_view, 20> types{
        "afs", "ceph", "cifs",  "smb3",  "smbfs",  "sshfs", "ncpfs",     "ncp", "nfs",        "nfs4",
        "gfs", "gfs2", "pvfs2", "ocfs2", "lustre", "davfs", "glusterfs", "9p",  "fuse.sshfs", "fuse.glusterfs"};
    if (std::find(types.begin(), types.end(), entry.type) != types.end())
        return true;
    // A tag or a mapping that is missing is fstab-exists' business, whatever it is for.
    DeviceNaming const naming = parse_device_name(entry.device).naming;
    return naming == DeviceNaming::other &&
           (contains(entry.options, "_netdev") || entry.device.starts_with("/dev/nbd"));
}

Outcome fstab_net(const RuleContext &context)
{
    auto const &fstab = context.guest->fstab;
    if (!fstab)
        return unknown(fstab.reason());
    std::vector<Evidence> waiting;
    std::vector<std::string> optional;
    for (auto const &entry : fstab->entries) {
        if (!needs_network(entry))
            continue;
        if (is_optional(entry))
            optional.push_back(entry.target);
        else
            waiting.push_back(line_of(entry));
    }
    if (!waiting.empty()) {
        std::string const message =
            fmt::format("{}: the boot waits for a server of the old network; without _netdev and "
                        "nofail it may stop there",
                        first_of(waiting));
        return violated(message, std::move(waiting));
    }
    if (optional.empty())
        return not_applicable("/etc/fstab mounts nothing over the network");
    return passed("the boot does not wait for " + join(optional, ", "));
}

Outcome fstab_cdrom(const RuleContext &context)
{
    auto const &fstab = context.guest->fstab;
    if (!fstab)
        return unknown(fstab.reason());
    std::vector<Evidence> lines;
    for (auto const &entry : fstab->entries) {
        bool const removable = parse_device_name(entry.device).naming == DeviceNaming::removable;
        bool const by_target = entry.target.starts_with("/media/cdrom") || entry.target.starts_with("/media/floppy");
        // One that the boot waits for is fstab-uuid's business.
        if (is_optional(entry) && (removable || by_target))
            lines.push_back(line_of(entry));
    }
    if (lines.empty())
        return passed("no line for a CD-ROM or floppy drive");
    std::string const message =
        fmt::format("{}: an instance has no such drive; harmless, but better taken out", first_of(lines));
    return violated(message, std::move(lines));
}

}  // namespace

std::vector<Rule> fstab_rules()
{
    std::string const group = "storage";
    return {
        {{"fstab-uuid",
          group,
          "/etc/fstab names filesystems by UUID or label, not by device names",
          "/dev/sdb1 of the old machine is another disk in the cloud, or none: the boot stops in emergency mode.",
          "blkid shows the UUIDs; write UUID=... in place of /dev/... in /etc/fstab, and take lines for CD-ROM and "
          "floppy drives out",
          cite({"CHK", "CHK2", "SPEC"}),
          {"", "nofail"}},
         Reads::guest,
         Guests::linux_only,
         fstab_uuid},
        {{"fstab-exists",
          group,
          "What /etc/fstab mounts at boot is in the image",
          "The boot waits for a disk that is not there, then stops in emergency mode without network; missing swap "
          "only costs 90 seconds.",
          "Delete the line from /etc/fstab, or add nofail,x-systemd.device-timeout=5s to its options",
          cite({"CHK", "FAQ"}),
          {"", "swap"}},
         Reads::guest,
         Guests::linux_only,
         fstab_exists},
        {{"fstab-root",
          group,
          "/etc/fstab has a right line for /",
          "The root stays read-only or is checked as the wrong type, and the boot stops.",
          "Write UUID=... / TYPE defaults 0 1 into /etc/fstab, UUID and TYPE as blkid shows them",
          cite({"CHK2"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         fstab_root},
        {{"fstab-net",
          group,
          "What /etc/fstab mounts over the network does not stop the boot",
          "The server of the old network is not reachable from the cloud: the boot waits, and may end in emergency "
          "mode.",
          "Delete the line, or add _netdev,nofail to its options",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         fstab_net},
        {{"fstab-cdrom",
          group,
          "/etc/fstab has no line for a CD-ROM or floppy drive",
          "Instances have none; a line that somebody makes mandatory later stops the boot.",
          "Delete the line from /etc/fstab",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         fstab_cdrom},
    };
}

}  // namespace imgport
