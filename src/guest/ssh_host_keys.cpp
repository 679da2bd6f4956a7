#include "guest/ssh_host_keys.hpp"

#include <algorithm>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t max_units = 500;

// ssh-keygen, sshd-keygen (Red Hat), sshd-gen-keys-start (SUSE), or the package's set-up script (Debian).
bool makes_keys(std::string_view text)
{
    for (auto line : lines_of(text)) {
        line = trim(line);
        if (line.starts_with('#'))
            continue;
        for (std::string_view word : {"ssh-keygen", "sshd-keygen", "sshdgenkeys", "sshd-gen-keys"}) {
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

// The server's own unit counts as it is; every other unit that makes keys where something starts it.
std::string find_unit(GuestFiles &files, const Services &services)
{
    for (const char *folder : {"/etc/systemd/system/ssh.service.d", "/etc/systemd/system/sshd.service.d"}) {
        for (auto const &path : files.files_in(folder, ".conf")) {
            if (file_makes_keys(files, path))
                return path;
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
            if (of_server || services.state(files, {name}).enabled)
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
