#include "guest/guest_text.hpp"
#include "guest/network.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Of connection.type.
std::string kind_of(std::string_view type)
{
    if (type.empty() || type == "ethernet" || type == "802-3-ethernet")
        return {};
    if (type == "bond" || type == "bridge" || type == "vlan")
        return std::string(type);
    return type == "team" ? "bond" : "other";
}

void read_keyfile(GuestFiles &files, const std::string &path, std::vector<InterfaceConfig> &interfaces)
{
    auto const text = files.text(path);
    if (!text)
        return;
    InterfaceConfig config;
    config.manager = "networkmanager";
    config.where.file = path;
    std::string ipv4;
    std::string ipv6;
    std::string type;
    for (auto const &section : parse_ini(*text)) {
        bool const ip = section.name == "ipv4" || section.name == "ipv6";
        for (auto const &entry : section.entries) {
            if (section.name == "connection" && entry.key == "type")
                type = entry.value;
            else if (section.name == "connection" && entry.key == "interface-name")
                config.name = entry.value;
            else if (section.name == "connection" && (entry.key == "master" || entry.key == "controller"))
                config.part_of = entry.value;
            else if (section.name == "vlan" && entry.key == "parent")
                config.members = {entry.value};
            else if (section.name == "connection" && entry.key == "autoconnect")
                config.on_boot = !means_no(entry.value);
            else if (entry.key == "mac-address" && (section.name == "ethernet" || section.name == "802-3-ethernet"))
                config.hwaddr = entry.value;
            else if (ip && entry.key == "method")
                (section.name == "ipv4" ? ipv4 : ipv6) = entry.value;
            else if (ip && entry.key.starts_with("address") && !entry.key.starts_with("address-data")) {
                // address1=192.0.2.5/24,192.0.2.1: the gateway after the comma
                config.addresses.push_back(entry.value.substr(0, entry.value.find(',')));
                config.where = {path, entry.line, {}, entry.key + "=" + entry.value};
            }
            if (section.name == "ipv4" && entry.key == "method" && !config.where.line)
                config.where = {path, entry.line, {}, "method=" + entry.value};
        }
    }
    if (type == "loopback" || config.name == "lo")
        return;
    config.kind = kind_of(type);
    config.method = ipv4 == "auto" || (ipv4 != "manual" && (ipv6 == "auto" || ipv6 == "dhcp")) ? "dhcp"
                    : ipv4 == "manual" || ipv6 == "manual"                                     ? "static"
                                                                                               : "none";
    interfaces.push_back(std::move(config));
}

// The static addresses in the arguments of ifconfig(8): "inet 192.0.2.5 netmask ...", "inet6 2001:db8::1".
std::vector<std::string> ifconfig_addresses(const std::vector<std::string> &words)
{
    std::vector<std::string> addresses;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if ((words[i] == "inet" || words[i] == "inet6") && words[i + 1] != "accept_rtadv")
            addresses.push_back(words[i + 1]);
    }
    return addresses;
}

// lagg0 of laggport, bridge0 of addm, vlan0 of vlandev.
void describe_stack(const std::vector<std::string> &words, InterfaceConfig &config)
{
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] == "laggport")
            config.kind = "bond";
        else if (words[i] == "addm")
            config.kind = "bridge";
        else if (words[i] == "vlandev")
            config.kind = "vlan";
        else
            continue;
        config.members.push_back(words[i + 1]);
    }
}

}  // namespace

void read_network_manager(GuestFiles &files, std::vector<InterfaceConfig> &interfaces)
{
    for (const char *folder :
         {"/etc/NetworkManager/system-connections", "/usr/lib/NetworkManager/system-connections"}) {
        for (auto const &path : files.files_in(folder, "")) {
            std::string const name = base_name(path);
            if (!name.starts_with('.') && !name.ends_with('~') && !name.ends_with(".bak"))
                read_keyfile(files, path, interfaces);
        }
    }
}

void read_rc_conf_network(GuestFiles &files, std::vector<InterfaceConfig> &interfaces)
{
    if (!files.exists("/etc/rc.subr"))
        return;
    auto const conf = read_rc_conf(files);
    for (auto const &[key, value] : conf.values) {
        constexpr std::string_view prefix = "ifconfig_";
        std::string const name = key.starts_with(prefix) ? key.substr(prefix.size()) : "";
        if (name.empty() || name.starts_with("lo") || name.find('_') != std::string::npos)
            continue;
        auto const words = split_blanks(value.value);
        InterfaceConfig config;
        config.name = name;
        config.manager = "rc.conf";
        config.addresses = ifconfig_addresses(words);
        config.method = config.addresses.empty() ? "none" : "static";
        for (auto const &word : words) {
            std::string const upper = to_upper(word);
            if (upper == "DHCP" || upper == "SYNCDHCP" || upper == "NOSYNCDHCP")
                config.method = "dhcp";
            if (upper == "NOAUTO")
                config.on_boot = false;
            if (upper == "ETHER" || upper == "LLADDR")
                config.hwaddr = words.back();
        }
        describe_stack(words, config);
        config.where = {value.file, value.line, {}, key + "=" + value.value};
        interfaces.push_back(std::move(config));
    }
}

}  // namespace imgport
