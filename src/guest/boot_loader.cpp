#include "guest/boot_loader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "guest/loader_config.hpp"
#include "guest/os_release.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned max_efi_depth = 5;
constexpr std::size_t max_efi_files = 1000;

void list_efi_files(GuestFiles &files, const std::string &folder, unsigned depth, std::vector<std::string> &found)
{
    for (auto const &entry : files.list(folder.empty() ? "/" : folder)) {
        std::string const path = folder + "/" + entry.name;
        if (entry.kind == FileKind::directory && depth < max_efi_depth)
            list_efi_files(files, path, depth + 1, found);
        else if (entry.kind == FileKind::regular && to_lower(entry.name).ends_with(".efi") &&
                 found.size() < max_efi_files)
            found.push_back(path);
    }
}

// EFI/*/grub.cfg below `base`, whatever the case of "EFI".
std::vector<std::string> efi_grub_configs(GuestFiles &files, const std::string &base)
{
    std::vector<std::string> paths;
    auto const efi = find_ignoring_case(files, base.empty() ? "/" : base, "EFI");
    for (auto const &entry : efi ? files.list(*efi) : std::vector<DirectoryEntry>()) {
        std::string const path = *efi + "/" + entry.name + "/grub.cfg";
        if (entry.kind == FileKind::directory && files.exists(path))
            paths.push_back(path);
    }
    return paths;
}

// The first of the configurations with entries; else the first one there is.
template <class Read>
LoaderConfig first_with_entries(GuestFiles &files, const std::vector<std::string> &paths, Read read)
{
    LoaderConfig best;
    for (auto const &path : paths) {
        if (!files.exists(path) || files.is_directory(path))
            continue;
        LoaderConfig config = read(path);
        if (!config.entries.empty())
            return config;
        if (best.kind.empty())
            best = std::move(config);
    }
    return best;
}

LoaderConfig find_config(GuestFiles &files, const BootInput &input)
{
    // The last two: Container Linux and Flatcar, on their EFI system partition.
    std::vector<std::string> grub2{"/boot/grub2/grub.cfg", "/boot/grub/grub.cfg", "/boot/coreos/grub/grub.cfg",
                                   "/boot/flatcar/grub/grub.cfg"};
    if (!input.esp_target.empty()) {
        for (auto &path : efi_grub_configs(files, input.esp_target))
            grub2.push_back(std::move(path));
    }
    LoaderConfig const grub = first_with_entries(files, grub2, [&](const std::string &path) {
        return read_grub2(files, path, "/boot/loader/entries", input.volumes);
    });
    if (!grub.entries.empty())
        return grub;
    LoaderConfig const legacy =
        first_with_entries(files, {"/boot/grub/grub.conf", "/boot/grub/menu.lst"},
                           [&](const std::string &path) { return read_grub_legacy(files, path, input.volumes); });
    if (!legacy.entries.empty())
        return legacy;
    LoaderConfig const extlinux = first_with_entries(
        files,
        {"/boot/extlinux/extlinux.conf", "/boot/extlinux.conf", "/extlinux/extlinux.conf", "/extlinux.conf",
         "/boot/syslinux/extlinux.conf", "/boot/syslinux/syslinux.cfg", "/syslinux/syslinux.cfg"},
        [&](const std::string &path) { return read_extlinux(files, path); });
    if (!extlinux.entries.empty())
        return extlinux;
    for (auto const &folder : {input.esp_target, std::string("/boot"), std::string("/efi")}) {
        LoaderConfig config;
        if (!folder.empty() && files.is_directory(folder + "/loader/entries"))
            config = read_systemd_boot(files, folder);
        if (!config.entries.empty())
            return config;
    }
    return !grub.kind.empty() ? grub : !legacy.kind.empty() ? legacy : extlinux;
}

