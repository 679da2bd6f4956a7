#include "rules/windows.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {

std::optional<Outcome> windows_not_read(const RuleContext &context)
{
    if (context.guest->windows)
        return std::nullopt;
    return unknown("the registry of this Windows was not read");
}

const WindowsService *find_service(const std::vector<WindowsService> &services, std::string_view name)
{
    auto const found = std::find_if(services.begin(), services.end(),
                                    [&](auto const &service) { return to_lower(service.name) == name; });
    return found == services.end() ? nullptr : &*found;
}

std::uint32_t effective_start(const WindowsService &service)
{
    constexpr std::uint32_t disabled = 4;
    return service.start_override.value_or(service.start.value_or(disabled));
}

std::optional<bool> is_windows_server(const WindowsFacts &windows)
{
    if (!windows.version)
        return std::nullopt;
    auto const &version = *windows.version;
    if (!version.installation.empty())
        return version.installation.find("Server") != std::string::npos;
    if (windows.product_type && !windows.product_type->empty())
        return *windows.product_type != "WinNT";
    if (version.product.empty())
        return std::nullopt;
    return version.product.find("Server") != std::string::npos;
}

std::string windows_title(const WindowsVersion &version)
{
    std::string out = version.product.empty() ? "Windows" : version.product;
    if (!version.service_pack.empty())
        out += " " + version.service_pack;
    return fmt::format("{} (NT {}, build {})", out, version.version.empty() ? "?" : version.version, version.build);
}

}  // namespace imgport
