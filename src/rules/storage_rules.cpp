// Filesystems and what lies under them.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

// Not the cloud's own numbers, it only says "not full": AWS asks for 250 MiB.
constexpr std::uint64_t critical_space = 250 * mib;
constexpr std::uint64_t low_space = gib;

Outcome no_root()
{
    return unknown("the volume that holds the root filesystem is not known");
}

Outcome fs_type(const RuleContext &context)
{
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr || root->filesystem.type.empty())
        return no_root();
    std::string const &type = root->filesystem.type;
    constexpr std::array<std::string_view, 3> of_linux{"xfs", "ext3", "ext4"};
    bool const windows = context.guest->os.id == "windows";
    bool const good = windows ? type == "ntfs" : std::find(of_linux.begin(), of_linux.end(), type) != of_linux.end();
    if (good)
        return passed(fmt::format("the root filesystem is {}", type));
    return violated(fmt::format("the root filesystem is {}: the cloud grows {} only, so the disk cannot be enlarged in "
                                "place",
                                type, windows ? "ntfs" : "xfs, ext3 and ext4"),
                    {seen(root->device, type)});
}

// Of these there is no state to be read: FAT (its bit is rarely kept), the copying and the read-only ones.
bool has_no_state(std::string_view type)
{
    constexpr std::array<std::string_view, 7> types{"vfat",     "exfat",   "btrfs", "zfs_member",
                                                    "squashfs", "iso9660", "erofs"};
    return std::find(types.begin(), types.end(), type) != types.end();
}

Outcome fs_clean(const RuleContext &context)
{
    if (context.guest->os.id == "windows")
        return not_applicable("see win-clean");
    std::vector<Evidence> dirty;
    std::vector<std::string> open;
    std::vector<std::string> clean;
    auto const judge = [&](const VolumeFacts &volume, std::string_view target) {
        auto const &filesystem = volume.filesystem;
        if (filesystem.clean && !*filesystem.clean)
            dirty.push_back(
                seen(volume.device, fmt::format("{} ({}): {}", target, filesystem.type,
                                                filesystem.state.empty() ? "not clean" : filesystem.state)));
        else if (filesystem.clean)
            clean.emplace_back(target);
        else if (!has_no_state(filesystem.type))
            open.push_back(fmt::format("{} ({})", target, filesystem.type));
    };
    for (auto const &mount : context.guest->mountpoints) {
        if (const VolumeFacts *volume = context.inspection->volume(mount.device))
            judge(*volume, mount.target);
    }
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    bool const root_is_mounted =
        root != nullptr && std::any_of(context.guest->mountpoints.begin(), context.guest->mountpoints.end(),
                                       [&](auto const &m) { return m.device == root->device; });
    if (root != nullptr && !root_is_mounted)
        judge(*root, "/");
    if (!dirty.empty())
        return violated(
            fmt::format("{}: the machine was not shut down before its disk was copied", dirty.front().value), dirty);
    if (!open.empty())
        return unknown(fmt::format("it cannot be said whether {} was unmounted cleanly", join(open, ", ")));
    if (root == nullptr)
        return no_root();
    if (clean.empty())
        return not_applicable("the filesystems have no such state");
    return passed(fmt::format("unmounted cleanly: {}", join(clean, ", ")));
}

Outcome fs_free_space(const RuleContext &context)
{
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr)
        return no_root();
    auto const &filesystem = root->filesystem;
    if (!filesystem.free)
        return unknown(fmt::format("the free space of {} ({}) could not be read", root->device, filesystem.type));
    std::uint64_t const free = *filesystem.free;
    std::uint64_t const size = filesystem.size.value_or(root->length);
    std::string const has = fmt::format("the root filesystem has {} free of {}", human_size(free), human_size(size));
    Evidence const evidence = seen(root->device, fmt::format("{} of {} bytes free", free, size));
    if (free < critical_space)
        return violated(has + ": too little for a start to write its files", {evidence}, "critical");
    if (free < low_space || free < size / 10)
        return violated(has + ": it will soon be full", {evidence}, "low");
    return passed(has);
}

Outcome lvm_root(const RuleContext &context)
{
    const VolumeFacts *root = root_volume(*context.inspection, *context.guest);
    if (root == nullptr)
        return no_root();
    if (root->kind != "lvm")
        return passed(fmt::format("the root filesystem is on {}, not on LVM", root->device));
    return violated(fmt::format("the root filesystem is on the logical volume {}: the cloud does not grow it when the "
                                "disk grows",
                                root->device),
                    {seen(root->device, "LVM")});
}

Outcome swap_partition(const RuleContext &context)
{
    std::vector<Evidence> evidence;
    for (auto const &volume : context.inspection->volumes) {
        if (volume.filesystem.type == "swap")
            evidence.push_back(seen(volume.device, "swap"));
    }
    auto const &fstab = context.guest->fstab;
    if (fstab) {
        for (auto const &entry : fstab->entries) {
            if (entry.type == "swap")
                evidence.push_back(
                    {.file = "/etc/fstab", .line = entry.line, .offset = {}, .value = entry.device + " swap"});
        }
    }
    if (!evidence.empty())
        return violated("the system has swap; the cloud's own images ship without: it costs disk and slows a busy "
                        "instance",
                        std::move(evidence));
    if (!fstab)
        return unknown(fstab.reason());
    return passed("no swap");
}

