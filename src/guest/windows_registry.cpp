#include "guest/windows_registry.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "support/bytes.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// What rules ask for, in lower case: drivers of virtual machines, agents, and the services that let people in.
constexpr std::array<std::string_view, 26> wanted_services{
    "viostor",     "vioscsi",       "netkvm",         "balloon",       "vioser",           "pvpanic",  "stornvme",
    "termservice", "mpssvc",        "sharedaccess",   "qemu-ga",       "qemu guest agent", "vmtools",  "vmmemctl",
    "vmhgfs",      "vmmouse",       "vboxservice",    "vboxguest",     "xensvc",           "xenagent", "xenservice",
    "prl_tools",   "vmicheartbeat", "cloudbase-init", "aliyunservice", "aliyun assist"};

// The disks of virtio: the transitional device and the modern one.
constexpr std::array<std::string_view, 2> virtio_disks{"ven_1af4&dev_1001", "ven_1af4&dev_1042"};
constexpr std::size_t most_bindings = 100;

bool names_virtio_disk(std::string_view lower_case)
{
    return std::any_of(virtio_disks.begin(), virtio_disks.end(),
                       [&](auto id) { return lower_case.find(id) != std::string_view::npos; });
}

constexpr std::string_view current_version = "Microsoft\\Windows NT\\CurrentVersion";

}  // namespace

std::string hive_text(Hive &hive, std::string_view path, std::string_view value)
{
    auto const key = hive.key(path);
    auto const found = key ? hive.value(*key, value) : std::nullopt;
    return found ? found->text().value_or("") : "";
}

std::optional<std::uint32_t> hive_number(Hive &hive, std::string_view path, std::string_view value)
{
    auto const key = hive.key(path);
    auto const found = key ? hive.value(*key, value) : std::nullopt;
    return found ? found->number() : std::nullopt;
}

std::string SystemHive::text(std::string_view path, std::string_view value)
{
    return hive_text(hive, control_set + "\\" + std::string(path), value);
}

std::optional<std::uint32_t> SystemHive::number(std::string_view path, std::string_view value)
{
    return hive_number(hive, control_set + "\\" + std::string(path), value);
}

Result<SystemHive> choose_control_set(Hive hive)
{
    auto const current = hive_number(hive, "Select", "Current");
    std::string const name = current ? fmt::format("ControlSet{:03}", *current) : "";
    if (current && hive.key(name) && !hive.failed())
        return SystemHive{std::move(hive), name};
    if (hive.failed())
        return fail(ErrorCode::malformed, hive.reason());
    return fail(ErrorCode::malformed,
                fmt::format("{}: Select\\Current names no control set of this registry hive", hive.path()));
}

Known<WindowsVersion> read_windows_version(Hive &software)
{
    WindowsVersion facts;
    auto const text = [&](std::string_view value) { return hive_text(software, current_version, value); };
    if (!software.key(current_version) && !software.failed())
        return Unknown{fmt::format("{}: no key {}", software.path(), current_version)};
    facts.product = text("ProductName");
    facts.installation = text("InstallationType");
    facts.edition = text("EditionID");
    facts.service_pack = text("CSDVersion");
    facts.release = text("DisplayVersion");
    if (facts.release.empty())
        facts.release = text("ReleaseId");
    // CurrentVersion has stood still at 6.3 since Windows 10.
    auto const major = hive_number(software, current_version, "CurrentMajorVersionNumber");
    auto const minor = hive_number(software, current_version, "CurrentMinorVersionNumber");
    facts.version = major ? fmt::format("{}.{}", *major, minor.value_or(0)) : text("CurrentVersion");
    std::string build = text("CurrentBuildNumber");
    if (build.empty())
        build = text("CurrentBuild");
    if (auto const number = parse_number(build); number && *number <= 0xffffffff)
        facts.build = static_cast<std::uint32_t>(*number);
    return answer(software, std::move(facts));
}

Known<std::string> read_image_state(Hive &software)
{
    return answer(software, hive_text(software, "Microsoft\\Windows\\CurrentVersion\\Setup\\State", "ImageState"));
}

