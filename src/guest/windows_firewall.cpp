// Windows' own firewall: whether it runs for a kind of network, and whether it lets Remote Desktop in.
#include <algorithm>
#include <array>
#include <optional>

#include "guest/windows_registry.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::string_view policy_folder = "Policies\\Microsoft\\WindowsFirewall";
constexpr std::size_t most_rules = 1000;

struct ProfileName {
    const char *name;    // as in the machine's own settings
    const char *policy;  // as in group policies
    const char *rules;   // as in rules
};
constexpr std::array<ProfileName, 3> profile_names{{{"DomainProfile", "DomainProfile", "domain"},
                                                    {"StandardProfile", "PrivateProfile", "private"},
                                                    {"PublicProfile", "PublicProfile", "public"}}};

// "3389", or a range "3000-4000" that holds it.
bool holds_port(std::string_view text, std::uint32_t port)
{
    auto const dash = text.find('-');
    auto const first = parse_number(text.substr(0, dash));
    auto const last = dash == std::string_view::npos ? first : parse_number(text.substr(dash + 1));
    return first && last && *first <= port && port <= *last;
}

// "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|App=...|Svc=termservice|Name=...|" ([MS-FASP] 2.2.37
// ff., written out as [MS-GPFAS] 2.2.2 says).
std::optional<WindowsFirewallRule> rdp_rule(const std::string &name, const std::string &text, std::uint32_t port)
{
    WindowsFirewallRule rule{name, true, {}};
    bool active = false;
    bool incoming = false;
    bool has_port = false;
    bool right_port = false;
    bool has_program = false;
    bool is_remote_desktop = false;
    for (auto const &field : split(text, '|')) {
        auto const equals = std::min(field.find('='), field.size());
        std::string const key = to_lower(field.substr(0, equals));
        std::string const value = to_lower(field.substr(std::min(equals + 1, field.size())));
        if (key == "active") {
            active = value == "true";
        } else if (key == "dir") {
            incoming = value == "in";
        } else if (key == "action") {
            rule.allow = value == "allow";
        } else if (key == "protocol") {
            if (value != "6")  // TCP
                return std::nullopt;
        } else if (key.starts_with("lport")) {
            has_port = true;
            right_port |= holds_port(value, port);
        } else if (key == "app") {
            has_program = true;
            if (!value.ends_with("svchost.exe") && value != "system")
                return std::nullopt;
        } else if (key == "svc") {
            has_program |= value != "*";
            is_remote_desktop = value == "termservice";
            if (value != "*" && value != "termservice")
                return std::nullopt;
        } else if (key == "profile") {
            for (auto const &profile : profile_names) {
                if (value == profile.rules)
                    rule.profiles.emplace_back(profile.name);
            }
        } else if (key.starts_with("ra4") || key.starts_with("ra6") || key.starts_with("la4") ||
                   key.starts_with("la6") || key == "if" || key == "iftype" || key == "rport" || key == "security") {
            return std::nullopt;  // for some peers only
        }
    }
    // Without a port it speaks of every one, if it is not some other service's.
    bool const concerns = has_port ? right_port : !has_program || is_remote_desktop;
    if (!active || !incoming || !concerns)
        return std::nullopt;
    return rule;
}

void add_rules(Hive &hive, std::optional<Hive::Key> key, std::uint32_t port, WindowsFirewall &facts)
{
    if (!key)
        return;
    for (auto const &value : hive.values(*key)) {
        auto const text = value.text();
        auto rule = text ? rdp_rule(value.name, *text, port) : std::nullopt;
        if (rule && facts.rdp_rules.size() < most_rules)
            facts.rdp_rules.push_back(std::move(*rule));
    }
}

// Windows Server 2003 opens ports by "3389:TCP:*:Enabled:...".
void add_open_port(SystemHive &system, const std::string &profile, std::uint32_t port, WindowsFirewall &facts)
{
    auto const key =
        system.key("Services\\SharedAccess\\Parameters\\FirewallPolicy\\" + profile + "\\GloballyOpenPorts\\List");
    auto const value = key ? system.hive.value(*key, std::to_string(port) + ":TCP") : std::nullopt;
    auto const text = value ? value->text() : std::nullopt;
    auto const fields = text ? split(*text, ':') : std::vector<std::string>();
    if (fields.size() >= 4 && fields[2] == "*" && to_lower(fields[3]) == "enabled")
        facts.rdp_rules.push_back({value->name, true, {profile}});
}

}  // namespace

Known<WindowsFirewall> read_windows_firewall(SystemHive &system, Hive &software, std::uint32_t rdp_port)
{
    std::string const folder = "Services\\SharedAccess\\Parameters\\FirewallPolicy";
    WindowsFirewall facts;
    for (auto const &name : profile_names) {
        std::string const key = folder + "\\" + name.name;
        auto const policy = hive_number(software, std::string(policy_folder) + "\\" + name.policy, "EnableFirewall");
        if (!system.key(key) && !policy)
            continue;
        // On where nothing is said.
        bool const own = system.number(key, "EnableFirewall").value_or(1) != 0;
        facts.profiles.push_back({name.name, policy ? *policy != 0 : own, policy.has_value()});
        add_open_port(system, name.name, rdp_port, facts);
    }
    add_rules(system.hive, system.key(folder + "\\FirewallRules"), rdp_port, facts);
    add_rules(software, software.key(std::string(policy_folder) + "\\FirewallRules"), rdp_port, facts);
    if (software.failed())
        return Unknown{software.reason()};
    return answer(system.hive, std::move(facts));
}

}  // namespace imgport