// "NAME DEVICE KEY OPTIONS" of crypttab(5): whether someone must type a passphrase at boot.
bool asks_at_boot(const Evidence &mapping)
{
    auto const words = split_blanks(mapping.value);
    bool const has_key = words.size() > 2 && words[2] != "none" && words[2] != "-";
    if (words.size() < 2 || has_key)
        return false;
    auto const options = words.size() > 3 ? split(words[3], ',') : std::vector<std::string>{};
    return std::none_of(options.begin(), options.end(), [](std::string_view option) {
        return option == "noauto" || option == "nofail" || option.starts_with("tpm2-device=") ||
               option.starts_with("fido2-device=") || option.starts_with("keyscript=");
    });
}

Outcome luks_root(const RuleContext &context)
{
    std::vector<Evidence> encrypted;
    for (auto const &volume : context.inspection->volumes) {
        if (volume.filesystem.type == "crypto_LUKS")
            encrypted.push_back(seen(volume.device, "LUKS"));
    }
    auto const &gap = context.inspection->gap;
    if (context.guest == nullptr) {
        if (gap && (gap->machine || encrypted.empty()))
            return unknown(gap->reason);
        if (encrypted.empty())
            return not_applicable("no operating system was found on this disk");
        return violated("the system lies on an encrypted volume: nobody can type its passphrase before the network is "
                        "up",
                        std::move(encrypted));
    }
    if (encrypted.empty())
        return passed("nothing on the disk is encrypted");
    auto const &crypttab = context.guest->crypttab;
    if (!crypttab)
        return unknown(crypttab.reason());
    std::vector<Evidence> asking;
    std::copy_if(crypttab->begin(), crypttab->end(), std::back_inserter(asking), asks_at_boot);
    if (!asking.empty())
        return violated("an encrypted volume is opened at boot and asks for a passphrase that nobody can type",
                        std::move(asking));
    return passed("the encrypted volumes are not opened by a passphrase at boot", std::move(encrypted));
}

Outcome growpart(const RuleContext &context)
{
    auto const &program = context.guest->growpart;
    if (is_coreos(context.guest->os))
        return not_applicable("the system grows its root by itself at the first start");
    if (!program)
        return unknown(program.reason());
    if (program->empty())
        return violated("growpart is not installed: the root partition keeps its size when the disk is larger",
                        {seen("/usr/bin/growpart", "missing")});
    auto const &cloud_init = context.guest->cloud_init;
    if (!cloud_init)
        return unknown(cloud_init.reason());
    if (cloud_init->installed && !cloud_init->grows_root)
        return violated("growpart is installed, but cloud-init's configuration does not run it",
                        {seen("/etc/cloud/cloud.cfg", "no growpart module")});
    return passed(fmt::format("{} is installed", *program));
}

}  // namespace

std::vector<Rule> storage_rules()
{
    std::string const group = "storage";
    return {
        {{"fs-type",
          group,
          "The root filesystem is one that the cloud can grow",
          "The disk cannot be enlarged in place later.",
          "Reinstall, or copy the system (rsync -aHAX) onto an ext4 or XFS root",
          cite({"INS", "CHK"}),
          {""}},
         Reads::guest,
         Guests::any,
         fs_type},
        {{"fs-clean",
          group,
          "The filesystems were unmounted cleanly",
          "The image was taken from a running or crashed machine: files may be half written, and the boot may stop in "
          "a check.",
          "Start the source machine, shut it down cleanly and export again; or on a copy of the disk e2fsck -f "
          "(ext), xfs_repair (XFS), chkdsk (NTFS)",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::any,
         fs_clean},
        {{"fs-free-space",
          group,
          "The root filesystem has space left",
          "A full root cannot be configured, and drivers cannot be added.",
          "Debian, Ubuntu: apt clean; RHEL, CentOS: dnf clean all; all: journalctl --vacuum-size=50M, remove old "
          "kernels and logs; or grow the disk before the export",
          cite({"INS", "CHK", "PRACTICE"}),
          {"critical", "low"}},
         Reads::guest,
         Guests::any,
         fs_free_space},
        {{"lvm-root",
          group,
          "The root filesystem is on a plain partition, not on LVM",
          "Automatic growing does not work; it must be done by hand (pvresize, lvextend).",
          "Nothing need be done to boot; to be grown by the cloud, reinstall on a plain partition",
          cite({"SPEC"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         lvm_root},
        {{"swap-partition",
          group,
          "There is no swap",
          "The cloud's images ship without swap.",
          "swapoff -a, delete the swap lines of /etc/fstab and resume= from the boot loader's configuration",
          cite({"SPEC", "FAQ"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         swap_partition},
        {{"luks-root",
          group,
          "The system does not wait for a passphrase",
          "The boot stops at a prompt that nobody can reach.",
          "Move the system to an unencrypted volume and encrypt the disk in the cloud; for a data volume add nofail "
          "or a key file in /etc/crypttab",
          cite({"PRACTICE"}),
          {""}},
         Reads::anything,
         Guests::linux_only,
         luks_root},
        {{"growpart",
          group,
          "growpart is installed and cloud-init runs it",
          "The instance's disk may be larger than the image's; without growpart the rest stays unused.",
          "Debian, Ubuntu: apt install cloud-guest-utils; RHEL, CentOS: dnf install cloud-utils-growpart; SUSE: zypper "
          "install growpart; and growpart, resizefs under cloud_init_modules of /etc/cloud/cloud.cfg",
          cite({"SPEC", "FAQ", "IMC"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         growpart},
    };
}

}  // namespace imgport
