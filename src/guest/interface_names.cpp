#include "guest/interface_names.hpp"

#include <map>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_names = 100;

// A file of that name in one of udev's or networkd's folders: the strongest, whatever it is.
std::string find_file(GuestFiles &files, std::initializer_list<const char *> folders, const std::string &name)
{
    for (const char *folder : folders) {
        std::string const path = std::string(folder) + name;
        if (files.stat(path, FollowLinks::no))
            return path;
    }
    return {};
}

std::string find_rules(GuestFiles &files, const std::string &name)
{
    return find_file(files, {"/etc/udev/rules.d/", "/usr/lib/udev/rules.d/", "/lib/udev/rules.d/"}, name);
}

// Without content, or a link to /dev/null: switched off.
bool is_masked(GuestFiles &files, const std::string &path)
{
    if (auto const target = files.link(path); target && *target == "/dev/null")
        return true;
    auto const text = files.text(path);
    return text && !has_active_line(*text);
}

// systemd.link(5): NAME=eth0 for whatever [Match] says but a MAC address, which the instance's card has not.
void read_links(GuestFiles &files, NetworkFacts &facts)
{
    std::map<std::string, std::string> by_name;
    for (const char *folder : {"/lib/systemd/network", "/usr/lib/systemd/network", "/etc/systemd/network"}) {
        for (auto const &path : files.files_in(folder, ".link"))
            by_name[base_name(path)] = path;
    }
    for (auto const &[name, path] : by_name) {
        auto const text = files.text(path);
        bool bound = false;
        bool catches_all = false;
        std::string given;
        std::optional<std::string> policy;
        for (auto const &section : parse_ini(text ? std::string_view(*text) : std::string_view())) {
            if (section.name == "Match") {
                bound = bound || section.value("MACAddress") || section.value("PermanentMACAddress");
                catches_all = catches_all || section.value("OriginalName") == "*";
            }
            if (section.name == "Link") {
                given = section.value("Name").value_or(given);
                if (auto const value = section.value("NamePolicy"))
                    policy = *value;
            }
        }
        bool const by_policy = policy && split_blanks(*policy).size() > 1;
        if (!bound && !by_policy && !given.empty() && facts.given_names.size() < max_names)
            facts.given_names.push_back(given);
        // The first file that matches a card is the only one that counts, in the order of their names.
        bool const of_kernel = policy && (trim(*policy).empty() || trim(*policy) == "kernel");
        if (facts.kernel_names.empty() && catches_all && name <= "99-default.link" && of_kernel && given.empty())
            facts.kernel_names = path;
    }
}

// ATTR{...} that is no address, and NAME="eth0".
void read_rules(GuestFiles &files, NetworkFacts &facts)
{
    for (auto const &path : files.files_in("/etc/udev/rules.d", ".rules")) {
        auto const text = files.text(path);
        for (auto const raw : lines_of(text ? std::string_view(*text) : std::string_view())) {
            auto const line = trim(raw);
            auto const at = line.find("NAME=\"");
            bool const own = at != std::string_view::npos &&
                             (at == 0 || line[at - 1] == ' ' || line[at - 1] == ',' || line[at - 1] == '\t');
            if (line.starts_with('#') || !own || line.find("\"net\"") == std::string_view::npos ||
                line.find("{address}") != std::string_view::npos)
                continue;
            auto const value = line.substr(at + 6);
            if (facts.given_names.size() < max_names)
                facts.given_names.emplace_back(value.substr(0, value.find('"')));
        }
    }
}

}  // namespace

void read_interface_names(GuestFiles &files, NetworkFacts &facts)
{
    read_links(files, facts);
    read_rules(files, facts);
    // The generator of older distributions names the first card eth0 and writes that down.
    auto const generator = find_rules(files, "75-persistent-net-generator.rules");
    if (!generator.empty() && !is_masked(files, generator) && facts.kernel_names.empty())
        facts.kernel_names = generator;
    // systemd's rules: 80-net-name-slot until 208, 80-net-setup-link with 99-default.link since.
    bool found = false;
    for (const char *name : {"80-net-setup-link.rules", "80-net-name-slot.rules"}) {
        auto const path = find_rules(files, name);
        found = found || !path.empty();
        if (!path.empty() && is_masked(files, path) && facts.kernel_names.empty())
            facts.kernel_names = path;
    }
    auto const link = find_file(files, {"/etc/systemd/network/"}, "99-default.link");
    if (!link.empty() && is_masked(files, link) && facts.kernel_names.empty())
        facts.kernel_names = link;
    if (!found && facts.kernel_names.empty())
        facts.kernel_names = "no udev rules that would rename them";
}

}  // namespace imgport
