#include "guest/cloud_init.hpp"

#include <algorithm>

#include "guest/guest_text.hpp"
#include "guest/yaml_file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_dpkg_status = 64 * 1024 * 1024;  // bytes

// "22.4.2" of "22.4.2-1ubuntu0~20.04.1", without an epoch.
std::string upstream_version(std::string_view version)
{
    if (auto const colon = version.find(':'); colon != std::string_view::npos && parse_number(version.substr(0, colon)))
        version.remove_prefix(colon + 1);
    auto end = std::min(version.find_first_not_of("0123456789."), version.size());
    // Alibaba's own builds of an older release: "0.7.6a15".
    if (version.substr(end).starts_with('a'))
        end = std::min(version.find_first_not_of("0123456789", end + 1), version.size());
    version = version.substr(0, end);
    while (version.ends_with('.'))
        version.remove_suffix(1);
    return std::string(version);
}

// The version in one "Field: value" block of dpkg's status file that begins with "Package: NAME".
std::string dpkg_version(std::string_view status, std::string_view package)
{
    bool inside = false;
    bool installed = false;
    std::string version;
    // Line by line out of the whole: the file is long.
    while (!status.empty()) {
        std::string_view const line = status.substr(0, status.find('\n'));
        status.remove_prefix(std::min(line.size() + 1, status.size()));
        if (line.empty()) {
            if (inside && installed && !version.empty())
                return version;
            inside = false;
        } else if (line.starts_with("Package: ")) {
            inside = trim(line.substr(9)) == package;
            installed = false;
            version.clear();
        } else if (inside && line.starts_with("Status: ")) {
            installed = line.ends_with(" installed");
        } else if (inside && line.starts_with("Version: ")) {
            version = trim(line.substr(9));
        }
    }
    return inside && installed ? version : std::string();
}

struct PythonInstallation {
    std::string version = {};
    std::string source = {};
    std::string package = {};  // the folder of the cloudinit package; empty: none
};

// The folders in which Python looks for packages.
std::vector<std::string> python_folders(GuestFiles &files)
{
    std::vector<std::string> folders;
    for (const char *base : {"/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"}) {
        for (auto const &entry : files.list(base)) {
            if (!entry.name.starts_with("python"))
                continue;
            for (const char *part : {"/site-packages", "/dist-packages"}) {
                std::string folder = std::string(base) + "/" + entry.name + part;
                if (files.is_directory(folder) && folders.size() < 64)
                    folders.push_back(std::move(folder));
            }
        }
    }
    return folders;
}

// cloudinit/version.py: _PACKAGED_VERSION is filled in by distributions, else it is '@@PACKAGED_VERSION@@'.
std::string version_of_module(std::string_view text)
{
    std::string version;
    for (auto const line : lines_of(text)) {
        auto const equals = line.find('=');
        if (equals == std::string_view::npos)
            continue;
        std::string_view const name = trim(line.substr(0, equals));
        std::string_view value = trim(line.substr(equals + 1));
        if (value.size() < 2 || (value.front() != '"' && value.front() != '\'') || value.back() != value.front())
            continue;
        value = value.substr(1, value.size() - 2);
        if (name == "_PACKAGED_VERSION" && !value.starts_with("@@"))
            return std::string(value);
        if (name == "__VERSION__")
            version = value;
    }
    return version;
}

PythonInstallation find_python_package(GuestFiles &files)
{
    PythonInstallation found;
    for (auto const &folder : python_folders(files)) {
        for (auto const &entry : files.list(folder)) {
            std::string const path = folder + "/" + entry.name;
            if (entry.name == "cloudinit") {
                found.package = path;
                std::string const file = path + "/version.py";
                auto const text = files.text(file);
                std::string version = text ? version_of_module(*text) : std::string();
                if (!version.empty()) {
                    found.version = std::move(version);
                    found.source = file;
                }
            }
            if (!entry.name.starts_with("cloud_init-") || !found.version.empty())
                continue;
            for (auto const &file : {path + "/METADATA", path + "/PKG-INFO", path}) {
                auto const status = files.stat(file);
                if (!status || status->kind != FileKind::regular)
                    continue;
                auto const text = files.text(file);
                for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
                    if (line.starts_with("Version: ") && found.version.empty()) {
                        found.version = trim(line.substr(9));
                        found.source = file;
                    }
                }
            }
        }
    }
    return found;
}

