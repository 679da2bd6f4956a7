#include "guest/find_root.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "filesystem/mounted_tree.hpp"
#include "guest/fstab.hpp"
#include "guest/guest_files.hpp"
#include "guest/os_release.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::array<std::string_view, 10> root_filesystems{"ext2", "ext3",     "ext4", "xfs",  "btrfs",
                                                            "ufs",  "reiserfs", "jfs",  "f2fs", "ntfs"};
// What may hide a system without letting anyone look.
constexpr std::array<std::string_view, 6> closed_filesystems{"crypto_LUKS",       "BitLocker", "zfs_member",
                                                             "linux_raid_member", "bcachefs",  "bcache"};
constexpr std::size_t max_subvolumes = 64;

// How much a tree looks like a root: 0 for not at all.
int score_of(const RootVolume &root, const std::vector<VolumeFacts> &volumes)
{
    VolumeFacts const &volume = *root.volume;
    MountedTree tree(root.tree);
    for (auto const &extra : root.extra) {
        if (extra.tree)
            tree.mount(extra.target, extra.tree);
    }
    GuestFiles files(tree);
    if (auto const windows = find_ignoring_case(files, "/", "windows"))
        return volume.filesystem.type == "ntfs" && find_ignoring_case(files, *windows, "system32") ? 1 : 0;
    bool const etc_is_made = !root.extra.empty() && root.extra.front().target == "/usr";  // by the first boot
    if (!files.is_directory("/etc") && !etc_is_made)
        return 0;
    bool const programs = files.exists("/bin") || files.exists("/usr/bin") || files.exists("/sbin");
    bool const release = files.stat("/etc/os-release", FollowLinks::no) || files.exists("/usr/lib/os-release");
    bool const accounts = files.exists("/etc/passwd");
    bool const has_fstab = files.exists("/etc/fstab");
    if (!programs || !(release || accounts || has_fstab))
        return 0;
    int score = 2 + (release ? 4 : 0) + (accounts ? 2 : 0) + (has_fstab ? 1 : 0);
    // A copy or a snapshot has the same files, but only the real root is what its own fstab calls so.
    auto const fstab = read_fstab(tree, volumes);
    for (auto const &entry : fstab ? fstab->entries : std::vector<FstabEntry>()) {
        if (entry.target == "/" && entry.resolved == volume.device)
            score += 8;
    }
    return score;
}

// The trees of a volume that could be a root: one, or each subvolume of a btrfs.
std::vector<std::string> subvolumes_to_try(TreeMaker &maker, const VolumeFacts &volume,
                                           std::vector<std::string> &problems)
{
    std::vector<std::string> names{""};
    if (volume.filesystem.type != "btrfs")
        return names;
    auto const found = maker.subvolumes(volume);
    if (!found) {
        problems.push_back(
            fmt::format("{} (btrfs): its subvolumes cannot be listed: {}", volume.device, describe(found.error())));
        return names;
    }
    for (auto const &name : *found) {
        // Snapshots hold the same system once more.
        if (name.find(".snapshot") == std::string::npos && names.size() < max_subvolumes)
            names.push_back(name);
    }
    return names;
}

// Whether the root entry of the fstab in there asks for that subvolume.
bool fstab_names_subvolume(const std::shared_ptr<RawTree> &raw, const std::string &subvolume,
                           const std::vector<VolumeFacts> &volumes)
{
    MountedTree tree(raw);
    auto const fstab = read_fstab(tree, volumes);
    for (auto const &entry : fstab ? fstab->entries : std::vector<FstabEntry>()) {
        std::string option = mount_option(entry, "subvol");
        option.erase(0, std::min(option.find_first_not_of('/'), option.size()));
        if (entry.target == "/" && option == subvolume)
            return true;
    }
    return false;
}

// What may be the root in a volume's tree: the tree itself, or the system that a less simple layout makes of it.
std::vector<RootVolume> roots_in(TreeMaker &maker, const VolumeFacts &volume, const std::string &subvolume,
                                 const std::shared_ptr<RawTree> &tree, const std::vector<VolumeFacts> &volumes)
{
    std::vector<RootVolume> roots{{&volume, subvolume, tree}};
    if (auto const *usr = container_linux_usr(volumes); usr != nullptr && volume.filesystem.label == "ROOT") {
        if (auto usr_tree = maker.open(*usr, "")) {
            roots.front().extra.push_back({"/usr", usr, *usr_tree});
            if (auto etc = container_linux_etc(tree, *usr_tree))
                roots.front().extra.push_back({"/etc", &volume, std::move(etc)});
            if (auto const *boot = container_linux_boot(volumes))
                roots.front().extra.push_back({"/boot", boot});
            for (auto &[target, folder] : container_linux_links(tree, *usr_tree))
                roots.front().extra.push_back({target, &volume, std::move(folder)});
        }
    }
    for (auto &deployment : ostree_deployments(tree)) {
        RootVolume root{&volume, subvolume, deployment.root};
        if (deployment.var)
            root.extra.push_back({"/var", &volume, deployment.var});
        if (auto const *boot = coreos_boot(volumes); boot != nullptr && boot != &volume)
            root.extra.push_back({"/boot", boot});
        roots.push_back(std::move(root));
    }
    return roots;
}

}  // namespace

bool can_hold_root(const std::string &filesystem)
{
    return std::find(root_filesystems.begin(), root_filesystems.end(), filesystem) != root_filesystems.end();
}

std::vector<std::string> closed_volumes(const std::vector<VolumeFacts> &volumes)
{
    std::vector<std::string> lines;
    for (auto const &volume : volumes) {
        std::string const &type = volume.filesystem.type;
        if (std::find(closed_filesystems.begin(), closed_filesystems.end(), type) != closed_filesystems.end())
            lines.push_back(fmt::format("{} cannot be looked into: {}", volume.device, type));
        else if (type.empty() && !volume.filesystem.state.empty())
            lines.push_back(fmt::format("{} cannot be looked into: {}", volume.device, volume.filesystem.state));
    }
    return lines;
}

std::optional<RootVolume> find_root(TreeMaker &maker, const std::vector<VolumeFacts> &volumes,
                                    std::vector<std::string> &problems)
{
    std::optional<RootVolume> best;
    int best_score = 0;
    auto const closed = closed_volumes(volumes);
    problems.insert(problems.end(), closed.begin(), closed.end());
    for (auto const &volume : volumes) {
        std::string const &type = volume.filesystem.type;
        if (!can_hold_root(type))
            continue;
        for (auto const &subvolume : subvolumes_to_try(maker, volume, problems)) {
            auto tree = maker.open(volume, subvolume);
            if (!tree) {
                problems.push_back(
                    fmt::format("{} ({}) cannot be opened: {}", volume.device, type, describe(tree.error())));
                continue;
            }
            for (auto &root : roots_in(maker, volume, subvolume, *tree, volumes)) {
                int score = score_of(root, volumes);
                if (score > 0 && type == "btrfs" && fstab_names_subvolume(root.tree, subvolume, volumes))
                    ++score;
                if (score > best_score) {
                    best_score = score;
                    best = std::move(root);
                }
            }
        }
    }
    return best;
}

}  // namespace imgport
