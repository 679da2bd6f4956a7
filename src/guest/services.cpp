#include "guest/services.hpp"

#include <algorithm>
#include <array>

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
    for (auto const &folder : m_folders)
        read_wants(files, folder);
    read_run_levels(files);
    for (const char *level : {"/etc/runlevels/boot", "/etc/runlevels/default"}) {
        for (auto const &entry : files.list(level))
            m_run_level_entries.push_back(entry.name);
    }
    if (files.failed())
        m_failure = files.reason();
}

void Services::read_wants(GuestFiles &files, const std::string &folder)
{
    for (auto const &entry : files.list(folder)) {
        if (!(entry.name.ends_with(".wants") || entry.name.ends_with(".requires")) || !starts_at_boot(entry.name))
            continue;
        std::string const wants = folder + "/" + entry.name;
        for (auto const &want : files.list(wants)) {
            std::string const path = wants + "/" + want.name;
            m_wants.push_back({want.name, base_name(files.link(path).value_or("")), path});
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

const Services::Link *Services::find_want(const std::string &unit) const
{
    // By its own name, or by an alias whose link leads to it.
    auto const found = std::find_if(m_wants.begin(), m_wants.end(),
                                    [&](auto &want) { return want.name == unit || want.target == unit; });
    return found == m_wants.end() ? nullptr : &*found;
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

// The unit file that systemd would load; empty where there is none. A link to /dev/null or an empty file masks.
std::string Services::find_unit(GuestFiles &files, const std::string &unit, std::string &masked_by) const
{
    for (auto const &folder : m_folders) {
        std::string const path = folder + "/" + unit;
        auto const target = files.link(path);
        if (target && normal_path(target->starts_with('/') ? *target : folder + "/" + *target) == "/dev/null") {
            masked_by = path;
            return {};
        }
        auto const status = files.stat(path);
        if (!status)
            continue;
        if (status->kind == FileKind::regular && status->size == 0) {
            masked_by = path;
            return {};
        }
        return path;
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
            // The unit may be a link to the one that its installation is recorded under (Alias=).
            std::string const real = base_name(files.resolve(file).value_or(file));
            auto const *want = find_want(unit);
            if (want == nullptr)
                want = find_want(real);
            if (want != nullptr)
                set_enabled(state, want->path);
            // A unit hides the script of its name (systemd-sysv-generator(8)).
            continue;
        }
        std::string const name = unit.substr(0, unit.rfind('.'));
        if (files.exists("/etc/init.d/" + name) || files.exists("/etc/rc.d/init.d/" + name))
            state.present = true;
        if (auto const *link = find_start_link(name))
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