void find_version(GuestFiles &files, CloudInitFacts &facts, const PythonInstallation &python)
{
    if (auto const status = files.text("/var/lib/dpkg/status", max_dpkg_status)) {
        for (const char *package : {"cloud-init", "cloud-init-base"}) {
            std::string const version = dpkg_version(*status, package);
            if (!version.empty() && facts.version.empty()) {
                facts.version = upstream_version(version);
                facts.version_source = "/var/lib/dpkg/status";
            }
        }
    }
    if (facts.version.empty() && !python.version.empty()) {
        facts.version = upstream_version(python.version);
        facts.version_source = python.source;
    }
}

// What it does about logins: keys of key `users` and `system_info` that later files override one by one.
class LoginReader {
public:
    explicit LoginReader(CloudInitFacts &facts) : m_facts(facts) {}

    void take(const YAML::Node &document, const std::string &path)
    {
        set(m_facts.disable_root, yaml_child(document, "disable_root"), path);
        set(m_facts.ssh_pwauth, yaml_child(document, "ssh_pwauth"), path);
        if (auto const value = yaml_text(yaml_child(document, "ssh_deletekeys")))
            m_facts.keeps_host_keys = means_no(*value);
        auto const user = yaml_child(yaml_child(document, "system_info"), "default_user");
        if (auto const name = yaml_text(yaml_child(user, "name")))
            m_default_name = *name;
        set(m_default_lock, yaml_child(user, "lock_passwd"), path);
        if (auto const users = yaml_child(document, "users"); users.IsDefined())
            take_users(users, path);
    }

    void finish()
    {
        // cloudinit/config/cc_ssh.py and cc_users_groups.py: what holds where nothing is set.
        if (m_facts.disable_root.value.empty())
            m_facts.disable_root.value = "true";
        if (m_default_name == "root" && m_default_counts) {
            m_facts.lock_root = m_default_lock;
            if (m_facts.lock_root.value.empty())
                m_facts.lock_root.value = "true";
        }
        if (!m_root.value.empty())
            m_facts.lock_root = m_root;
    }

private:
    static void set(Setting &setting, const YAML::Node &node, const std::string &path)
    {
        auto const text = yaml_text(node);
        if (!text)
            return;
        std::string const word = to_lower(*text);
        setting.value = means_yes(word) ? "true" : means_no(word) ? "false" : word;
        setting.where = {path, yaml_line(node), {}, printable(*text, 256)};
    }

    void take_users(const YAML::Node &users, const std::string &path)
    {
        m_default_counts = false;
        m_root = {};
        for (auto const &name : yaml_texts(users))
            m_default_counts = m_default_counts || name == "default";
        for (std::size_t i = 0; users.IsSequence() && i < std::min<std::size_t>(users.size(), 1000); ++i) {
            auto const user = users[i];
            if (yaml_text(yaml_child(user, "name")) != "root")
                continue;
            set(m_root, yaml_child(user, "lock_passwd"), path);
            if (m_root.value.empty())
                m_root = {"true", {path, yaml_line(user), {}, "users: root"}};
        }
    }

    CloudInitFacts &m_facts;
    std::string m_default_name;
    Setting m_default_lock;
    bool m_default_counts = true;
    Setting m_root;
};

bool is_freebsd(GuestFiles &files)
{
    return files.exists("/etc/rc.subr") && files.exists("/etc/rc.d/netif");
}

// FreeBSD's ports keep their configuration below /usr/local.
std::string settings_folder(GuestFiles &files)
{
    return is_freebsd(files) ? "/usr/local/etc/cloud" : "/etc/cloud";
}

