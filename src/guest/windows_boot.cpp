// Windows' boot configuration data: a registry hive on the active partition or on the EFI system partition.
#include <algorithm>

#include <fmt/format.h>

#include "guest/hive.hpp"
#include "guest/windows.hpp"
#include "guest/windows_registry.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Microsoft, "Boot Configuration Data": the boot manager's object, the element that names its default, the element
// with an application's path, and the type of objects that load Windows.
constexpr std::string_view boot_manager = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
constexpr std::string_view default_object = "23000003";
constexpr std::string_view application_path = "12000002";
constexpr std::uint32_t windows_loader = 0x10200003;
constexpr std::size_t most_entries = 100;

std::string element(Hive &hive, Hive::Key object, std::string_view number)
{
    auto const key = hive.key_below(object, "Elements\\" + std::string(number));
    auto const value = key ? hive.value(*key, "Element") : std::nullopt;
    return value ? value->text().value_or("") : "";
}

void read_store(Hive &hive, const std::string &name, bool on_esp, WindowsBoot &facts)
{
    auto const objects = hive.key("Objects");
    if (!objects)
        return;
    std::string chosen;
    for (auto const &object : hive.children(*objects)) {
        if (to_lower(object.name) == boot_manager)
            chosen = to_lower(element(hive, object.key, default_object));
    }
    for (auto const &object : hive.children(*objects)) {
        auto const description = hive.key_below(object.key, "Description");
        auto const type = description ? hive.value(*description, "Type") : std::nullopt;
        if (!type || type->number() != windows_loader || facts.entries.size() >= most_entries)
            continue;
        facts.entries.push_back(
            {name, element(hive, object.key, application_path), to_lower(object.name) == chosen, on_esp});
    }
}

}  // namespace

Known<WindowsBoot> read_windows_boot(const std::vector<WindowsVolume> &volumes)
{
    WindowsBoot facts;
    std::string failure;
    auto const remember = [&](std::string reason) {
        if (failure.empty())
            failure = std::move(reason);
    };
    bool damaged = false;
    for (auto const &volume : volumes) {
        if (volume.tree == nullptr) {
            remember(volume.failure);
            continue;
        }
        GuestFiles files(*volume.tree);
        facts.ntldr |= find_windows_path(files, "/", {"ntldr"}).has_value();
        for (bool const on_esp : {false, true}) {
            auto const path = on_esp ? find_windows_path(files, "/", {"EFI", "Microsoft", "Boot", "BCD"})
                                     : find_windows_path(files, "/", {"Boot", "BCD"});
            if (!path)
                continue;
            std::string const name = fmt::format("{} on {}", *path, volume.device);
            auto hive = Hive::open(*volume.tree, *path);
            if (!hive) {
                damaged = true;
                remember(fmt::format("{}: {}", volume.device, describe(hive.error())));
                continue;
            }
            facts.stores.push_back(name);
            read_store(*hive, name, on_esp, facts);
            if (hive->failed()) {
                damaged = true;
                remember(fmt::format("{}: {}", volume.device, hive->reason()));
            }
        }
        if (files.failed())
            remember(fmt::format("{}: {}", volume.device, files.reason()));
    }
    // What could not be opened matters only where the boot files were not found elsewhere.
    if (damaged || (!failure.empty() && facts.entries.empty()))
        return Unknown{failure};
    return facts;
}

}  // namespace imgport
