#include "guest/clock.hpp"

#include <array>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// hwclock(8), "The Adjtime File": the third line is UTC or LOCAL. It beats what older systems say elsewhere, for the
// tools of all of them read it.
bool read_adjtime(GuestFiles &files, TimeFacts &facts)
{
    const std::string path = "/etc/adjtime";
    auto const text = files.text(path);
    if (!text)
        return false;
    auto const lines = lines_of(*text);
    if (lines.size() < 3)
        return false;
    std::string_view const clock = trim(lines[2]);
    if (clock != "UTC" && clock != "LOCAL")
        return false;
    facts.local_clock = clock == "LOCAL";
    facts.clock_where = {path, 3, {}, std::string(clock)};
    return true;
}

struct ClockSetting {
    const char *path;
    const char *key;
    bool (*is_local)(std::string_view value);
};

bool says_no(std::string_view value)
{
    return means_no(value);
}
bool says_local(std::string_view value)
{
    return value == "local" || value.find("--localtime") != std::string_view::npos;
}

// Red Hat's, SUSE's, old Debian's, Gentoo's and Alpine's.
constexpr std::array<ClockSetting, 5> settings{{
    {"/etc/sysconfig/clock", "UTC", says_no},
    {"/etc/sysconfig/clock", "HWCLOCK", says_local},
    {"/etc/default/rcS", "UTC", says_no},
    {"/etc/conf.d/hwclock", "clock", says_local},
    {"/etc/conf.d/clock", "CLOCK", says_local},
}};

void read_settings(GuestFiles &files, TimeFacts &facts)
{
    for (auto const &setting : settings) {
        if (files.is_directory(setting.path))
            continue;
        auto const text = files.text(setting.path);
        auto const values = shell_assignments(text ? std::string_view(*text) : std::string_view());
        auto const found = values.find(setting.key);
        if (found == values.end())
            continue;
        facts.local_clock = setting.is_local(found->second.value);
        facts.clock_where = {
            setting.path, found->second.line, {}, std::string(setting.key) + "=" + found->second.value};
        return;
    }
}

struct Daemon {
    const char *name;
    std::vector<std::string> units;
    const char *rc_key;  // of FreeBSD's rc.conf
};

void read_daemons(GuestFiles &files, const Services &services, TimeFacts &facts)
{
    const std::array<Daemon, 5> daemons{{
        {"chrony", {"chronyd.service", "chrony.service"}, "chronyd_enable"},
        {"ntp", {"ntpd.service", "ntp.service", "ntpsec.service"}, "ntpd_enable"},
        {"systemd-timesyncd", {"systemd-timesyncd.service"}, nullptr},
        {"openntpd", {"openntpd.service"}, "openntpd_enable"},
        {"busybox ntpd", {"busybox-ntpd.service"}, nullptr},
    }};
    bool const freebsd = files.exists("/etc/rc.subr");
    auto const rc_conf = freebsd ? read_rc_conf(files) : RcConf{};
    for (auto const &daemon : daemons) {
        auto const state = services.state(files, daemon.units);
        if (state.enabled) {
            facts.daemons.push_back({state.enabled_by, {}, {}, daemon.name});
        } else if (daemon.rc_key != nullptr && rc_conf.on(daemon.rc_key)) {
            auto const *value = rc_conf.find(daemon.rc_key);
            facts.daemons.push_back({value->file, value->line, {}, daemon.name});
        } else if (state.present || !state.masked_by.empty()) {
            facts.stopped.emplace_back(daemon.name);
        }
    }
}

}  // namespace

Known<TimeFacts> read_time(FileTree &tree, const Services &services)
{
    GuestFiles files(tree);
    TimeFacts facts;
    if (!read_adjtime(files, facts))
        read_settings(files, facts);
    read_daemons(files, services, facts);
    return files.answer(std::move(facts));
}

}  // namespace imgport
