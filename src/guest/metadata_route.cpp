#include "guest/metadata_route.hpp"

#include <algorithm>
#include <bit>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_found = 100;
constexpr std::uint32_t metadata = (100U << 24) | (100U << 16) | (100U << 8) | 200U;

std::optional<std::uint32_t> address_of(std::string_view text)
{
    auto const parts = split(text, '.');
    if (parts.size() != 4)
        return std::nullopt;
    std::uint32_t address = 0;
    for (auto const &part : parts) {
        auto const number = parse_number(part);
        if (!number || *number > 255)
            return std::nullopt;
        address = (address << 8) | static_cast<std::uint32_t>(*number);
    }
    return address;
}

class Reader {
public:
    Reader(GuestFiles &files, NetworkFacts &facts) : m_files(files), m_facts(facts) {}

    // Lines that both name the address and turn something away.
    void firewall(const std::string &path)
    {
        each_line(path, [](const std::vector<std::string> &words) {
            bool const negated = std::find(words.begin(), words.end(), "!") != words.end() ||
                                 std::find(words.begin(), words.end(), "!=") != words.end();
            return !negated && names_metadata(words) && has_any(words, {"DROP", "REJECT", "drop", "reject"});
        });
    }

    // Lines that lead packets for the address somewhere.
    void routes(const std::string &path)
    {
        each_line(path, [](const std::vector<std::string> &words) { return names_metadata(words); });
    }

    // Lines of a script: "ip route add blackhole 100.64.0.0/10", "route add -net ...".
    void script(const std::string &path)
    {
        each_line(path, [](const std::vector<std::string> &words) {
            bool const route = has_any(words, {"route", "/sbin/route", "blackhole", "/usr/sbin/route"});
            bool const filter = has_any(words, {"DROP", "REJECT", "drop", "reject"});
            return (route || filter) && names_metadata(words) && !has_any(words, {"del", "delete", "-D", "!"});
        });
    }

    // route1=NETWORK,GATEWAY of NetworkManager; Destination=NETWORK of networkd.
    void ini(const std::string &path)
    {
        auto const text = m_files.text(path);
        for (auto const &section : parse_ini(text ? std::string_view(*text) : std::string_view())) {
            for (auto const &entry : section.entries) {
                bool const route = (section.name == "Route" && entry.key == "Destination") ||
                                   (section.name == "ipv4" && entry.key.starts_with("route"));
                if (route && covers_metadata(entry.value.substr(0, entry.value.find(','))))
                    add(path, entry.line, entry.key + "=" + entry.value);
            }
        }
    }

    // ADDRESS0=, NETMASK0= of Red Hat's route-eth0.
    void address_and_mask(const std::string &path)
    {
        auto const text = m_files.text(path);
        auto const values = shell_assignments(text ? std::string_view(*text) : std::string_view());
        for (auto const &[key, assigned] : values) {
            if (!key.starts_with("ADDRESS"))
                continue;
            auto const mask = value_of(values, "NETMASK" + key.substr(7));
            if (covers_metadata(assigned.value + (mask.empty() ? "" : "/" + mask)))
                add(path, assigned.line, key + "=" + assigned.value);
        }
    }

private:
    static bool has_any(const std::vector<std::string> &words, std::initializer_list<std::string_view> wanted)
    {
        return std::any_of(words.begin(), words.end(), [&](auto const &word) {
            return std::find(wanted.begin(), wanted.end(), word) != wanted.end();
        });
    }

    static bool names_metadata(const std::vector<std::string> &words)
    {
        return std::any_of(words.begin(), words.end(), [](auto const &word) { return covers_metadata(word); });
    }

    template <class Test>
    void each_line(const std::string &path, Test test)
    {
        if (m_files.is_directory(path))
            return;
        auto const text = m_files.text(path);
        std::uint64_t number = 0;
        for (auto const raw : lines_of(text ? std::string_view(*text) : std::string_view())) {
            ++number;
            std::string line(trim(raw));
            if (line.empty() || line.front() == '#')
                continue;
            std::string words = line;
            std::replace_if(
                words.begin(), words.end(),
                [](char c) { return std::string_view(";{},\"'[]").find(c) != std::string_view::npos; }, ' ');
            if (test(split_blanks(words)))
                add(path, number, line);
        }
    }

    void add(const std::string &path, std::uint64_t number, std::string_view line)
    {
        if (m_facts.metadata_blocks.size() < max_found)
            m_facts.metadata_blocks.push_back({path, number, {}, printable(line, 256)});
    }

    GuestFiles &m_files;
    NetworkFacts &m_facts;
};

}  // namespace

bool covers_metadata(std::string_view network)
{
    auto const slash = network.find('/');
    auto const address = address_of(network.substr(0, slash));
    if (!address)
        return false;
    std::uint64_t bits = 32;
    if (slash != std::string_view::npos) {
        auto const rest = network.substr(slash + 1);
        if (auto const mask = address_of(rest))
            bits = static_cast<std::uint64_t>(std::countl_one(*mask));
        else if (auto const number = parse_number(rest); number && *number <= 32)
            bits = *number;
        else
            return false;
    }
    // A wider one is the default route or a rule about everything, which other rules speak of.
    if (bits < 8)
        return false;
    std::uint32_t const mask = bits == 32 ? ~0U : ~(~0U >> bits);
    return (*address & mask) == (metadata & mask);
}

void read_metadata_blocks(GuestFiles &files, const Services &services, NetworkFacts &facts)
{
    Reader reader(files, facts);
    struct Saved {
        std::vector<std::string> units;
        std::vector<const char *> paths;
    };
    const Saved saved[] = {
        {{"iptables.service"}, {"/etc/sysconfig/iptables"}},
        {{"netfilter-persistent.service", "iptables-persistent.service"},
         {"/etc/iptables/rules.v4", "/etc/iptables/rules"}},
        {{"nftables.service"}, {"/etc/nftables.conf", "/etc/sysconfig/nftables.conf"}},
        {{"ufw.service"}, {"/etc/ufw/user.rules", "/etc/ufw/before.rules"}},
    };
    for (auto const &[units, paths] : saved) {
        if (!services.state(files, units).enabled)
            continue;
        for (const char *path : paths)
            reader.firewall(path);
    }
    for (const char *folder : {"/etc/sysconfig/network-scripts", "/etc/sysconfig/network"}) {
        if (!files.is_directory(folder))
            continue;
        for (auto const &path : files.files_in(folder, "")) {
            std::string const name = base_name(path);
            if (name.starts_with("route-") || name.starts_with("ifroute-") || name == "routes") {
                reader.routes(path);
                reader.address_and_mask(path);
            }
        }
    }
    for (auto const &path : files.files_in("/etc/NetworkManager/system-connections", ""))
        reader.ini(path);
    for (auto const &path : files.files_in("/etc/systemd/network", ".network"))
        reader.ini(path);
    for (auto const &path : files.files_in("/etc/netplan", ".yaml"))
        reader.routes(path);
    for (const char *path : {"/etc/network/interfaces", "/etc/rc.local", "/etc/rc.d/rc.local", "/etc/static-routes"})
        reader.script(path);
    for (auto const &path : files.files_in("/etc/network/interfaces.d", ""))
        reader.script(path);
}

}  // namespace imgport
