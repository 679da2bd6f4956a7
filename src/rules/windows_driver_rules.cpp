// The drivers and services of a Windows guest that matter on the cloud's hardware.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "rules/windows.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint32_t starts_at_boot = 0;
constexpr std::uint32_t starts_on_demand = 3;

constexpr std::array<std::string_view, 6> virtio_files{"balloon.sys", "netkvm.sys", "pvpanic.sys",
                                                       "vioscsi.sys", "vioser.sys", "viostor.sys"};

bool is_virtio_file(const WindowsDriverFile &file)
{
    return std::find(virtio_files.begin(), virtio_files.end(), file.name) != virtio_files.end();
}

const WindowsDriverFile *find_file(const std::vector<WindowsDriverFile> &files, std::string_view name)
{
    auto const found = std::find_if(files.begin(), files.end(), [&](auto const &file) { return file.name == name; });
    return found == files.end() ? nullptr : &*found;
}

// VIO: Windows Server 2008 to 2019 and the semi-annual channel, whose last build is 19042.
bool cloud_adds_virtio(const WindowsFacts &windows)
{
    constexpr std::uint32_t first = 6001;  // Windows Server 2008
    constexpr std::uint32_t last = 19042;
    return windows.version && is_windows_server(windows).value_or(false) && windows.version->build >= first &&
           windows.version->build <= last;
}

// What is missing for Windows to start from a virtio disk and to have a network.
std::vector<Evidence> missing_virtio(const WindowsFacts &windows)
{
    std::vector<Evidence> missing;
    for (const char *name : {"viostor", "netkvm"}) {
        std::string const file = std::string(name) + ".sys";
        if (find_file(*windows.driver_files, file) == nullptr)
            missing.push_back(seen("Windows/System32/drivers/" + file, "missing"));
        bool const disk = std::string_view(name) == "viostor";
        const WindowsService *service = find_service(*windows.services, name);
        if (service == nullptr)
            missing.push_back(seen(fmt::format("Services\\{}", name), "missing"));
        else if (effective_start(*service) > (disk ? starts_at_boot : starts_on_demand))
            missing.push_back(
                seen(fmt::format("Services\\{}", service->name), fmt::format("Start {}", effective_start(*service))));
    }
    if (windows.device_bindings->empty())
        missing.push_back(seen("DriverDatabase", "no driver for PCI\\VEN_1AF4&DEV_1001 or DEV_1042"));
    return missing;
}

Outcome win_virtio(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &windows = *context.guest->windows;
    if (!is_windows_server(windows).value_or(true))
        return not_applicable("a client edition is not imported: see win-version");
    if (!windows.driver_files)
        return unknown(windows.driver_files.reason());
    std::vector<Evidence> read_only;
    std::vector<std::string> open;
    std::vector<std::string> own;
    for (auto const &file : *windows.driver_files) {
        if (!is_virtio_file(file))
            continue;
        own.push_back(file.name);
        if (file.read_only.value_or(false))
            read_only.push_back(seen(file.path, "read-only"));
        else if (!file.read_only)
            open.push_back(file.path);
    }
    if (!read_only.empty())
        return violated(fmt::format("{} is read-only: the import cannot put the cloud's own virtio drivers over the "
                                    "community's",
                                    read_only.front().file),
                        read_only);
    if (!open.empty())
        return unknown(fmt::format("whether {} is read-only could not be read", join(open, ", ")));
    std::string const title = windows.version ? windows_title(*windows.version) : "Windows";
    std::string const community =
        own.empty() ? std::string() : fmt::format("; the image's own may be overwritten: {}", join(own, ", "));
    if (cloud_adds_virtio(windows))
        return passed(fmt::format("the cloud adds its virtio drivers to {} at the import{}", title, community));
    if (!windows.services)
        return unknown(windows.services.reason());
    if (!windows.device_bindings)
        return unknown(windows.device_bindings.reason());
    auto const missing = missing_virtio(windows);
    if (missing.empty())
        return passed(fmt::format("viostor starts at boot and netkvm is installed{}", community));
    if (!windows.version)
        return unknown(windows.version.reason());
    return violated(fmt::format("{}: {}; the cloud does not add virtio drivers to {}, so it finds no disk or no "
                                "network",
                                missing.front().file, missing.front().value, title),
                    missing);
}