Known<std::vector<WindowsService>> read_windows_services(SystemHive &system)
{
    std::vector<WindowsService> found;
    auto const services = system.key("Services");
    if (!services && !system.hive.failed())
        return Unknown{fmt::format("{}: no key {}\\Services", system.hive.path(), system.control_set)};
    for (auto const &child : services ? system.hive.children(*services) : std::vector<Hive::Child>()) {
        std::string const name = to_lower(child.name);
        if (std::find(wanted_services.begin(), wanted_services.end(), name) == wanted_services.end())
            continue;
        WindowsService service{child.name, {}, {}, {}};
        if (auto const start = system.hive.value(child.key, "Start"))
            service.start = start->number();
        if (auto const path = system.hive.value(child.key, "ImagePath"))
            service.image_path = path->text().value_or("");
        if (auto const other = system.hive.key_below(child.key, "StartOverride")) {
            if (auto const start = system.hive.value(*other, "0"))
                service.start_override = start->number();
        }
        found.push_back(std::move(service));
    }
    return answer(system.hive, std::move(found));
}

Known<std::vector<WindowsDeviceBinding>> read_device_bindings(SystemHive &system)
{
    Hive &hive = system.hive;
    std::vector<WindowsDeviceBinding> found;
    // Up to Windows 7: which service starts a device that the boot depends on.
    auto const critical = system.key("Control\\CriticalDeviceDatabase");
    for (auto const &child : critical ? hive.children(*critical) : std::vector<Hive::Child>()) {
        if (!names_virtio_disk(to_lower(child.name)) || found.size() >= most_bindings)
            continue;
        auto const service = hive.value(child.key, "Service");
        found.push_back({to_lower(child.name), service ? service->text().value_or("") : "", "CriticalDeviceDatabase"});
    }
    // From Windows 8 on: the names of the values are those of driver packages.
    auto const devices = hive.key("DriverDatabase\\DeviceIds\\PCI");
    for (auto const &child : devices ? hive.children(*devices) : std::vector<Hive::Child>()) {
        if (!names_virtio_disk(to_lower(child.name)) || found.size() >= most_bindings)
            continue;
        for (auto const &package : hive.values(child.key)) {
            if (!package.name.empty() && found.size() < most_bindings)
                found.push_back({"pci#" + to_lower(child.name), package.name, "DriverDatabase"});
        }
    }
    return answer(hive, std::move(found));
}

Known<std::vector<WindowsInterface>> read_windows_interfaces(SystemHive &system)
{
    constexpr std::size_t most = 1000;
    Hive &hive = system.hive;
    std::vector<WindowsInterface> found;
    auto const interfaces = system.key("Services\\Tcpip\\Parameters\\Interfaces");
    for (auto const &child : interfaces ? hive.children(*interfaces) : std::vector<Hive::Child>()) {
        auto const dhcp = hive.value(child.key, "EnableDHCP");
        if (!dhcp || !dhcp->number() || found.size() >= most)
            continue;  // an adapter that never had TCP/IP configured
        WindowsInterface interface {
            child.name, *dhcp->number() != 0, {}
        };
        if (auto const addresses = hive.value(child.key, "IPAddress")) {
            for (auto &address : addresses->texts()) {
                if (address != "0.0.0.0" && interface.addresses.size() < most)
                    interface.addresses.push_back(std::move(address));
            }
        }
        found.push_back(std::move(interface));
    }
    return answer(hive, std::move(found));
}

Known<std::vector<std::string>> read_paging_files(SystemHive &system)
{
    auto const key = system.key("Control\\Session Manager\\Memory Management");
    auto const files = key ? system.hive.value(*key, "PagingFiles") : std::nullopt;
    return answer(system.hive, files ? files->texts() : std::vector<std::string>());
}

Known<WindowsRemoteDesktop> read_remote_desktop(SystemHive &system, Hive &software)
{
    WindowsRemoteDesktop facts;
    facts.denied = system.number("Control\\Terminal Server", "fDenyTSConnections").value_or(1) != 0;
    facts.port = system.number("Control\\Terminal Server\\WinStations\\RDP-Tcp", "PortNumber").value_or(facts.port);
    if (auto const policy =
            hive_number(software, "Policies\\Microsoft\\Windows NT\\Terminal Services", "fDenyTSConnections")) {
        facts.denied = *policy != 0;
        facts.by_policy = true;
    }
    if (software.failed())
        return Unknown{software.reason()};
    return answer(system.hive, facts);
}

Known<bool> read_administrator_disabled(Hive &sam)
{
    auto const account = sam.key("SAM\\Domains\\Account\\Users\\000001F4");  // 500
    auto const fixed = account ? sam.value(*account, "F") : std::nullopt;
    // The account control bits follow eight times and numbers of four or eight bytes each.
    auto const flags = fixed ? read_le<std::uint16_t>(bytes_of(fixed->data), 0x38) : std::nullopt;
    if (!flags && !sam.failed())
        return Unknown{fmt::format("{}: no account 000001F4 with a value F", sam.path())};
    return answer(sam, (flags.value_or(0) & 1) != 0);
}

}  // namespace imgport
