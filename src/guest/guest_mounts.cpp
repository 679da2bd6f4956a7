#include "guest/guest_mounts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "guest/fstab.hpp"
#include "guest/guest_files.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Stands for a volume that cannot be opened.
class ClosedTree final : public RawTree {
public:
    explicit ClosedTree(std::string reason) : m_reason(std::move(reason)) {}

    Result<std::optional<FileStat>> lstat(std::string_view path) override
    {
        // The mount point itself is there.
        if (path == "/")
            return std::optional(FileStat{FileKind::directory, 0755, 0, 0, 0, {}, {}});
        return closed();
    }
    Result<std::string> read_link(std::string_view) override { return closed(); }
    Result<std::vector<DirectoryEntry>> list(std::string_view) override { return closed(); }
    Result<std::unique_ptr<FileStream>> open(std::string_view) override { return closed(); }
    Result<std::optional<Flags>> flags(std::string_view) override { return closed(); }

private:
    tl::unexpected<Error> closed() const { return fail(ErrorCode::unreadable, m_reason); }
    std::string m_reason;
};

const VolumeFacts *volume_named(const std::vector<VolumeFacts> &volumes, const std::string &device)
{
    auto const found = std::find_if(volumes.begin(), volumes.end(), [&](auto &v) { return v.device == device; });
    return found == volumes.end() ? nullptr : &*found;
}

bool is_mounted_at_boot(const FstabEntry &entry)
{
    auto const has = [&](std::string_view option) {
        return std::find(entry.options.begin(), entry.options.end(), option) != entry.options.end();
    };
    return entry.type != "swap" && entry.target.starts_with('/') && entry.target != "/" && !entry.resolved.empty() &&
           !has("noauto") && !has("bind") && !has("rbind");
}

class Mounter {
public:
    Mounter(TreeMaker &maker, GuestMounts &mounts) : m_maker(maker), m_mounts(mounts) {}

    MountPoint mount(const VolumeFacts &volume, const std::string &target, const std::string &subvolume)
    {
        auto tree = m_maker.open(volume, subvolume);
        if (!tree) {
            std::string const reason = fmt::format("{} ({}), mounted there, cannot be opened: {}", volume.device,
                                                   volume.filesystem.type, describe(tree.error()));
            m_mounts.problems.push_back(target + ": " + reason);
            m_mounts.tree->mount(target, std::make_shared<ClosedTree>(reason));
        } else {
            m_mounts.tree->mount(target, *tree);
        }
        MountPoint point{target, volume.device, volume.filesystem.type, {}};
        if (!subvolume.empty())
            point.subvolume = subvolume;
        return point;
    }

private:
    TreeMaker &m_maker;
    GuestMounts &m_mounts;
};

// Where the guest would have the EFI system partition if its fstab does not say: systemd-gpt-auto-generator(8) takes
// /efi or else /boot, distributions /boot/efi.
std::string default_esp_target(FileTree &tree)
{
    GuestFiles files(tree);
    for (const char *target : {"/efi", "/boot/efi", "/boot"}) {
        if (files.is_directory(target) && files.list(target).empty() && !files.failed())
            return target;
    }
    return {};
}

void mount_esp(TreeMaker &maker, Mounter &mounter, GuestMounts &mounts, const VolumeFacts &esp)
{
    auto tree = maker.open(esp, "");
    if (!tree) {
        mounts.esp_failure =
            fmt::format("{}, the EFI system partition, cannot be opened: {}", esp.device, describe(tree.error()));
        mounts.problems.push_back(mounts.esp_failure);
        return;
    }
    mounts.esp = std::make_unique<MountedTree>(std::move(*tree));
    for (auto const &point : mounts.points) {
        if (point.device == esp.device)
            mounts.esp_target = point.target;
    }
    if (!mounts.esp_target.empty())
        return;
    mounts.esp_target = default_esp_target(*mounts.tree);
    if (!mounts.esp_target.empty())
        mounts.reachable.push_back(mounter.mount(esp, mounts.esp_target, ""));
}

}  // namespace

GuestMounts mount_guest(TreeMaker &maker, const RootVolume &root, const FstabFacts &fstab,
                        const std::vector<VolumeFacts> &volumes, const VolumeFacts *esp)
{
    GuestMounts mounts;
    mounts.tree = std::make_unique<MountedTree>(root.tree);
    MountPoint root_point{"/", root.volume->device, root.volume->filesystem.type, {}};
    if (!root.subvolume.empty())
        root_point.subvolume = root.subvolume;
    mounts.points.push_back(std::move(root_point));

    Mounter mounter(maker, mounts);
    std::vector<FstabEntry> entries;
    std::copy_if(fstab.entries.begin(), fstab.entries.end(), std::back_inserter(entries), is_mounted_at_boot);
    for (auto const &extra : root.extra) {
        if (std::any_of(entries.begin(), entries.end(), [&](auto &entry) { return entry.target == extra.target; }))
            continue;
        if (extra.tree)
            mounts.tree->mount(extra.target, extra.tree);
        // The root's own volume once more is no mount point of its own.
        if (!extra.tree)
            mounts.points.push_back(mounter.mount(*extra.volume, extra.target, ""));
        else if (extra.volume != root.volume)
            mounts.points.push_back({extra.target, extra.volume->device, extra.volume->filesystem.type, {}});
    }
    auto const depth = [](const FstabEntry &entry) {
        return std::count(entry.target.begin(), entry.target.end(), '/');
    };
    std::stable_sort(entries.begin(), entries.end(), [&](auto &a, auto &b) { return depth(a) < depth(b); });
    for (auto const &entry : entries) {
        auto const *volume = volume_named(volumes, entry.resolved);
        if (volume == nullptr || mounts.points.size() > 100)
            continue;
        std::string subvolume = mount_option(entry, "subvol");
        subvolume.erase(0, std::min(subvolume.find_first_not_of('/'), subvolume.size()));
        mounts.points.push_back(mounter.mount(*volume, entry.target, subvolume));
    }
    mounts.reachable = mounts.points;
    if (esp != nullptr)
        mount_esp(maker, mounter, mounts, *esp);
    return mounts;
}

}  // namespace imgport
