#include "guest/services.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

// In the order in which systemd looks, systemd.unit(5), "Unit File Load Path"; what exists only in /run is not here.
constexpr std::array<const char *, 4> unit_folders{"/etc/systemd/system", "/usr/local/lib/systemd/system",
                                                   "/usr/lib/systemd/system", "/lib/systemd/system"};

// Targets that do not belong to an ordinary boot.
bool starts_at_boot(std::string_view wants)
{
    for (std::string_view target : {"rescue.", "emergency.", "halt.", "reboot.", "poweroff.", "shutdown.", "kexec.",
                                    "suspend.", "hibernate.", "hybrid-sleep.", "sleep.", "soft-reboot."}) {
        if (wants.starts_with(target))
            return false;
    }
    return true;
}

// Upstart: a job starts by its "start on" stanza unless "manual" stands after it, there or in NAME.override.
std::string find_upstart_job(GuestFiles &files, const std::string &name)
{
    std::string const path = "/etc/init/" + name + ".conf";
    auto const job = files.text(path);
    if (!job)
        return {};
    bool starts = false;
    auto const read = [&](std::string_view text) {
        for (auto line : lines_of(text)) {
            line = trim(line);
            if (line.starts_with("start on"))
                starts = true;
            else if (line == "manual")
                starts = false;
        }
    };
    read(*job);
    if (auto const changes = files.text("/etc/init/" + name + ".override"))
        read(*changes);
    return starts ? path : std::string();
}

std::string find_openrc(GuestFiles &files, const std::string &name)
{
    for (const char *level : {"sysinit", "boot", "default"}) {
        std::string const path = std::string("/etc/runlevels/") + level + "/" + name;
        if (files.stat(path, FollowLinks::no))
            return path;
    }
    return {};
}

// "getty@.service" for "getty@tty1.service"; empty for what is no instance of a template.
std::string template_of(const std::string &unit)
{
    auto const at = unit.find('@');
    auto const dot = unit.rfind('.');
    if (at == std::string::npos || dot == std::string::npos || dot <= at + 1)
        return {};
    return unit.substr(0, at + 1) + unit.substr(dot);
}

// A link to /dev/null or an empty file: it takes away what weaker folders say.
bool is_mask(GuestFiles &files, const std::string &path)
{
    if (auto const target = files.link(path)) {
        if (normal_path(target->starts_with('/') ? *target : dir_name(path) + "/" + *target) == "/dev/null")
            return true;
    }
    auto const status = files.stat(path);
    return status && status->kind == FileKind::regular && status->size == 0;
}

void set_enabled(ServiceState &state, std::string path)
{
    state.present = true;
    if (!state.enabled)
        state.enabled_by = std::move(path);
    state.enabled = true;
}

}  // namespace

Services::Services(FileTree &tree)
{
    GuestFiles files(tree);
    for (const char *folder : unit_folders) {
        // On a merged /usr two of them are one.
        auto const real = files.is_directory(folder) ? files.resolve(folder) : std::nullopt;
        if (real && std::find(m_folders.begin(), m_folders.end(), *real) == m_folders.end())
            m_folders.push_back(*real);
    }
    read_wants(files);
    read_run_levels(files);
    for (const char *level : {"/etc/runlevels/boot", "/etc/runlevels/default"}) {
        for (auto const &entry : files.list(level))
            m_run_level_entries.push_back(entry.name);
    }
    m_presets = Presets::of_first_boot(files);
    if (files.failed())
        m_failure = files.reason();
}

// Names in .wants and the like are links, whatever they point to, except where they are masked; one name in several
// folders of one unit is the strongest folder's (systemd.unit(5)).
void Services::read_wants(GuestFiles &files)
{
    std::set<std::string> seen;
    for (auto const &folder : m_folders) {
        for (auto const &entry : files.list(folder)) {
            bool const wants =
                entry.name.ends_with(".wants") || entry.name.ends_with(".requires") || entry.name.ends_with(".upholds");
            if (!wants || !starts_at_boot(entry.name))
                continue;
            for (auto const &want : files.list(folder + "/" + entry.name)) {
                std::string const path = folder + "/" + entry.name + "/" + want.name;
                if (!seen.insert(entry.name + "/" + want.name).second || !files.link(path) || is_mask(files, path))
                    continue;
                std::string masked_by;
                std::string const file = find_unit(files, want.name, masked_by);
                m_wants.push_back({want.name, own_name(files, want.name, file), path});
            }
        }
    }
}

// The S links of the run levels with users, in Debian's, Red Hat's or SUSE's place.
void Services::read_run_levels(GuestFiles &files)
{
    for (const char *base : {"/etc", "/etc/rc.d", "/etc/init.d"}) {
        for (const char *level : {"rcS.d", "rc2.d", "rc3.d", "rc4.d", "rc5.d", "boot.d"}) {
            std::string const folder = std::string(base) + "/" + level;
            for (auto const &entry : files.list(folder)) {
                if (entry.name.size() > 3 && entry.name[0] == 'S')
                    m_start_links.push_back({entry.name.substr(3), {}, folder + "/" + entry.name});
            }
        }
    }
}