// What cloud-init takes for true (cloudinit.util.is_true): YAML's own words, and the texts true, 1, on and yes.
bool is_true(const YAML::Node &node)
{
    std::string const word = to_lower(trim(yaml_text(node).value_or("")));
    return word == "true" || word == "1" || word == "on" || word == "yes";
}

// cloud.cfg, then the files of cloud.cfg.d in order: for a key that several have, the last one counts, lists whole and
// mappings key by key (cloudinit.util.read_conf_with_confd). No file of the image comes after them.
void read_config(GuestFiles &files, const std::string &folder, CloudInitFacts &facts)
{
    std::vector<std::string> paths{folder + "/cloud.cfg"};
    for (auto const &path : files.files_in(folder + "/cloud.cfg.d", ".cfg"))
        paths.push_back(path);
    std::vector<std::string> modules;
    bool growpart_off = false;
    LoginReader logins(facts);
    bool network_mapped = false;
    for (auto const &path : paths) {
        auto const document = read_yaml(files, path);
        if (!document)
            continue;
        if (auto const list = yaml_child(*document, "datasource_list"); list.IsDefined()) {
            facts.datasources = yaml_texts(list);
            facts.datasources_where = {path, yaml_line(list), {}, join(*facts.datasources, ", ")};
        }
        if (auto const config = yaml_child(yaml_child(*document, "network"), "config"); config.IsDefined()) {
            // A mapping beats a word, whichever comes first: so its merging works out (cloudinit.mergers.m_str).
            network_mapped |= config.IsMap();
            facts.network_disabled = !network_mapped && yaml_text(config) == "disabled";
            facts.network_where = facts.network_disabled
                                      ? Evidence{path, yaml_line(config), {}, "network: {config: disabled}"}
                                      : Evidence{};
        }
        if (auto const keep = yaml_child(*document, "preserve_hostname"); keep.IsDefined()) {
            facts.preserve_hostname = is_true(keep);
            facts.preserve_hostname_where = {path, yaml_line(keep), {}, yaml_text(keep).value_or("")};
        }
        if (auto const list = yaml_child(*document, "cloud_init_modules"); list.IsDefined()) {
            modules = yaml_texts(list);
            // An entry may also be [name, frequency, arguments...].
            for (std::size_t i = 0; list.IsSequence() && i < list.size() && i < 1000; ++i) {
                if (list[i].IsSequence() && list[i].size() > 0)
                    modules.push_back(yaml_text(list[i][0]).value_or(""));
            }
        }
        if (auto const mode = yaml_text(yaml_child(yaml_child(*document, "growpart"), "mode")))
            growpart_off = means_no(*mode);
        logins.take(*document, path);
    }
    logins.finish();
    facts.makes_host_keys = std::find(modules.begin(), modules.end(), "ssh") != modules.end();
    facts.grows_root = !growpart_off && std::find(modules.begin(), modules.end(), "growpart") != modules.end();
}

// ds-identify decides at boot whether and with what cloud-init runs (tools/ds-identify, "POLICY").
void set_policy(CloudInitFacts &facts, std::string_view value, Evidence where)
{
    facts.policy = {std::string(value), std::move(where)};
}

void set_datasource(CloudInitFacts &facts, std::string_view value, Evidence where)
{
    facts.datasources = std::vector{std::string(value)};
    facts.datasources_where = std::move(where);
}

