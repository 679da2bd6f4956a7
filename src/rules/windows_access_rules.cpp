// Whether a Windows instance can be reached, and somebody can log in.
#include <algorithm>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/sources.hpp"
#include "rules/windows.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint32_t usual_port = 3389;
constexpr std::uint32_t disabled = 4;
const char *const terminal_server = "Control\\Terminal Server";

Outcome win_rdp(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &windows = *context.guest->windows;
    if (!windows.remote_desktop)
        return unknown(windows.remote_desktop.reason());
    auto const &desktop = *windows.remote_desktop;
    if (desktop.denied)
        return violated(
            fmt::format("Remote Desktop is off{}: nobody can log in over the network",
                        desktop.by_policy ? " by a group policy" : ""),
            {seen(desktop.by_policy ? "Policies\\Microsoft\\Windows NT\\Terminal Services" : terminal_server,
                  "fDenyTSConnections 1")});
    if (!windows.services)
        return unknown(windows.services.reason());
    const WindowsService *service = find_service(*windows.services, "termservice");
    if (service == nullptr || effective_start(*service) >= disabled)
        return violated(fmt::format("Remote Desktop is on, but its service TermService is {}: nobody can log in over "
                                    "the network",
                                    service == nullptr ? "missing" : "disabled"),
                        {seen("Services\\TermService", service == nullptr ? "missing" : "Start 4")});
    if (desktop.port != usual_port)
        return violated(
            fmt::format("Remote Desktop listens on port {}, not on {}, which the cloud's security groups "
                        "and its console expect",
                        desktop.port, usual_port),
            {seen("Control\\Terminal Server\\WinStations\\RDP-Tcp", fmt::format("PortNumber {}", desktop.port))});
    return passed("Remote Desktop is on, on port 3389");
}

bool speaks_of(const WindowsFirewallRule &rule, const std::string &profile)
{
    return rule.profiles.empty() || contains(rule.profiles, profile);
}

// Whether the rules let Remote Desktop in while that profile holds: a rule that blocks goes before all that allow.
bool lets_in(const WindowsFirewall &firewall, const std::string &profile)
{
    bool allowed = false;
    for (auto const &rule : firewall.rdp_rules) {
        if (!speaks_of(rule, profile))
            continue;
        if (!rule.allow)
            return false;
        allowed = true;
    }
    return allowed;
}

Outcome win_firewall(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &windows = *context.guest->windows;
    if (!windows.firewall)
        return unknown(windows.firewall.reason());
    if (!windows.services)
        return unknown(windows.services.reason());
    // The service has been MpsSvc since Windows Vista.
    const WindowsService *service = find_service(*windows.services, "mpssvc");
    if (service == nullptr)
        service = find_service(*windows.services, "sharedaccess");
    if (service != nullptr && effective_start(*service) >= disabled)
        return passed(fmt::format("the firewall's service {} is disabled", service->name));
    if (windows.firewall->profiles.empty())
        return unknown("the registry has no settings of the firewall");
    std::vector<Evidence> closed;
    std::vector<std::string> names;
    bool any_on = false;
    for (auto const &profile : windows.firewall->profiles) {
        any_on |= profile.enabled;
        if (!profile.enabled || lets_in(*windows.firewall, profile.name))
            continue;
        names.push_back(profile.name);
        closed.push_back(seen("FirewallPolicy\\" + profile.name,
                              fmt::format("EnableFirewall 1{}", profile.by_policy ? " (by a group policy)" : "")));
    }
    // It is opened for the usual port, which is not the one that is asked for.
    if (!closed.empty() && windows.remote_desktop && !windows.remote_desktop->denied &&
        windows.remote_desktop->port != usual_port)
        return not_applicable(
            fmt::format("Remote Desktop listens on port {}: see win-rdp", windows.remote_desktop->port));
    if (!closed.empty())
        return violated(fmt::format("the firewall is on and lets no Remote Desktop in ({}): nobody can log in over the "
                                    "network",
                                    join(names, ", ")),
                        std::move(closed));
    return passed(any_on ? "the firewall lets Remote Desktop in" : "the firewall is off");
}

Outcome win_admin(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &off = context.guest->windows->administrator_disabled;
    if (!off)
        return unknown(off.reason());
    if (*off)
        return violated("the built-in account Administrator is disabled: the cloud's password is for this one",
                        {seen("Windows/System32/config/SAM", "account 500: disabled")});
    return passed(
        "the built-in account Administrator is enabled; its password needs 8 to 30 characters of three kinds");
}

Outcome win_dhcp(const RuleContext &context)
{
    if (auto reason = windows_not_read(context))
        return *reason;
    auto const &interfaces = context.guest->windows->interfaces;
    if (!interfaces)
        return unknown(interfaces.reason());
    std::vector<Evidence> fixed;
    for (auto const &interface : *interfaces) {
        if (!interface.dhcp && !interface.addresses.empty())
            fixed.push_back(
                seen("Services\\Tcpip\\Parameters\\Interfaces\\" + interface.id, join(interface.addresses, ", ")));
    }
    if (!fixed.empty())
        return violated(
            fmt::format("a network adapter has the fixed address {} and no DHCP: it is not the one that the "
                        "cloud gives, so the instance cannot be reached",
                        fixed.front().value),
            fixed);
    return passed("no network adapter has a fixed address; a new one asks by DHCP");
}

}  // namespace

std::vector<Rule> windows_access_rules()
{
    std::string const group = "windows";
    return {
        {{"win-rdp",
          group,
          "Remote Desktop is on, on port 3389",
          "Nobody can log in over the network; what is left is the console in the browser.",
          "reg add \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\" /v fDenyTSConnections /t REG_DWORD /d "
          "0 "
          "/f and sc config TermService start= demand",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_rdp},
        {{"win-firewall",
          group,
          "Windows' firewall is off or lets Remote Desktop in",
          "Logins are dropped; security groups do this work.",
          "netsh advfirewall set allprofiles state off; or netsh advfirewall firewall set rule group=\"remote "
          "desktop\" "
          "new enable=Yes",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_firewall},
        {{"win-admin",
          group,
          "The built-in account Administrator is enabled",
          "The cloud sets this account's password; nobody can log in with it.",
          "net user Administrator /active:yes, and a password of 8 to 30 characters, three of upper case, lower case, "
          "digits and specials, not beginning with /",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_admin},
        {{"win-dhcp",
          group,
          "Windows' network adapters use DHCP",
          "The address is not the one that the cloud gives; the instance cannot be reached.",
          "netsh interface ipv4 set address name=\"Ethernet\" source=dhcp, and the same with set dnsservers",
          cite({"IMC"}),
          {""}},
         Reads::guest,
         Guests::windows_only,
         win_dhcp},
    };
}

}  // namespace imgport
