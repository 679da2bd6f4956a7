#include "rules/network_questions.hpp"

#include <algorithm>
#include <array>

#include "rules/guest_facts.hpp"

namespace imgport {

std::string name_of(const InterfaceConfig &interface)
{
    return interface.name.empty() ? "a network interface" : interface.name;
}

Evidence place_of(const InterfaceConfig &interface, std::string value)
{
    Evidence evidence = interface.where;
    evidence.value = std::move(value);
    return evidence;
}

bool is_rewritten(const InterfaceConfig &interface, const CloudInitFacts &cloud_init)
{
    if (!cloud_init_configures_network(cloud_init))
        return false;
    constexpr std::array<std::string_view, 5> files{
        "/etc/netplan/50-cloud-init.yaml", "/etc/network/interfaces.d/50-cloud-init",
        "/etc/network/interfaces.d/50-cloud-init.cfg", "/etc/systemd/network/10-cloud-init-",
        "/etc/NetworkManager/system-connections/cloud-init-"};
    return std::any_of(files.begin(), files.end(), [&](auto file) { return interface.where.file.starts_with(file); });
}

bool may_be_rewritten(const GuestFacts &guest, const std::vector<Evidence> &evidence)
{
    return !guest.cloud_init && std::all_of(evidence.begin(), evidence.end(), [](auto const &item) {
        return item.file.find("cloud-init") != std::string::npos;
    });
}

bool is_ipv6(std::string_view address)
{
    return address.find(':') != std::string_view::npos;
}

}  // namespace imgport