void read_ds_identify(GuestFiles &files, const std::string &folder, CloudInitFacts &facts, std::string_view cmdline)
{
    const std::string path = folder + "/ds-identify.cfg";
    auto const text = files.text(path);
    std::uint64_t number = 0;
    for (auto line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        ++number;
        line = trim(line.substr(0, line.find('#')));
        auto const colon = line.find(':');
        if (colon == std::string_view::npos)
            continue;
        std::string_view const key = trim(line.substr(0, colon));
        std::string_view value = trim(line.substr(colon + 1));
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
            value = value.substr(1, value.size() - 2);
        if (key == "policy")
            set_policy(facts, value, {path, number, {}, std::string(line)});
        if (key == "datasource" && !value.empty())
            set_datasource(facts, value, {path, number, {}, std::string(value)});
    }
    // The kernel's arguments come last and win.
    for (auto const &argument : split_blanks(cmdline)) {
        auto const equals = std::min(argument.find('='), argument.size());
        std::string_view const key = std::string_view(argument).substr(0, equals);
        std::string_view const value = std::string_view(argument).substr(std::min(equals + 1, argument.size()));
        Evidence const where{"the kernel's arguments", {}, {}, argument};
        if (key == "ci.di.policy")
            set_policy(facts, value, where);
        if ((key == "ci.ds" || key == "ci.datasource") && !value.empty())
            set_datasource(facts, value, where);
    }
    // "MODE,found=...,maybe=...,notfound=...".
    if (facts.policy.value.substr(0, facts.policy.value.find(',')) == "disabled")
        facts.disabled_by = facts.policy.where.file;
}

// FreeBSD: the port's rc scripts, which cloudinit_enable in rc.conf starts.
void read_rc_start(GuestFiles &files, CloudInitFacts &facts)
{
    facts.enabled = files.exists("/usr/local/etc/rc.d/cloudinit") && read_rc_conf(files).on("cloudinit_enable");
    if (!facts.enabled && facts.installed)
        facts.disabled_by = "no cloudinit_enable=\"YES\" in /etc/rc.conf";
}

void read_unit_start(GuestFiles &files, const Services &services, CloudInitFacts &facts)
{
    // The stage that reads the data source. Its unit is wanted by multi-user.target in older packages and by
    // cloud-init.target in newer ones; a generator starts that target.
    auto const network = services.state(files, {"cloud-init.service", "cloud-init-network.service"});
    auto const local = services.state(files, {"cloud-init-local.service"});
    bool const generator = files.exists("/lib/systemd/system-generators/cloud-init-generator") ||
                           files.exists("/usr/lib/systemd/system-generators/cloud-init-generator");
    facts.enabled = network.enabled || (generator && network.present);
    if (!network.masked_by.empty() || !local.masked_by.empty()) {
        facts.enabled = false;
        facts.disabled_by = network.masked_by.empty() ? local.masked_by : network.masked_by;
    } else if (!facts.enabled && facts.installed) {
        facts.disabled_by = "nothing starts cloud-init.service";
    }
}

void read_start(GuestFiles &files, const Services &services, CloudInitFacts &facts, std::string_view cmdline)
{
    if (is_freebsd(files))
        read_rc_start(files, facts);
    else
        read_unit_start(files, services, facts);
    std::string const folder = settings_folder(files);
    if (files.exists(folder + "/cloud-init.disabled"))
        facts.disabled_by = folder + "/cloud-init.disabled";
    for (auto const &argument : split_blanks(cmdline)) {
        if (argument == "cloud-init=disabled")
            facts.disabled_by = "the kernel argument cloud-init=disabled";
    }
    read_ds_identify(files, folder, facts, cmdline);
    if (!facts.disabled_by.empty())
        facts.enabled = false;
}

}  // namespace

Known<CloudInitFacts> read_cloud_init(FileTree &tree, const Services &services, std::string_view cmdline)
{
    GuestFiles files(tree);
    CloudInitFacts facts;
    for (const char *path : {"/usr/bin/cloud-init", "/usr/local/bin/cloud-init", "/bin/cloud-init"}) {
        if (facts.program.empty() && files.exists(path))
            facts.program = path;
    }
    PythonInstallation const python = find_python_package(files);
    std::string const folder = settings_folder(files);
    facts.installed = !facts.program.empty() && (!python.package.empty() || files.exists(folder + "/cloud.cfg"));
    // The settings are facts even where the program is gone.
    read_config(files, folder, facts);
    if (facts.installed)
        find_version(files, facts, python);
    read_start(files, services, facts, cmdline);
    if (!facts.installed)
        facts.enabled = false;
    return files.answer(std::move(facts));
}

}  // namespace imgport
