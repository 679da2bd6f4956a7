// Systems whose root is not simply a filesystem: OSTree keeps it in a folder, Container Linux has /usr elsewhere.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <imgport/facts.hpp>

#include "filesystem/raw_tree.hpp"
#include "filesystem/tree_maker.hpp"

namespace imgport {

// What is mounted into the root though no fstab says so.
struct ExtraMount {
    std::string target;                   // "/usr"
    const VolumeFacts *volume = nullptr;  // where it lies
    std::shared_ptr<RawTree> tree = {};   // its files; nullptr: the whole volume, not opened yet
};

// A deployment of OSTree, or of rpm-ostree: its root, and what is mounted into it. ostree(1), "Deployments";
// ostree-prepare-root.
struct Deployment {
    std::string folder;  // "/ostree/deploy/fedora-coreos/deploy/0123...ef.0"
    std::shared_ptr<RawTree> root;
    std::shared_ptr<RawTree> var;  // the state that its system's deployments share; nullptr where there is none
};

// The deployments in a filesystem, the one that starts first (boot.1 or boot.0 names it) at the front; 16 at most.
std::vector<Deployment> ostree_deployments(const std::shared_ptr<RawTree> &tree);

// The volume that Fedora CoreOS mounts at /boot (coreos-boot-mount-generator): the filesystem labelled so.
const VolumeFacts *coreos_boot(const std::vector<VolumeFacts> &volumes);

// The volume with /usr of a Container Linux or Flatcar: "CoreOS Container Linux disk layout", partitions USR-A and
// USR-B.
const VolumeFacts *container_linux_usr(const std::vector<VolumeFacts> &volumes);

// What it mounts at /boot: the EFI system partition, EFI-SYSTEM.
const VolumeFacts *container_linux_boot(const std::vector<VolumeFacts> &volumes);

// Its /etc, where that is more than the root filesystem's: Flatcar's is what was changed over /usr/share/flatcar/etc;
// before the first boot of a Container Linux it is made of /usr/share/baselayout. nullptr: it is the root's own.
std::shared_ptr<RawTree> container_linux_etc(const std::shared_ptr<RawTree> &root, const std::shared_ptr<RawTree> &usr);

// "/lib" and the like, which the first boot makes links into /usr: what they lead to, of those that are not there yet.
std::vector<std::pair<std::string, std::shared_ptr<RawTree>>>
container_linux_links(const std::shared_ptr<RawTree> &root, const std::shared_ptr<RawTree> &usr);

}  // namespace imgport
