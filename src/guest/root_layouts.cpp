#include "guest/root_layouts.hpp"

#include <algorithm>

#include "filesystem/mounted_tree.hpp"
#include "guest/guest_files.hpp"
#include "guest/overlay_tree.hpp"
#include "guest/sub_tree.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_deployments = 16;
constexpr const char *deploy = "/ostree/deploy";

// The folders that the boot links of OSTree lead to: /ostree/boot.1/OS/CHECKSUM/0 -> ../../../deploy/OS/deploy/SUM.0
std::vector<std::string> booted_folders(GuestFiles &files)
{
    std::vector<std::string> found;
    for (const char *boot : {"/ostree/boot.1", "/ostree/boot.0"}) {
        for (auto const &os : files.list(boot)) {
            std::string const system = std::string(boot) + "/" + os.name;
            for (auto const &sum : files.list(system)) {
                auto const folder = files.resolve(system + "/" + sum.name + "/0");
                if (folder && found.size() < max_deployments)
                    found.push_back(*folder);
            }
        }
    }
    return found;
}

}  // namespace

std::vector<Deployment> ostree_deployments(const std::shared_ptr<RawTree> &tree)
{
    MountedTree whole(tree);
    GuestFiles files(whole);
    std::vector<Deployment> found;
    if (!files.is_directory(deploy))
        return found;
    auto const booted = booted_folders(files);
    for (auto const &os : files.list(deploy)) {
        std::string const system = std::string(deploy) + "/" + os.name;
        bool const has_var = files.is_directory(system + "/var");
        for (auto const &entry : files.list(system + "/deploy")) {
            std::string const folder = system + "/deploy/" + entry.name;
            if (entry.kind != FileKind::directory || found.size() == max_deployments)
                continue;
            found.push_back({folder, std::make_shared<SubTree>(tree, folder),
                             has_var ? std::make_shared<SubTree>(tree, system + "/var") : nullptr});
        }
    }
    auto const rank = [&](const Deployment &deployment) {
        return std::find(booted.begin(), booted.end(), deployment.folder) - booted.begin();
    };
    std::stable_sort(found.begin(), found.end(), [&](auto &a, auto &b) { return rank(a) < rank(b); });
    return found;
}

const VolumeFacts *coreos_boot(const std::vector<VolumeFacts> &volumes)
{
    auto const found = std::find_if(volumes.begin(), volumes.end(),
                                    [](auto const &volume) { return volume.filesystem.label == "boot"; });
    return found == volumes.end() ? nullptr : &*found;
}

const VolumeFacts *container_linux_usr(const std::vector<VolumeFacts> &volumes)
{
    for (const char *label : {"USR-A", "USR-B"}) {
        auto const found = std::find_if(volumes.begin(), volumes.end(), [&](auto const &volume) {
            return volume.partition_label == label && !volume.filesystem.type.empty();
        });
        if (found != volumes.end())
            return &*found;
    }
    return nullptr;
}

const VolumeFacts *container_linux_boot(const std::vector<VolumeFacts> &volumes)
{
    auto const found = std::find_if(volumes.begin(), volumes.end(), [](auto const &volume) {
        return volume.partition_label == "EFI-SYSTEM" && volume.filesystem.type == "vfat";
    });
    return found == volumes.end() ? nullptr : &*found;
}

std::shared_ptr<RawTree> container_linux_etc(const std::shared_ptr<RawTree> &root, const std::shared_ptr<RawTree> &usr)
{
    MountedTree root_tree(root);
    MountedTree usr_tree(usr);
    bool const has_etc = GuestFiles(root_tree).is_directory("/etc");
    GuestFiles in_usr(usr_tree);
    if (in_usr.is_directory("/share/flatcar/etc")) {
        auto lower = std::make_shared<SubTree>(usr, "/share/flatcar/etc");
        if (!has_etc)
            return lower;
        return std::make_shared<OverlayTree>(std::make_shared<SubTree>(root, "/etc"), std::move(lower));
    }
    if (!has_etc && in_usr.is_directory("/share/baselayout"))
        return std::make_shared<SubTree>(usr, "/share/baselayout");
    return nullptr;
}

std::vector<std::pair<std::string, std::shared_ptr<RawTree>>>
container_linux_links(const std::shared_ptr<RawTree> &root, const std::shared_ptr<RawTree> &usr)
{
    std::vector<std::pair<std::string, std::shared_ptr<RawTree>>> folders;
    for (const char *name : {"/bin", "/sbin", "/lib", "/lib64"}) {
        auto const on_root = root->lstat(name);
        auto const in_usr = usr->lstat(name);
        if (on_root && !*on_root && in_usr && *in_usr && (*in_usr)->kind == FileKind::directory)
            folders.emplace_back(name, std::make_shared<SubTree>(usr, name));
    }
    return folders;
}

}  // namespace imgport
