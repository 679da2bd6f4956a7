#include "guest/inspect_guest.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "filesystem/mounted_tree.hpp"
#include "guest/accounts.hpp"
#include "guest/agents.hpp"
#include "guest/architecture.hpp"
#include "guest/boot_loader.hpp"
#include "guest/clock.hpp"
#include "guest/cloud_init.hpp"
#include "guest/cloud_traces.hpp"
#include "guest/credentials.hpp"
#include "guest/customized.hpp"
#include "guest/find_root.hpp"
#include "guest/firewall.hpp"
#include "guest/freebsd.hpp"
#include "guest/fstab.hpp"
#include "guest/grub_defaults.hpp"
#include "guest/guest_mounts.hpp"
#include "guest/hostname.hpp"
#include "guest/hypervisor_tools.hpp"
#include "guest/initramfs_recipe.hpp"
#include "guest/issue.hpp"
#include "guest/kernel.hpp"
#include "guest/leftovers.hpp"
#include "guest/login_limits.hpp"
#include "guest/multipath.hpp"
#include "guest/network.hpp"
#include "guest/os_release.hpp"
#include "guest/private_sources.hpp"
#include "guest/residue.hpp"
#include "guest/selinux.hpp"
#include "guest/services.hpp"
#include "guest/sshd.hpp"
#include "guest/windows.hpp"

