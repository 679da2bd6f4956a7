#include "guest/initramfs_recipe.hpp"

#include <algorithm>
#include <map>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_drivers = 1000;

void add_driver(InitramfsRecipe &recipe, std::string_view name)
{
    if (name.ends_with(".ko"))
        name.remove_suffix(3);
    std::string driver(name);
    std::replace(driver.begin(), driver.end(), '-', '_');
    bool const known = std::find(recipe.drivers.begin(), recipe.drivers.end(), driver) != recipe.drivers.end();
    if (!known && recipe.drivers.size() < max_drivers)
        recipe.drivers.push_back(std::move(driver));
}

Setting setting(const std::string &path, const Assigned &assigned)
{
    return {assigned.value, {.file = path, .line = assigned.line, .offset = {}, .value = assigned.value}};
}

// One file of dracut.conf(5): shell assignments, and NAME+="words" that adds to what is there.
void read_dracut_file(GuestFiles &files, const std::string &path, InitramfsRecipe &recipe)
{
    auto const text = files.text(path);
    std::uint64_t number = 0;
    for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        ++number;
        line = trim(line);
        auto const equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0)
            continue;
        bool const adds = line[equals - 1] == '+';
        std::string const name(line.substr(0, equals - (adds ? 1 : 0)));
        auto const assignments = shell_assignments(name + std::string(line.substr(equals)));
        auto const found = assignments.find(name);
        if (found == assignments.end())
            continue;
        if (name == "hostonly")
            recipe.scope = setting(path, {found->second.value, number});
        if (name == "add_drivers" || name == "force_drivers") {
            for (auto const &driver : split_blanks(found->second.value))
                add_driver(recipe, driver);
        }
        // dracut's module "qemu" is these drivers, dracut.modules(7).
        if (name == "add_dracutmodules" || name == "force_add_dracutmodules") {
            for (auto const &module : split_blanks(found->second.value)) {
                if (module != "qemu")
                    continue;
                for (const char *driver : {"virtio_blk", "virtio_pci", "virtio_net", "virtio_scsi"})
                    add_driver(recipe, driver);
            }
        }
    }
}

void read_dracut(GuestFiles &files, InitramfsRecipe &recipe)
{
    recipe.scope.value = "no";  // dracut's own default
    read_dracut_file(files, "/etc/dracut.conf", recipe);
    // By name, whichever folder they lie in; one in /etc hides its namesake.
    std::map<std::string, std::string> drop_ins;
    for (const char *folder : {"/usr/lib/dracut/dracut.conf.d", "/etc/dracut.conf.d"}) {
        for (auto const &path : files.files_in(folder, ".conf"))
            drop_ins[base_name(path)] = path;
    }
    for (auto const &[name, path] : drop_ins)
        read_dracut_file(files, path, recipe);
}

// initramfs.conf(5), initramfs-tools(7).
void read_initramfs_tools(GuestFiles &files, InitramfsRecipe &recipe)
{
    recipe.scope.value = "most";
    std::vector<std::string> paths{"/etc/initramfs-tools/initramfs.conf"};
    for (const char *folder : {"/usr/share/initramfs-tools/conf.d", "/etc/initramfs-tools/conf.d"}) {
        for (auto const &path : files.files_in(folder, ""))
            paths.push_back(path);
    }
    for (auto const &path : paths) {
        if (files.is_directory(path) || path.find(".dpkg-") != std::string::npos)
            continue;
        auto const text = files.text(path);
        auto const assignments = shell_assignments(text ? std::string_view(*text) : std::string_view());
        if (auto const found = assignments.find("MODULES"); found != assignments.end())
            recipe.scope = setting(path, found->second);
    }
    std::vector<std::string> lists{"/etc/initramfs-tools/modules"};
    for (auto const &path : files.files_in("/usr/share/initramfs-tools/modules.d", ""))
        lists.push_back(path);
    for (auto const &path : lists) {
        auto const text = files.is_directory(path) ? std::nullopt : files.text(path);
        for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
            auto const words = split_blanks(line.substr(0, line.find('#')));
            if (!words.empty())
                add_driver(recipe, words.front());
        }
    }
}

std::string first_existing(GuestFiles &files, std::initializer_list<const char *> paths)
{
    for (const char *path : paths) {
        if (files.exists(path))
            return path;
    }
    return {};
}

}  // namespace

Known<InitramfsRecipe> read_initramfs_recipe(FileTree &tree)
{
    GuestFiles files(tree);
    InitramfsRecipe recipe;
    std::string const dracut = first_existing(files, {"/usr/bin/dracut", "/usr/sbin/dracut", "/sbin/dracut"});
    std::string const mkinitramfs = first_existing(files, {"/usr/sbin/mkinitramfs"});
    // Where both are there, the one that new kernels call.
    if (!mkinitramfs.empty() && (dracut.empty() || files.exists("/etc/kernel/postinst.d/initramfs-tools"))) {
        recipe.tool = "initramfs-tools";
        recipe.program = mkinitramfs;
        read_initramfs_tools(files, recipe);
    } else if (!dracut.empty()) {
        recipe.tool = "dracut";
        recipe.program = dracut;
        read_dracut(files, recipe);
    }
    return files.answer(std::move(recipe));
}

}  // namespace imgport
