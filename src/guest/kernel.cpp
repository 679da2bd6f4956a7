#include "guest/kernel.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "guest/initramfs.hpp"
#include "guest/kernel_image.hpp"
#include "guest/kernel_initramfs.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_kernels = 64;

// The better ones first: where a version has several, the first is the one that boots.
constexpr std::array<std::string_view, 6> image_prefixes{"vmlinuz-", "Image-",  "zImage-",
                                                         "bzImage-", "kernel-", "vmlinux-"};

// What a kernel's file name says; empty where it is no kernel.
std::string version_of_name(std::string_view name)
{
    for (auto const prefix : image_prefixes) {
        if (!name.starts_with(prefix))
            continue;
        std::string_view version = name.substr(prefix.size());
        for (std::string_view suffix : {".gz", ".efi", ".img"}) {
            if (version.ends_with(suffix))
                version.remove_suffix(suffix.size());
        }
        // SUSE's "vmlinux-6.4.0-default.gz" and "vmlinuz-6.4.0-default.hmac" lie beside the real one.
        if (version.ends_with(".hmac") || version.ends_with(".sig") || version.ends_with(".old") || version.empty())
            return {};
        return std::string(version);
    }
    return {};
}

std::size_t rank_of(std::string_view path)
{
    std::string const name = base_name(path);
    for (std::size_t i = 0; i < image_prefixes.size(); ++i) {
        if (name.starts_with(image_prefixes[i]))
            return i;
    }
    return image_prefixes.size();
}

// The initramfs that belongs to a kernel by the names that Debian, Red Hat, SUSE, Arch, Alpine and Gentoo give.
std::string find_initramfs(GuestFiles &files, const std::string &directory, const std::string &version)
{
    for (auto const &pattern : {"initrd.img-{}", "initramfs-{}.img", "initrd-{}", "initrd-{}.img", "initramfs-{}",
                                "initramfs-{}-fallback.img", "initramfs-genkernel-x86_64-{}"}) {
        std::string path = directory + "/" + fmt::format(fmt::runtime(pattern), version);
        auto const status = files.stat(path);
        if (status && status->kind == FileKind::regular)
            return path;
    }
    return {};
}

std::uint64_t size_of(GuestFiles &files, const std::string &path)
{
    auto const status = path.empty() ? std::nullopt : files.stat(path);
    return status ? status->size : 0;
}

// Names out of a list of module paths, one a line, up to a ':'.
Known<std::vector<std::string>> module_list(FileTree &tree, const std::string &path)
{
    GuestFiles files(tree);
    auto const text = files.text(path, guest_text_limit);
    if (!text)
        return Unknown{files.failed() ? files.reason() : path + ": no such file"};
    std::set<std::string> names;
    for (auto const line : lines_of(*text)) {
        std::string name = module_name(trim(line.substr(0, line.find(':'))));
        if (!name.empty())
            names.insert(std::move(name));
    }
    return std::vector<std::string>(names.begin(), names.end());
}

bool is_wanted(std::string_view option)
{
    for (std::string_view part : {"VIRTIO", "NVME", "XEN", "HYPERV", "ENA_ETHERNET", "EXT4_FS", "XFS_FS", "BTRFS_FS",
                                  "VFAT_FS", "UDF_FS", "DEVTMPFS"}) {
        if (option.find(part) != std::string_view::npos)
            return true;
    }
    return false;
}

// Lines "CONFIG_X=y" and "# CONFIG_X is not set" (Documentation/kbuild).
Known<std::map<std::string, std::string>> read_config(FileTree &tree, const std::string &version)
{
    GuestFiles files(tree);
    std::optional<std::string> text;
    for (auto const &path : {"/boot/config-" + version, "/lib/modules/" + version + "/config"}) {
        if (!text)
            text = files.text(path);
    }
    if (!text)
        return Unknown{files.failed() ? files.reason() : "/boot/config-" + version + ": no such file"};
    std::map<std::string, std::string> options;
    for (auto line : lines_of(*text)) {
        if (line.starts_with("# CONFIG_") && line.ends_with(" is not set")) {
            line = line.substr(2, line.size() - 2 - std::string_view(" is not set").size());
            if (is_wanted(line))
                options[std::string(line)] = "n";
        } else if (line.starts_with("CONFIG_") && is_wanted(line.substr(0, line.find('=')))) {
            std::string_view const value = line.substr(std::min(line.find('=') + 1, line.size()));
            if (value == "y" || value == "m")
                options[std::string(line.substr(0, line.find('=')))] = value;
        }
    }
    return options;
}

}  // namespace

