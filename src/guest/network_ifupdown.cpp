#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "guest/network.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned max_files = 200;

// interfaces(5). Stanzas of the same interface add up.
class Reader {
public:
    explicit Reader(GuestFiles &files) : m_files(files) {}

    void read(const std::string &path)
    {
        if (!m_seen.insert(path).second)
            return;  // a file that sources itself
        if (m_seen.size() > max_files) {
            m_files.fail(path, fmt::format("more than {} sourced files", max_files));
            return;
        }
        auto const text = m_files.text(path);
        InterfaceConfig *current = nullptr;
        std::uint64_t number = 0;
        std::string joined;
        for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
            ++number;
            joined += trim(line);
            if (joined.ends_with('\\')) {
                joined.back() = ' ';
                continue;
            }
            auto const words = split_blanks(joined);
            joined.clear();
            if (!words.empty() && words[0].front() != '#')
                take(words, path, number, current);
        }
    }

    void finish(std::vector<InterfaceConfig> &interfaces)
    {
        for (auto const &name : m_order) {
            InterfaceConfig &config = m_configs[name];
            config.on_boot = m_automatic.contains(name);
            interfaces.push_back(std::move(config));
        }
    }

private:
    void take(const std::vector<std::string> &words, const std::string &path, std::uint64_t number,
              InterfaceConfig *&current)
    {
        std::string const &keyword = words[0];
        if (keyword == "auto" || keyword.starts_with("allow-")) {
            current = nullptr;
            m_automatic.insert(words.begin() + 1, words.end());
        } else if (keyword == "iface" && words.size() >= 2) {
            current = open_stanza(words, path, number);
        } else if (keyword == "source" || keyword == "source-directory") {
            current = nullptr;
            for (std::size_t i = 1; i < words.size(); ++i)
                source(words[i], keyword == "source-directory");
        } else if (keyword == "mapping" || keyword == "no-auto-down" || keyword == "no-scripts") {
            current = nullptr;
        } else if (current != nullptr && keyword == "address" && words.size() >= 2) {
            current->addresses.push_back(words[1]);
            current->where = {path, number, {}, "address " + words[1]};
        } else if (current != nullptr && keyword == "hwaddress" && words.size() >= 2) {
            current->hwaddr = words.back();
        } else if (current != nullptr) {
            take_stack(words, *current);
        }
    }

    // bond-slaves, bridge_ports and the like; the packages take '-' and '_' alike.
    static void take_stack(const std::vector<std::string> &words, InterfaceConfig &config)
    {
        std::string keyword = words[0];
        std::replace(keyword.begin(), keyword.end(), '_', '-');
        std::vector<std::string> const rest(words.begin() + 1, words.end());
        bool const none = rest.empty() || rest[0] == "none";
        if (keyword == "bond-master" && !none) {
            config.part_of = rest[0];
        } else if (keyword == "bond-slaves" || keyword == "slaves") {
            config.kind = "bond";
            config.members = none ? std::vector<std::string>() : rest;
        } else if (keyword == "bond-mode") {
            config.kind = "bond";
        } else if (keyword == "bridge-ports") {
            config.kind = "bridge";
            config.members = none ? std::vector<std::string>() : rest;
        } else if (keyword == "vlan-raw-device" && !none) {
            config.kind = "vlan";
            config.members = rest;
        }
    }

    InterfaceConfig *open_stanza(const std::vector<std::string> &words, const std::string &path, std::uint64_t number)
    {
        // "eth0:1" is a second address of eth0.
        std::string const name = words[1].substr(0, words[1].find(':'));
        if (name == "lo")
            return nullptr;
        auto const [found, added] = m_configs.try_emplace(name);
        InterfaceConfig &config = found->second;
        if (added) {
            m_order.push_back(name);
            config.name = name;
            config.manager = "ifupdown";
            config.method = "none";
            config.where = {path, number, {}, join(words, " ")};
            // eth0.100 is VLAN 100 on eth0.
            if (auto const dot = name.find('.'); dot != std::string::npos) {
                config.kind = "vlan";
                config.members = {name.substr(0, dot)};
            }
        }
        std::string const method = words.size() >= 4 ? words[3] : "";
        if (method == "dhcp" || method == "bootp" || (method == "auto" && config.method == "none"))
            config.method = "dhcp";
        else if (method == "static" && config.method == "none")
            config.method = "static";
        return &config;
    }

    void source(const std::string &pattern, bool directory)
    {
        std::string const full = pattern.starts_with('/') ? pattern : "/etc/network/" + pattern;
        for (auto const &path : directory ? m_files.files_in(full, "") : expand_glob(m_files, full)) {
            // source-directory takes names of letters, digits, '_' and '-' only, as run-parts does.
            bool const plain =
                base_name(path).find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                std::string::npos;
            if ((!directory || plain) && !m_files.is_directory(path))
                read(path);
        }
    }

    GuestFiles &m_files;
    std::set<std::string> m_seen;
    std::set<std::string> m_automatic;
    std::map<std::string, InterfaceConfig> m_configs;
    std::vector<std::string> m_order;
};

}  // namespace

void read_ifupdown(GuestFiles &files, std::vector<InterfaceConfig> &interfaces)
{
    Reader reader(files);
    reader.read("/etc/network/interfaces");
    reader.finish(interfaces);
}

}  // namespace imgport