// The name of the unit that `file` was found as `unit` is, which may be an alias of it: what its link leads to, as long
// as that lies where units lie.
std::string Services::own_name(GuestFiles &files, const std::string &unit, const std::string &file) const
{
    auto const real = file.empty() ? std::nullopt : files.resolve(file);
    if (!real)
        return {};
    if (std::find(m_folders.begin(), m_folders.end(), dir_name(*real)) == m_folders.end())
        return unit;
    std::string name = base_name(*real);
    // An instance is one of the template's name.
    if (!template_of(unit).empty() && name.find("@.") != std::string::npos) {
        auto const at = unit.find('@');
        name.replace(name.find("@."), 1, unit.substr(at, unit.rfind('.') - at));
    }
    return name;
}

const Services::Link *Services::find_want(const std::string &own_name) const
{
    auto const found = std::find_if(m_wants.begin(), m_wants.end(), [&](auto &want) { return want.unit == own_name; });
    return own_name.empty() || found == m_wants.end() ? nullptr : &*found;
}

const Services::Link *Services::find_start_link(const std::string &name) const
{
    auto const found =
        std::find_if(m_start_links.begin(), m_start_links.end(), [&](auto &link) { return link.name == name; });
    return found == m_start_links.end() ? nullptr : &*found;
}

bool Services::any_enabled(std::string_view prefix) const
{
    auto const begins = [&](auto const &link) { return link.name.starts_with(prefix); };
    return std::any_of(m_wants.begin(), m_wants.end(), begins) ||
           std::any_of(m_start_links.begin(), m_start_links.end(), begins) ||
           std::any_of(m_run_level_entries.begin(), m_run_level_entries.end(),
                       [&](auto const &name) { return name.starts_with(prefix); });
}

// The unit file that systemd would load, the template's for an instance; empty where there is none.
std::string Services::find_unit(GuestFiles &files, const std::string &unit, std::string &masked_by) const
{
    for (auto const &name : {unit, template_of(unit)}) {
        for (auto const &folder : m_folders) {
            std::string const path = fmt::format("{}/{}", folder, name);
            if (name.empty() || !files.stat(path, FollowLinks::no))
                continue;
            if (is_mask(files, path)) {
                masked_by = path;
                return {};
            }
            auto const status = files.stat(path);
            // A link that leads nowhere still hides what lies in weaker folders; a folder is no unit.
            if (!status)
                return {};
            if (status->kind == FileKind::regular)
                return path;
        }
    }
    return {};
}

ServiceState Services::state(GuestFiles &files, const std::vector<std::string> &units) const
{
    if (!m_failure.empty())
        files.fail_as(m_failure);
    ServiceState state;
    for (auto const &unit : units) {
        std::string masked_by;
        std::string const file = find_unit(files, unit, masked_by);
        if (!masked_by.empty()) {
            if (state.masked_by.empty())
                state.masked_by = masked_by;
            continue;
        }
        if (!file.empty()) {
            state.present = true;
            std::string const name = own_name(files, unit, file);
            if (auto const *want = find_want(name))
                set_enabled(state, want->path);
            else if (m_presets && template_of(name).empty() && m_presets->enables(name) &&
                     installs_into_boot(files, file, name, m_folders, starts_at_boot))
                set_enabled(state, file);
            // A unit hides the script of its name (systemd-sysv-generator(8)).
            continue;
        }
        std::string const name = unit.substr(0, unit.rfind('.'));
        if (files.exists("/etc/init.d/" + name) || files.exists("/etc/rc.d/init.d/" + name))
            state.present = true;
        // A link that the removal of a package left behind starts nothing.
        if (auto const *link = find_start_link(name); link != nullptr && files.exists(link->path))
            set_enabled(state, link->path);
        for (auto find : {find_upstart_job, find_openrc}) {
            if (std::string path = find(files, name); !path.empty())
                set_enabled(state, std::move(path));
        }
    }
    if (state.enabled)
        state.masked_by.clear();
    return state;
}

const RcConf::Value *RcConf::find(std::string_view name) const
{
    auto const found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
}

bool RcConf::on(std::string_view name) const
{
    auto const *value = find(name);
    return value != nullptr && means_yes(value->value);
}

RcConf read_rc_conf(GuestFiles &files)
{
    RcConf conf;
    std::vector<std::string> paths{"/etc/rc.conf", "/etc/rc.conf.local"};
    for (auto const &path : files.files_in("/etc/rc.conf.d", ""))
        paths.push_back(path);
    for (auto const &path : paths) {
        // Other systems have a folder or a file of another kind there.
        if (files.is_directory(path))
            continue;
        auto const text = files.text(path);
        for (auto const &[name, assigned] : shell_assignments(text ? std::string_view(*text) : std::string_view()))
            conf.values[name] = {assigned.value, path, assigned.line};
    }
    return conf;
}

}  // namespace imgport
