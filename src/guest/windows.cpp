#include "guest/windows.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "guest/architecture.hpp"
#include "guest/hive.hpp"
#include "guest/os_release.hpp"
#include "guest/windows_registry.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::array<std::string_view, 7> wanted_drivers{"balloon.sys", "netkvm.sys", "pvpanic.sys", "stornvme.sys",
                                                         "vioscsi.sys", "vioser.sys", "viostor.sys"};

Known<std::vector<WindowsDriverFile>> read_driver_files(FileTree &tree)
{
    GuestFiles files(tree);
    std::vector<WindowsDriverFile> found;
    auto const folder = find_windows_path(files, "/", {"windows", "system32", "drivers"});
    for (auto const &entry : folder ? files.list(*folder) : std::vector<DirectoryEntry>()) {
        std::string const name = to_lower(entry.name);
        if (std::find(wanted_drivers.begin(), wanted_drivers.end(), name) == wanted_drivers.end())
            continue;
        std::string const path = *folder + "/" + entry.name;
        auto const status = files.stat_flags(path);
        found.push_back({name, path, status ? status->read_only : std::nullopt});
    }
    return files.answer(std::move(found));
}

// The file keeps its signature while it holds a system that would go on from there; a resume overwrites it.
Known<WindowsHibernation> read_hibernation(FileTree &tree, SystemHive &system)
{
    GuestFiles files(tree);
    WindowsHibernation facts;
    if (auto const path = find_windows_path(files, "/", {"hiberfil.sys"})) {
        facts.file = *path;
        auto const status = files.stat(*path);
        if (status && status->size >= 4) {
            auto const head = read_head(files, *path, 4);
            if (!all_zero(head))
                facts.signature = printable(text_of(head), 32);
            facts.hibernated = to_lower(text_of(head)) == "hibr";
        }
    }
    facts.fast_startup = system.number("Control\\Session Manager\\Power", "HiberbootEnabled").value_or(0) != 0;
    if (system.hive.failed())
        return Unknown{system.hive.reason()};
    return files.answer(std::move(facts));
}

std::string architecture_name(const std::string &word)
{
    std::string const lower = to_lower(word);
    return lower == "amd64" ? "x86_64" : lower == "x86" ? "i386" : lower == "arm64" ? "aarch64" : lower;
}

// Whatever a hive would have told is not known, for that reason.
void miss_system(WindowsFacts &windows, const Unknown &reason)
{
    windows.product_type = reason;
    windows.services = reason;
    windows.device_bindings = reason;
    windows.remote_desktop = reason;
    windows.firewall = reason;
    windows.interfaces = reason;
    windows.hibernation = reason;
    windows.real_time_is_universal = reason;
    windows.time_zone = reason;
    windows.paging_files = reason;
}

void read_system(FileTree &tree, SystemHive &system, Result<Hive> &software, GuestFacts &guest)
{
    WindowsFacts &windows = *guest.windows;
    windows.product_type = answer(system.hive, system.text("Control\\ProductOptions", "ProductType"));
    windows.services = read_windows_services(system);
    windows.device_bindings = read_device_bindings(system);
    windows.interfaces = read_windows_interfaces(system);
    windows.paging_files = read_paging_files(system);
    windows.hibernation = read_hibernation(tree, system);
    std::string const clock = "Control\\TimeZoneInformation";
    windows.real_time_is_universal = answer(system.hive, system.number(clock, "RealTimeIsUniversal").value_or(0) != 0);
    windows.time_zone = answer(system.hive, system.text(clock, "TimeZoneKeyName"));
    if (software) {
        windows.remote_desktop = read_remote_desktop(system, *software);
        windows.firewall =
            read_windows_firewall(system, *software, windows.remote_desktop ? windows.remote_desktop->port : 3389);
    } else {
        Unknown const reason{describe(software.error())};
        windows.remote_desktop = reason;
        windows.firewall = reason;
    }
    guest.architecture =
        architecture_name(system.text("Control\\Session Manager\\Environment", "PROCESSOR_ARCHITECTURE"));
    guest.hostname = system.text("Control\\ComputerName\\ComputerName", "ComputerName");
    if (system.hive.failed()) {
        guest.gaps["architecture"] = system.hive.reason();
        guest.gaps["hostname"] = system.hive.reason();
    }
}

// For the rules that ask this of every system.
void tell_agent(GuestFacts &guest)
{
    auto const &services = guest.windows->services;
    if (!services) {
        guest.qemu_guest_agent = Unknown{services.reason()};
        return;
    }
    std::vector<std::string> traces;
    for (auto const &service : *services) {
        if (to_lower(service.name).starts_with("qemu"))
            traces.push_back(service.image_path.empty() ? service.name : service.image_path);
    }
    guest.qemu_guest_agent = std::move(traces);
}

void tell_os(GuestFacts &guest, const std::string &source)
{
    auto const &version = guest.windows->version;
    if (!version) {
        guest.gaps["os"] = version.reason();
        return;
    }
    guest.os.version = version->version;
    if (!version->product.empty())
        guest.os.name = version->product;
    guest.os.source = source;
}

}  // namespace

std::optional<std::string> find_windows_path(GuestFiles &files, std::string directory,
                                             const std::vector<std::string_view> &parts)
{
    for (auto const part : parts) {
        auto next = find_ignoring_case(files, directory, part);
        if (!next)
            return std::nullopt;
        directory = std::move(*next);
    }
    return directory;
}

void read_windows(FileTree &tree, GuestFacts &guest)
{
    WindowsFacts &windows = guest.windows.emplace();
    auto const open = [&](std::string_view name) -> Result<Hive> {
        GuestFiles files(tree);
        auto const path = find_windows_path(files, "/", {"windows", "system32", "config", name});
        if (files.failed())
            return fail(ErrorCode::unreadable, files.reason());
        if (!path)
            return fail(ErrorCode::malformed,
                        fmt::format("/Windows/System32/config/{}: there is no such registry hive", name));
        auto hive = Hive::open(tree, *path);
        if (hive && hive->is_dirty())
            windows.dirty_hives.push_back(*path);
        return hive;
    };

    auto software = open("SOFTWARE");
    if (software) {
        windows.version = read_windows_version(*software);
        windows.image_state = read_image_state(*software);
    } else {
        windows.version = Unknown{describe(software.error())};
        windows.image_state = Unknown{describe(software.error())};
    }
    tell_os(guest, software ? software->path() : std::string());

    auto hive = open("SYSTEM");
    auto system = hive ? choose_control_set(std::move(*hive)) : fail(hive.error());
    if (system) {
        read_system(tree, *system, software, guest);
    } else {
        Unknown const reason{describe(system.error())};
        miss_system(windows, reason);
        guest.gaps["architecture"] = reason.reason;
        guest.gaps["hostname"] = reason.reason;
    }
    tell_agent(guest);

    auto sam = open("SAM");
    windows.administrator_disabled =
        sam ? read_administrator_disabled(*sam) : Known<bool>(Unknown{describe(sam.error())});
    windows.driver_files = read_driver_files(tree);
}

}  // namespace imgport