KernelFacts kernel_of_image(GuestFiles &files, const std::string &image)
{
    KernelFacts kernel;
    auto const status = files.stat(image);
    if (!status || status->kind != FileKind::regular)
        return kernel;
    std::string const real = files.resolve(image).value_or(image);
    kernel.image = real;
    kernel.image_size = status->size;
    kernel.version = version_of_name(base_name(real));
    auto const header = read_kernel_image(files, real);
    kernel.architecture = header.architecture;
    // Names such as "vmlinuz-linux" say less than the header does.
    if (!header.version.empty() && !files.is_directory("/lib/modules/" + kernel.version))
        kernel.version = header.version;
    return kernel;
}

Known<std::vector<KernelFacts>> read_kernels(FileTree &tree)
{
    GuestFiles files(tree);
    std::map<std::string, KernelFacts> kernels;
    std::size_t images = 0;
    for (auto const &entry : files.list("/boot")) {
        std::string const name_version = version_of_name(entry.name);
        if (name_version.empty() || ++images > max_kernels)
            continue;
        KernelFacts kernel = kernel_of_image(files, "/boot/" + entry.name);
        if (kernel.image.empty() || kernel.version.empty())
            continue;
        kernel.initramfs = find_initramfs(files, "/boot", name_version);
        auto const [known, added] = kernels.try_emplace(kernel.version, kernel);
        if (!added && rank_of(kernel.image) < rank_of(known->second.image))
            known->second = std::move(kernel);
    }
    for (auto const &entry : files.list("/lib/modules")) {
        std::string const folder = "/lib/modules/" + entry.name;
        if (!files.exists(folder + "/modules.dep") && !files.exists(folder + "/modules.builtin"))
            continue;
        KernelFacts &kernel = kernels[entry.name];
        kernel.version = entry.name;
        if (kernel.initramfs.empty())
            kernel.initramfs = find_initramfs(files, "/boot", entry.name);
    }
    if (kernels.size() > max_kernels || images > max_kernels)
        files.fail("/boot", fmt::format("more than {} kernels", max_kernels));
    std::vector<KernelFacts> all;
    for (auto &[version, kernel] : kernels) {
        if (all.size() == max_kernels)
            break;
        kernel.initramfs_size = size_of(files, kernel.initramfs);
        read_kernel_modules(tree, kernel);
        all.push_back(std::move(kernel));
    }
    return files.answer(std::move(all));
}

void read_kernel_modules(FileTree &tree, KernelFacts &kernel)
{
    std::string const folder = "/lib/modules/" + kernel.version;
    kernel.builtin = module_list(tree, folder + "/modules.builtin");
    kernel.installed = module_list(tree, folder + "/modules.dep");
    kernel.config = read_config(tree, kernel.version);
    GuestFiles files(tree);
    bool const there = files.is_directory(folder);
    kernel.module_folder = files.failed() ? std::nullopt : std::optional(there);
}

namespace {

void take_initramfs(KernelFacts &kernel, InitramfsFacts facts)
{
    kernel.initramfs_udev_rules = std::move(facts.udev_rules);
    kernel.initramfs_versions = std::move(facts.versions);
    kernel.initramfs_programs = std::move(facts.programs);
    if (!facts.nested_image.empty())
        kernel.modules = Unknown{fmt::format("{}: its modules lie in {}, a filesystem image inside it",
                                             kernel.initramfs, facts.nested_image)};
    else
        kernel.modules = std::move(facts.modules);
}

// What is linked into the kernel counts where it starts something or brings modules: the one that every kernel has does
// neither.
void read_own_initramfs(FileTree &tree, KernelFacts &kernel)
{
    kernel.modules = Unknown{"kernel " + kernel.version + " has no initramfs"};
    if (kernel.image.empty() || kernel.image_size == 0)
        return;
    auto found = read_kernel_own_initramfs(tree, kernel.image, kernel.version);
    if (!found) {
        kernel.initramfs = kernel.image;
        kernel.initramfs_size = kernel.image_size;
        kernel.modules =
            Unknown{fmt::format("the initramfs inside the kernel cannot be read ({})", describe(found.error()))};
    } else if (*found && ((*found)->has_init || !(*found)->modules.empty() || !(*found)->nested_image.empty())) {
        kernel.initramfs = kernel.image;
        kernel.initramfs_size = kernel.image_size;
        take_initramfs(kernel, std::move(**found));
    }
}

}  // namespace

void read_kernel_initramfs(FileTree &tree, KernelFacts &kernel)
{
    if (kernel.initramfs.empty()) {
        read_own_initramfs(tree, kernel);
        return;
    }
    auto const stream = tree.open(kernel.initramfs);
    auto facts =
        stream ? read_initramfs(**stream, kernel.version) : Result<InitramfsFacts>(tl::unexpect, stream.error());
    if (!facts) {
        Error error = facts.error();
        error.file = kernel.initramfs;
        kernel.modules = Unknown{describe(error)};
        return;
    }
    take_initramfs(kernel, std::move(*facts));
}

}  // namespace imgport