// The mount that a path of the guest lies on.
const MountPoint *mount_of(const std::vector<MountPoint> &mounts, std::string_view path)
{
    const MountPoint *best = nullptr;
    for (auto const &mount : mounts) {
        bool const holds =
            mount.target == "/" ||
            (path.starts_with(mount.target) && path.size() > mount.target.size() && path[mount.target.size()] == '/');
        if (holds && (best == nullptr || mount.target.size() > best->target.size()))
            best = &mount;
    }
    return best;
}

// EFI stubs hand on to the real configuration by looking for its volume: without it, firmware ends at a prompt.
void add_stub_searches(GuestFiles &esp, BootLoaderFacts &facts)
{
    for (auto const &path : efi_grub_configs(esp, "")) {
        for (auto const &target : grub2_searches(esp, path)) {
            for (auto &entry : facts.entries) {
                if (std::find(entry.searches.begin(), entry.searches.end(), target) == entry.searches.end())
                    entry.searches.push_back(target);
            }
        }
    }
}

}  // namespace

const VolumeFacts *find_efi_system_partition(const DiskFacts &disk, const std::vector<VolumeFacts> &volumes)
{
    for (auto const &partition : disk.partitions) {
        if (to_upper(partition.type) != "C12A7328-F81F-11D2-BA4B-00A0C93EC93B" && to_lower(partition.type) != "ef")
            continue;
        for (auto const &volume : volumes) {
            if (volume.kind == "partition" && volume.partition == partition.number && volume.filesystem.type == "vfat")
                return &volume;
        }
    }
    return nullptr;
}

std::string guest_path(GuestFiles &files, const std::vector<MountPoint> &mounts, const std::string &volume,
                       const std::string &config, const std::string &path)
{
    if (path.empty())
        return {};
    std::vector<std::string> candidates;
    auto const add_mounts_of = [&](const std::string &device) {
        for (auto const &mount : mounts) {
            if (mount.device != device)
                continue;
            std::string const prefix = mount.subvolume ? "/" + *mount.subvolume + "/" : "";
            if (!prefix.empty() && path.starts_with(prefix))
                candidates.push_back(normal_path(mount.target + "/" + path.substr(prefix.size())));
            candidates.push_back(normal_path(mount.target + "/" + path));
        }
    };
    if (!volume.empty())
        add_mounts_of(volume);
    if (candidates.empty()) {
        for (std::string const &near : {config, std::string("/boot/x"), std::string("/x")}) {
            if (auto const *mount = mount_of(mounts, near))
                add_mounts_of(mount->device);
        }
    }
    if (candidates.empty())
        candidates.push_back(normal_path(path));
    auto const found = std::find_if(candidates.begin(), candidates.end(), [&](auto &c) { return files.exists(c); });
    return found != candidates.end() ? *found : candidates.front();
}

Known<BootLoaderFacts> read_boot_loader(const BootInput &input)
{
    GuestFiles files(input.tree);
    if (!input.esp_failure.empty())
        files.fail_as(input.esp_failure);
    LoaderConfig const config = find_config(files, input);
    BootLoaderFacts facts;
    facts.kind = config.kind;
    facts.config = config.config;
    for (auto const &loader_entry : config.entries) {
        BootEntry entry = loader_entry.entry;
        entry.kernel = guest_path(files, input.mounts, loader_entry.volume, entry.where.file, entry.kernel);
        entry.initramfs = guest_path(files, input.mounts, loader_entry.volume, entry.where.file, entry.initramfs);
        facts.entries.push_back(std::move(entry));
    }
    if (config.default_entry)
        facts.default_entry = static_cast<std::uint32_t>(*config.default_entry);
    if (input.esp != nullptr) {
        facts.efi_system_partition = true;
        GuestFiles esp(*input.esp);
        list_efi_files(esp, "", 0, facts.efi_files);
        if (facts.kind == "grub2")
            add_stub_searches(esp, facts);
        if (esp.failed())
            files.fail_as("EFI system partition: " + esp.reason());
    }
    return files.answer(std::move(facts));
}

}  // namespace imgport
