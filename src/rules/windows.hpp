// What several rules on Windows ask of its facts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule.hpp"

namespace imgport {

// Why nothing is known of this Windows; nullopt where its registry was looked into.
std::optional<Outcome> windows_not_read(const RuleContext &context);

// The service of that name, whatever the case; nullptr where there is none.
const WindowsService *find_service(const std::vector<WindowsService> &services, std::string_view name);

// When it starts, StartOverride counted in: 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled.
std::uint32_t effective_start(const WindowsService &service);

// By InstallationType, else by the product type or its name; nullopt where nothing tells.
std::optional<bool> is_windows_server(const WindowsFacts &windows);

// "Windows Server 2019 Standard (NT 10.0, build 17763)".
std::string windows_title(const WindowsVersion &version);

}  // namespace imgport
