#include "guest/ssh_host_keys.hpp"

#include <algorithm>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_units = 500;

// ssh-keygen, sshd-keygen (Red Hat), sshd-gen-keys-start (SUSE), sshd_keygen (Container Linux, Flatcar), or the
// package's set-up script (Debian).
bool makes_keys(std::string_view text)
{
    for (auto line : lines_of(text)) {
        line = trim(line);
        if (line.starts_with('#') || line.starts_with("After=") || line.starts_with("Before="))
            continue;
        for (std::string_view word : {"ssh-keygen", "sshd-keygen", "sshdgenkeys", "sshd-gen-keys", "sshd_keygen"}) {
            if (line.find(word) != std::string_view::npos)
                return true;
        }
        if (line.find("dpkg-reconfigure") != std::string_view::npos && line.find("openssh-server") != std::string::npos)
            return true;
    }
    return false;
}

bool file_makes_keys(GuestFiles &files, const std::string &path)
{
    auto const status = files.stat(path);
    if (!status || status->kind != FileKind::regular)
        return false;
    auto const text = files.text(path);
    return text && makes_keys(*text);
}

// Whether the unit for the keys that these lines ask for (Wants=, Requires=) was masked.
bool wants_masked(GuestFiles &files, const Services &services, const std::string &path)
{
    auto const text = files.text(path);
    for (auto const line : lines_of(text ? std::string_view(*text) : std::string_view())) {
        std::string_view const words = trim(line);
        if (!words.starts_with("Wants=") && !words.starts_with("Requires="))
            continue;
        for (auto const &unit : split_blanks(words.substr(words.find('=') + 1))) {
            bool const plain = unit.ends_with(".service") && unit.find('@') == std::string::npos;
            if (plain && makes_keys(unit) && !services.state(files, {unit}).masked_by.empty())
                return true;
        }
    }
    return false;
}

// The server's own unit counts as it is; every other unit that makes keys where something starts it.
std::string find_unit(GuestFiles &files, const Services &services)
{
    for (const char *folder : {"/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/"}) {
        for (const char *unit : {"ssh.service.d", "sshd.service.d", "ssh@.service.d", "sshd@.service.d"}) {
            for (auto const &path : files.files_in(std::string(folder) + unit, ".conf")) {
                if (file_makes_keys(files, path) && !wants_masked(files, services, path))
                    return path;
            }
        }
    }
    for (const char *folder : {"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}) {
        std::size_t read = 0;
        for (auto const &path : files.files_in(folder, ".service")) {
            std::string const name = base_name(path);
            bool const of_server =
                name == "sshd.service" || name == "ssh.service" || name == "sshd@.service" || name == "ssh@.service";
            // A vendor's folder holds hundreds of others.
            bool const likely = std::string_view(folder).starts_with("/etc") || name.find("ssh") != std::string::npos;
            if (!likely || ++read > max_units || !file_makes_keys(files, path))
                continue;
            if ((of_server && !wants_masked(files, services, path)) || services.state(files, {name}).enabled)
                return path;
        }
    }
    return {};
}

}  // namespace

void read_host_keys(GuestFiles &files, const Services &services, const std::vector<std::string> &configured,
                    SshdFacts &facts)
{
    if (!configured.empty()) {
        for (auto const &path : configured) {
            if (path.starts_with('/') && files.exists(path))
                facts.host_keys.push_back(path);
        }
    } else {
        for (auto const &path : files.files_in("/etc/ssh", "_key")) {
            if (base_name(path).starts_with("ssh_host_"))
                facts.host_keys.push_back(path);
        }
    }
    // Scripts of the server that make what is missing: Red Hat 6, SUSE 11, Alpine, Gentoo, FreeBSD.
    for (const char *path : {"/etc/init.d/sshd", "/etc/init.d/ssh", "/etc/rc.d/sshd", "/etc/rc.d/init.d/sshd",
                             "/etc/init/ssh.conf", "/etc/rc.local", "/etc/rc.d/rc.local", "/etc/rc.d/rc.sshd"}) {
        if (facts.key_generator.empty() && file_makes_keys(files, path))
            facts.key_generator = path;
    }
    if (facts.key_generator.empty())
        facts.key_generator = find_unit(files, services);
}

}  // namespace imgport
