// GRUB 2's grub.cfg.
#include <algorithm>

#include <fmt/format.h>

#include "guest/device_spec.hpp"
#include "guest/grub_interpreter.hpp"
#include "guest/loader_config.hpp"
#include "guest/root_layouts.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// GRUB's names of devices: "UUID=..." as search() left it, "hd0,msdos1", "hd0,gpt2", "lvm/VG-LV".
const VolumeFacts *volume_of_device(std::string_view device, const std::vector<VolumeFacts> &volumes)
{
    if (device.starts_with("UUID=") || device.starts_with("LABEL="))
        return resolve_device(device, volumes);
    if (device.starts_with("lvm/"))
        return resolve_device("/dev/mapper/" + std::string(device.substr(4)), volumes);
    if (!device.starts_with("hd0"))
        return nullptr;
    std::string_view const partition = device.substr(std::min(device.rfind(',') + 1, device.size()));
    if (device.find(',') == std::string_view::npos)
        return volume_of_partition(0, volumes);
    auto const number =
        parse_number(partition.substr(std::min(partition.find_first_of("0123456789"), partition.size())));
    return number && *number <= 1024 ? volume_of_partition(static_cast<std::uint32_t>(*number), volumes) : nullptr;
}

// Takes "(device)" off the front of a path.
std::string take_device(std::string &path)
{
    if (!path.starts_with('('))
        return {};
    auto const end = path.find(')');
    if (end == std::string::npos)
        return {};
    std::string device = path.substr(1, end - 1);
    path.erase(0, end + 1);
    return device;
}

// The entries of the menu and its submenus in order.
void collect_entries(const std::vector<GrubMenuNode> &menu, std::vector<const GrubMenuNode *> &entries)
{
    for (auto const &node : menu) {
        if (node.is_submenu)
            collect_entries(node.children, entries);
        else
            entries.push_back(&node);
    }
}

// The node that the variable "default" means: a number, an id or a title; "A>B" goes into submenus. Where nothing
// matches, GRUB takes the first.
const GrubMenuNode *find_default(const std::vector<GrubMenuNode> &menu, std::string_view wanted)
{
    if (menu.empty())
        return nullptr;
    // Titles may hold a '>' themselves, so the whole text is tried first.
    auto const named = [&](std::string_view name) -> const GrubMenuNode * {
        auto const found = std::find_if(
            menu.begin(), menu.end(), [&](const GrubMenuNode &node) { return node.id == name || node.title == name; });
        return found == menu.end() ? nullptr : &*found;
    };
    std::string_view rest;
    const GrubMenuNode *node = wanted.empty() ? nullptr : named(wanted);
    if (node == nullptr) {
        auto const arrow = wanted.find('>');
        std::string_view const head = wanted.substr(0, arrow);
        rest = arrow == std::string_view::npos ? std::string_view() : wanted.substr(arrow + 1);
        auto const number = parse_number(head);
        if (number && *number < menu.size())
            node = &menu[*number];
        else
            node = named(head);
        if (node == nullptr)
            return find_default(menu, "0");
    }
    return node->is_submenu ? find_default(node->children, rest) : node;
}

}  // namespace

LoaderConfig read_grub2(GuestFiles &files, const std::string &path, const std::string &bls_folder,
                        const std::vector<VolumeFacts> &volumes)
{
    LoaderConfig config{"grub2", path, {}, {}};
    auto const text = files.text(path);
    if (!text)
        return config;
    auto const script = parse_grub_script(*text);
    if (!script) {
        files.fail(path, script.error().message);
        return config;
    }
    GrubInterpreter interpreter(files, path, bls_folder);
    if (auto const *usr = container_linux_usr(volumes))
        interpreter.set_next_usr(usr->partition_uuid);
    std::vector<GrubMenuNode> menu;
    interpreter.run(*script, &menu);

    std::vector<const GrubMenuNode *> nodes;
    collect_entries(menu, nodes);
    const GrubMenuNode *const wanted = find_default(menu, interpreter.variable("default"));
    for (auto const *node : nodes) {
        auto started = interpreter.run_entry(*node);
        if (started.hands_on && node == wanted)
            files.fail(path, fmt::format("its default entry, {}, goes on in another configuration, which is not read",
                                         printable(node->title, 100)));
        if (started.entry.kernel.empty())
            continue;  // another system's boot loader, the firmware's set-up
        LoaderEntry entry{std::move(started.entry)};
        std::string device = take_device(entry.entry.kernel);
        take_device(entry.entry.initramfs);
        if (device.empty())
            device = started.device;
        if (auto const *volume = volume_of_device(device, volumes))
            entry.volume = volume->device;
        if (node == wanted)
            config.default_entry = config.entries.size();
        config.entries.push_back(std::move(entry));
    }
    return config;
}

std::vector<std::string> grub2_searches(GuestFiles &files, const std::string &path)
{
    auto const text = files.text(path);
    auto const script = parse_grub_script(text ? *text : std::string());
    if (!script) {
        files.fail(path, script.error().message);
        return {};
    }
    GrubInterpreter interpreter(files, path, "");
    interpreter.run(*script, nullptr);
    return interpreter.hands_on() ? interpreter.searches() : std::vector<std::string>();
}

}  // namespace imgport
