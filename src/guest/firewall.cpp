#include "guest/firewall.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr unsigned max_files = 100;

ServiceFacts service(const Services &services, GuestFiles &files, const char *name,
                     const std::vector<std::string> &units)
{
    auto const state = services.state(files, units);
    return {name, state.enabled, state.enabled ? state.enabled_by : state.masked_by};
}

// A ruleset with the files it includes.
bool ruleset_blocks(GuestFiles &files, const std::string &path, std::set<std::string> &seen)
{
    if (!seen.insert(path).second || seen.size() > max_files)
        return false;
    auto const text = files.text(path);
    if (!text)
        return false;
    if (nftables_blocks(*text))
        return true;
    for (auto const line : lines_of(*text)) {
        auto const words = split_blanks(line);
        if (words.size() < 2 || words[0] != "include")
            continue;
        std::string name = words[1];
        std::erase_if(name, [](char c) { return c == '"' || c == '\'' || c == ';'; });
        if (!name.starts_with('/'))
            name.insert(0, dir_name(path) + "/");
        for (auto const &included : expand_glob(files, name)) {
            if (!files.is_directory(included) && ruleset_blocks(files, included, seen))
                return true;
        }
    }
    return false;
}

void add_nftables(GuestFiles &files, const Services &services, std::vector<ServiceFacts> &found)
{
    ServiceFacts facts = service(services, files, "nftables", {"nftables.service"});
    if (!facts.enabled && !files.exists("/usr/sbin/nft") && !files.exists("/sbin/nft"))
        return;
    if (facts.enabled) {
        // Debian's and Arch's place, and Red Hat's.
        for (const char *path : {"/etc/nftables.conf", "/etc/sysconfig/nftables.conf"}) {
            std::set<std::string> seen;
            if (!files.exists(path))
                continue;
            if (!ruleset_blocks(files, path, seen)) {
                facts.enabled = false;
                facts.where = fmt::format("{} starts {}, which has no rule that drops or rejects", facts.where, path);
            }
            break;
        }
    }
    found.push_back(std::move(facts));
}

// Services that load files written by iptables-save.
void add_iptables(GuestFiles &files, const Services &services, std::vector<ServiceFacts> &found, const char *name,
                  const std::vector<std::string> &units, const std::vector<std::string> &rules)
{
    auto const state = services.state(files, units);
    if (!state.present && state.masked_by.empty())
        return;
    ServiceFacts facts{name, state.enabled, state.enabled ? state.enabled_by : state.masked_by};
    bool any = false;
    bool blocks = false;
    for (auto const &path : rules) {
        auto const text = files.text(path);
        any = any || text.has_value();
        blocks = blocks || (text && iptables_blocks(*text));
    }
    if (facts.enabled && !blocks) {
        facts.enabled = false;
        facts.where = fmt::format("{}, but {}", facts.where,
                                  any ? "its rules neither drop nor reject" : "there are no rules to load");
    }
    found.push_back(std::move(facts));
}

void add_ufw(GuestFiles &files, const Services &services, std::vector<ServiceFacts> &found)
{
    auto const state = services.state(files, {"ufw.service"});
    auto const text = files.text("/etc/ufw/ufw.conf");
    if (!state.present && !text)
        return;
    ServiceFacts facts{"ufw", false, state.enabled_by};
    auto const values = shell_assignments(text ? std::string_view(*text) : std::string_view());
    if (auto const enabled = values.find("ENABLED"); enabled != values.end()) {
        // The unit is enabled in every Ubuntu; this line decides.
        facts.enabled = state.enabled && means_yes(enabled->second.value);
        facts.where = fmt::format("/etc/ufw/ufw.conf:{}", enabled->second.line);
    }
    found.push_back(std::move(facts));
}

void add_freebsd(GuestFiles &files, std::vector<ServiceFacts> &found)
{
    if (!files.exists("/etc/rc.subr"))
        return;
    auto const conf = read_rc_conf(files);
    const std::pair<const char *, const char *> filters[] = {
        {"pf", "pf_enable"}, {"ipfw", "firewall_enable"}, {"ipfilter", "ipfilter_enable"}};
    for (auto const &[name, key] : filters) {
        auto const *value = conf.find(key);
        bool open = false;
        if (std::string_view(name) == "ipfw" && conf.find("firewall_type") != nullptr)
            open = to_lower(conf.find("firewall_type")->value) == "open";
        found.push_back({name, conf.on(key) && !open,
                         value != nullptr ? fmt::format("{}:{}", value->file, value->line) : std::string()});
    }
}

}  // namespace

bool nftables_blocks(std::string_view ruleset)
{
    for (auto line : lines_of(ruleset)) {
        line = line.substr(0, line.find('#'));
        std::string words(line);
        std::replace_if(
            words.begin(), words.end(), [](char c) { return c == ';' || c == '{' || c == '}' || c == ','; }, ' ');
        for (auto const &word : split_blanks(words)) {
            if (word == "drop" || word == "reject")
                return true;
        }
    }
    return false;
}

bool iptables_blocks(std::string_view rules)
{
    for (auto line : lines_of(rules)) {
        line = trim(line);
        auto const words = split_blanks(line);
        if (words.empty() || words[0].front() == '#')
            continue;
        if (words[0].front() == ':' && words.size() > 1 && words[1] == "DROP")
            return true;
        for (std::size_t i = 0; i + 1 < words.size(); ++i) {
            if ((words[i] == "-j" || words[i] == "--jump") && (words[i + 1] == "DROP" || words[i + 1] == "REJECT"))
                return true;
        }
    }
    return false;
}

Known<std::vector<ServiceFacts>> read_firewalls(FileTree &tree, const Services &services)
{
    GuestFiles files(tree);
    std::vector<ServiceFacts> found;
    auto const add = [&](const char *name, const std::vector<std::string> &units) {
        auto const state = services.state(files, units);
        if (state.present || !state.masked_by.empty())
            found.push_back(service(services, files, name, units));
    };
    add("firewalld", {"firewalld.service"});
    add_ufw(files, services, found);
    add_nftables(files, services, found);
    add_iptables(files, services, found, "iptables", {"iptables.service"}, {"/etc/sysconfig/iptables"});
    add_iptables(files, services, found, "ip6tables", {"ip6tables.service"}, {"/etc/sysconfig/ip6tables"});
    add_iptables(files, services, found, "netfilter-persistent",
                 {"netfilter-persistent.service", "iptables-persistent.service"},
                 {"/etc/iptables/rules.v4", "/etc/iptables/rules.v6", "/etc/iptables/rules"});
    add("SuSEfirewall2", {"SuSEfirewall2.service", "SuSEfirewall2_setup.service"});
    add("shorewall", {"shorewall.service"});
    add_freebsd(files, found);
    return files.answer(std::move(found));
}

}  // namespace imgport