namespace imgport {
namespace {

// The value, or its empty default with the reason noted under `name`.
template <class T>
T take(Known<T> known, const char *name, GuestFacts &guest)
{
    if (known)
        return std::move(*known);
    guest.gaps[name] = known.reason();
    return {};
}

const BootEntry *default_entry(const GuestFacts &guest)
{
    if (!guest.boot_loader || guest.boot_loader->entries.empty())
        return nullptr;
    auto const &loader = *guest.boot_loader;
    return loader.default_entry ? &loader.entries[*loader.default_entry] : nullptr;
}

// Marks the kernel that the default entry starts, with the initramfs that the entry names. One that lies in an unusual
// place is added.
void mark_default_kernel(FileTree &tree, GuestFacts &guest)
{
    auto const *entry = default_entry(guest);
    if (entry == nullptr)
        return;
    GuestFiles files(tree);
    auto const image = files.resolve(entry->kernel);
    if (!image || !files.exists(*image))
        return;  // the entry tells which kernel is missing
    auto found =
        std::find_if(guest.kernels.begin(), guest.kernels.end(), [&](auto &kernel) { return kernel.image == *image; });
    if (found == guest.kernels.end()) {
        KernelFacts kernel = kernel_of_image(files, *image);
        // The modules of that version were found, its image was not where it usually is.
        found = std::find_if(guest.kernels.begin(), guest.kernels.end(),
                             [&](auto &other) { return !kernel.version.empty() && other.version == kernel.version; });
        if (found == guest.kernels.end()) {
            read_kernel_modules(tree, kernel);
            guest.kernels.push_back(std::move(kernel));
            found = guest.kernels.end() - 1;
        } else {
            found->image = kernel.image;
            found->image_size = kernel.image_size;
            found->architecture = kernel.architecture;
        }
    }
    found->is_default = true;
    found->initramfs.clear();
    found->initramfs_size = 0;
    auto const initramfs = entry->initramfs.empty() ? std::nullopt : files.resolve(entry->initramfs);
    auto const status = initramfs ? files.stat(*initramfs) : std::nullopt;
    if (status) {
        found->initramfs = *initramfs;
        found->initramfs_size = status->size;
    }
    if (files.failed())
        guest.gaps["kernels"] = files.reason();
}

bool names_missing_initramfs(const GuestFacts &guest, const KernelFacts &kernel)
{
    auto const *entry = default_entry(guest);
    return kernel.is_default && kernel.initramfs.empty() && entry != nullptr && !entry->initramfs.empty();
}

// An initramfs is large: the one that will start is read, and all of them where none is known to.
void read_initramfs_of_kernels(FileTree &tree, GuestFacts &guest)
{
    constexpr std::size_t most = 4;
    bool const default_known =
        std::any_of(guest.kernels.begin(), guest.kernels.end(), [](auto &kernel) { return kernel.is_default; });
    std::size_t read = 0;
    // The newest sort last.
    for (auto kernel = guest.kernels.rbegin(); kernel != guest.kernels.rend(); ++kernel) {
        bool const wanted = default_known ? kernel->is_default : read++ < most;
        if (wanted && names_missing_initramfs(guest, *kernel))
            kernel->modules = Unknown{"the initramfs that the boot entry names is missing"};
        else if (wanted)
            read_kernel_initramfs(tree, *kernel);
        else
            kernel->modules = Unknown{"not looked into: another kernel starts by default"};
    }
}

void read_linux(GuestMounts &mounts, const std::vector<VolumeFacts> &volumes, GuestFacts &guest)
{
    FileTree &tree = *mounts.tree;
    guest.crypttab = read_crypttab(tree);
    guest.boot_loader =
        read_boot_loader({tree, volumes, mounts.reachable, mounts.esp.get(), mounts.esp_target, mounts.esp_failure});
    guest.kernels = take(read_kernels(tree), "kernels", guest);
    mark_default_kernel(tree, guest);
    read_initramfs_of_kernels(tree, guest);

    auto const *entry = default_entry(guest);
    std::string const cmdline = entry != nullptr ? entry->cmdline : "";
    Services const services(tree);
    guest.network = read_network(tree, services, cmdline);
    guest.sshd = read_sshd(tree, services);
    guest.firewalls = read_firewalls(tree, services);
    guest.selinux = read_selinux(tree, cmdline);
    guest.accounts = read_accounts(tree);
    guest.cloud_init = read_cloud_init(tree, services, cmdline);
    guest.credentials = read_credentials(tree);
    guest.protected_files = read_protected_files(tree);
    guest.login_limits = read_login_limits(tree);
    guest.private_sources = read_private_sources(tree);
    guest.residue = read_residue(tree);
    guest.qemu_guest_agent = read_qemu_guest_agent(tree);
    guest.cloud_agents = read_cloud_agents(tree);
    guest.growpart = read_growpart(tree);
    guest.directories = read_system_directories(tree);
    guest.grub_defaults = read_grub_defaults(tree);
    guest.initramfs_recipe = read_initramfs_recipe(tree);
    guest.multipath = read_multipath(tree, services);
    guest.hypervisor_tools = read_hypervisor_tools(tree, services);
    guest.crash_dump = read_crash_dump(tree, services);
    guest.issue = read_issue(tree);
    guest.hosts = read_own_addresses(tree, guest.hostname);
    guest.time = read_time(tree, services);
    guest.cloud_traces = read_cloud_traces(tree, services);
    guest.leftovers = read_leftovers(tree);
    guest.freebsd = read_freebsd(tree);
}

// What only other systems have.
void say_windows_has_none(GuestFacts &guest)
{
    Unknown const reason{"not read on Windows"};
    guest.fstab = reason;
    guest.crypttab = reason;
    guest.network = reason;
    guest.sshd = reason;
    guest.firewalls = reason;
    guest.selinux = reason;
    guest.accounts = reason;
    guest.cloud_init = reason;
    guest.credentials = reason;
    guest.protected_files = reason;
    guest.login_limits = reason;
    guest.private_sources = reason;
    guest.residue = reason;
    guest.qemu_guest_agent = reason;
    guest.cloud_agents = reason;
    guest.growpart = reason;
    guest.directories = reason;
    guest.grub_defaults = reason;
    guest.initramfs_recipe = reason;
    guest.multipath = reason;
    guest.hypervisor_tools = reason;
    guest.crash_dump = reason;
    guest.issue = reason;
    guest.hosts = reason;
    guest.time = reason;
    guest.cloud_traces = reason;
    guest.leftovers = reason;
    guest.freebsd = reason;
    guest.customized = reason;
}

// The volumes that the boot manager's files may be on.
std::vector<WindowsVolume> open_boot_volumes(TreeMaker &maker, const std::vector<VolumeFacts> &volumes)
{
    constexpr std::size_t most = 16;
    std::vector<WindowsVolume> opened;
    for (auto const &volume : volumes) {
        if ((volume.filesystem.type != "ntfs" && volume.filesystem.type != "vfat") || opened.size() >= most)
            continue;
        WindowsVolume &one = opened.emplace_back();
        one.device = volume.device;
        if (auto tree = maker.open(volume, ""))
            one.tree = std::make_unique<MountedTree>(std::move(*tree));
        else
            one.failure = fmt::format("{} ({}) cannot be opened: {}", volume.device, volume.filesystem.type,
                                      describe(tree.error()));
    }
    return opened;
}

void read_windows_guest(TreeMaker &maker, GuestMounts &mounts, const std::vector<VolumeFacts> &volumes,
                        GuestFacts &guest)
{
    say_windows_has_none(guest);
    read_windows(*mounts.tree, guest);
    auto const &boot = guest.windows->boot = read_windows_boot(open_boot_volumes(maker, volumes));
    guest.boot_loader = read_boot_loader(
        {*mounts.tree, volumes, mounts.reachable, mounts.esp.get(), mounts.esp_target, mounts.esp_failure});
    if (guest.boot_loader && boot && guest.boot_loader->kind.empty()) {
        guest.boot_loader->kind = !boot->stores.empty() ? "bootmgr" : boot->ntldr ? "ntldr" : "";
        guest.boot_loader->config = boot->stores.empty() ? "" : boot->stores.front();
    }
}

}  // namespace

bool worth_inspecting(const std::vector<VolumeFacts> &volumes)
{
    return std::any_of(volumes.begin(), volumes.end(), [](auto &volume) {
        return can_hold_root(volume.filesystem.type) || volume.filesystem.type == "LVM2_member";
    });
}

Result<GuestInspection> inspect_guest(TreeMaker &maker, const DiskFacts &disk, std::vector<VolumeFacts> &volumes)
{
    GuestInspection result;
    auto more = maker.more_volumes(volumes);
    if (!more)
        return fail(more.error());
    std::move(more->volumes.begin(), more->volumes.end(), std::back_inserter(volumes));
    result.problems = std::move(more->problems);

    auto const root = find_root(maker, volumes, result.problems);
    if (!root)
        return result;
    GuestFacts &guest = result.guest.emplace();
    guest.root_device = root->volume->device;
    {
        // Before anything else is mounted: the fstab that counts is the root's own.
        MountedTree alone(root->tree);
        guest.fstab = read_fstab(alone, volumes);
    }
    GuestMounts mounts = mount_guest(maker, *root, guest.fstab ? *guest.fstab : FstabFacts{}, volumes,
                                     find_efi_system_partition(disk, volumes));
    result.problems.insert(result.problems.end(), mounts.problems.begin(), mounts.problems.end());
    guest.mountpoints = mounts.points;
    guest.os = take(read_os_release(*mounts.tree), "os", guest);
    if (guest.os.id == "windows") {
        read_windows_guest(maker, mounts, volumes, guest);
        return result;
    }
    guest.architecture = take(read_architecture(*mounts.tree), "architecture", guest);
    guest.hostname = take(read_hostname(*mounts.tree), "hostname", guest);
    read_linux(mounts, volumes, guest);
    guest.customized = read_customized(maker, mounts, volumes);
    return result;
}

}  // namespace imgport