Outcome win_nvme(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &services = context.guest->windows->services;
    if (!services)
        return unknown(services.reason());
    const WindowsService *service = find_service(*services, "stornvme");
    if (service == nullptr)
        return violated("Windows has no driver stornvme: instance types with NVMe disks cannot be used",
                        {seen("Services\\stornvme", "missing")});
    std::string const start = service->start_override ? fmt::format("StartOverride\\0 = {}", *service->start_override)
                                                      : fmt::format("Start = {}", effective_start(*service));
    if (effective_start(*service) != starts_at_boot)
        return violated(fmt::format("the driver stornvme does not start at boot ({}): the system disk of instance "
                                    "types with NVMe disks is not found",
                                    start),
                        {seen("Services\\stornvme", start)});
    return passed("the driver stornvme starts at boot");
}

// Services that start by themselves or when something asks.
std::vector<Evidence> living_services(const std::vector<WindowsService> &services, auto is_one)
{
    std::vector<Evidence> found;
    for (auto const &service : services) {
        if (is_one(to_lower(service.name)) && effective_start(service) <= starts_on_demand)
            found.push_back(seen("Services\\" + service.name, service.image_path.empty()
                                                                  ? fmt::format("Start {}", effective_start(service))
                                                                  : service.image_path));
    }
    return found;
}

Outcome win_qemu_ga(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &services = context.guest->windows->services;
    if (!services)
        return unknown(services.reason());
    auto found = living_services(*services, [](const std::string &name) { return name.starts_with("qemu"); });
    if (found.empty())
        return passed("no QEMU guest agent starts");
    return violated("the QEMU guest agent is installed: some services of the cloud do not work beside it",
                    std::move(found));
}

Outcome win_vmtools(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &services = context.guest->windows->services;
    if (!services)
        return unknown(services.reason());
    // Hyper-V's vmic* services are part of every Windows and sleep elsewhere.
    constexpr std::array<std::string_view, 9> tools{"vmtools", "vmmemctl", "vmhgfs",     "vboxservice", "vboxguest",
                                                    "xensvc",  "xenagent", "xenservice", "prl_tools"};
    auto found = living_services(
        *services, [&](const std::string &name) { return std::find(tools.begin(), tools.end(), name) != tools.end(); });
    if (found.empty())
        return passed("no guest tools of another hypervisor start");
    std::string const first = found.front().file;
    return violated(fmt::format("guest tools of the old hypervisor are installed: {}", first), std::move(found));
}

}  // namespace

std::vector<Rule> windows_driver_rules()
{
    std::string const group = "windows";
    return {
        {{"win-virtio",
          group,
          "Windows has virtio drivers, or the cloud can add its own",
          "Windows finds no disk (stop code 0x7B) or no network.",
          "In Windows: attrib -r C:\\Windows\\System32\\drivers\\viostor.sys (and netkvm, balloon, vioser, pvpanic); "
          "where the cloud adds none, install the virtio drivers on a machine with a virtio disk attached, so that "
          "viostor starts at boot",
          cite({"VIO", "INS"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_virtio},
        {{"win-nvme",
          group,
          "Windows reaches an NVMe disk at boot",
          "Newer instance types have NVMe disks; the image cannot be chosen for them, or does not boot there.",
          "reg add HKLM\\SYSTEM\\CurrentControlSet\\Services\\stornvme /v Start /t REG_DWORD /d 0 /f and reg delete "
          "HKLM\\SYSTEM\\CurrentControlSet\\Services\\stornvme\\StartOverride /f; Windows Server 2008 R2 needs the "
          "update KB2990941 first",
          cite({"CHK2", "NVME"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_nvme},
        {{"win-qemu-ga",
          group,
          "The QEMU guest agent is not installed in Windows",
          "Some services of the cloud stop working.",
          "Remove \"QEMU guest agent\" under Programs and Features, or sc config QEMU-GA start= disabled",
          cite({"INS", "CHK"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_qemu_ga},
        {{"win-vmtools",
          group,
          "The guest tools of the old hypervisor are gone",
          "They look for hardware that is not there; their drivers may hold on to the mouse, the clock or the network.",
          "Remove VMware Tools, VirtualBox Guest Additions or Xen tools under Programs and Features while the machine "
          "still runs on that hypervisor; then its hidden network adapters in the device manager",
          cite({"CLOUDS"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_vmtools},
    };
}

}  // namespace imgport
