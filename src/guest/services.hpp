// Whether the guest starts a service at boot, whichever init system it has.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "guest/guest_files.hpp"
#include "guest/guest_text.hpp"
#include "guest/presets.hpp"

namespace imgport {

struct ServiceState {
    bool present = false;  // there is a unit, a job or a script of that name
    bool enabled = false;
    std::string enabled_by = {};  // the link, job or script that starts it; the unit where the first boot enables it
    std::string masked_by = {};   // the link to /dev/null, where systemd is told never to start it
};

// The links that start things, read once for all who ask.
class Services {
public:
    explicit Services(FileTree &tree);

    // `units` are systemd unit names ("sshd.service", "sshd.socket"); the first part of each is also looked for as a
    // SysV script (S links in rcN.d), an upstart job and an OpenRC script. Enabled: one of them is.
    // Where the links could not be read, `files` remembers it.
    ServiceState state(GuestFiles &files, const std::vector<std::string> &units) const;

    // Whether a unit or script whose name begins so is started: the instances of a template ("dhcpcd@").
    bool any_enabled(std::string_view prefix) const;

private:
    struct Link {
        std::string name;  // "ssh.service", or "ssh" for the link "S02ssh"
        std::string unit;  // which unit that is, without its aliases; empty where there is none, or it is masked
        std::string path;
    };
    void read_wants(GuestFiles &files);
    void read_run_levels(GuestFiles &files);
    std::string own_name(GuestFiles &files, const std::string &unit, const std::string &file) const;
    const Link *find_want(const std::string &own_name) const;
    const Link *find_start_link(const std::string &name) const;
    std::string find_unit(GuestFiles &files, const std::string &unit, std::string &masked_by) const;

    std::vector<std::string> m_folders;  // where units lie, the strongest first
    std::vector<Link> m_wants;
    std::vector<Link> m_start_links;
    std::vector<std::string> m_run_level_entries;  // of OpenRC
    std::optional<Presets> m_presets;              // where a first boot will apply them
    std::string m_failure;
};

// FreeBSD's /etc/rc.conf, rc.conf.local and rc.conf.d, rc.conf(5).
struct RcConf {
    struct Value {
        std::string value;
        std::string file;
        std::uint64_t line = 0;
    };
    std::map<std::string, Value, std::less<>> values = {};

    const Value *find(std::string_view name) const;
    // Whether NAME_enable or the like says YES.
    bool on(std::string_view name) const;
};
RcConf read_rc_conf(GuestFiles &files);

}  // namespace imgport
