// What is asked of a Windows guest's hives, one question a function. Each answers Unknown where the hive is damaged on
// the way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <imgport/known.hpp>
#include <imgport/windows_facts.hpp>

#include "guest/hive.hpp"

namespace imgport {

template <class T>
Known<T> answer(const Hive &hive, T facts)
{
    if (hive.failed())
        return Unknown{hive.reason()};
    return facts;
}

// The SYSTEM hive and the control set that is in use.
struct SystemHive {
    Hive hive;
    std::string control_set = {};  // "ControlSet001"

    std::optional<Hive::Key> key(std::string_view path) { return hive.key(control_set + "\\" + std::string(path)); }
    std::string text(std::string_view path, std::string_view value);
    std::optional<std::uint32_t> number(std::string_view path, std::string_view value);
};

// An error where no control set can be told.
Result<SystemHive> choose_control_set(Hive hive);

// A value of a key, by the path from the hive's root; empty where there is none.
std::string hive_text(Hive &hive, std::string_view path, std::string_view value);
std::optional<std::uint32_t> hive_number(Hive &hive, std::string_view path, std::string_view value);

// Of SOFTWARE.
Known<WindowsVersion> read_windows_version(Hive &software);
Known<std::string> read_image_state(Hive &software);

// Of SYSTEM.
Known<std::vector<WindowsService>> read_windows_services(SystemHive &system);
Known<std::vector<WindowsDeviceBinding>> read_device_bindings(SystemHive &system);
Known<std::vector<WindowsInterface>> read_windows_interfaces(SystemHive &system);
Known<std::vector<std::string>> read_paging_files(SystemHive &system);

// Of both: a group policy, which is in SOFTWARE, goes before the machine's own setting.
Known<WindowsRemoteDesktop> read_remote_desktop(SystemHive &system, Hive &software);
Known<WindowsFirewall> read_windows_firewall(SystemHive &system, Hive &software, std::uint32_t rdp_port);

// Of SAM: whether the built-in account with the number 500, whatever its name, is disabled.
Known<bool> read_administrator_disabled(Hive &sam);

}  // namespace imgport
