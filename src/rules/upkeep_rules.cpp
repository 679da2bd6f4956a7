// Time, and what a machine piles up while it runs.
#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
// Of one folder. A server that has just been installed stays below: a package cache of some 100 MiB, a journal of 50.
constexpr std::uint64_t large_folder = 256 * mib;

Outcome rtc_utc(const RuleContext &context)
{
    auto const &time = context.guest->time;
    if (!time)
        return unknown(time.reason());
    if (time->local_clock)
        return violated("the hardware clock is taken to run in local time; the cloud's runs in UTC, so the time is "
                        "wrong by hours until it is set",
                        {time->clock_where});
    if (time->clock_where.file.empty())
        return passed("nothing says that the hardware clock runs in local time");
    return passed("the hardware clock runs in UTC", {time->clock_where});
}

Outcome timezone_ntp(const RuleContext &context)
{
    auto const &time = context.guest->time;
    if (!time)
        return unknown(time.reason());
    if (!time->daemons.empty())
        return passed(fmt::format("{} sets the clock", time->daemons.front().value), time->daemons);
    std::vector<Evidence> evidence;
    evidence.reserve(time->stopped.size());
    for (auto const &name : time->stopped)
        evidence.push_back(seen(name, "installed, but does not start at boot"));
    return violated(time->stopped.empty()
                        ? std::string("nothing sets the clock from the network (chrony, ntpd, systemd-timesyncd)")
                        : fmt::format("{} is installed, but does not start at boot", join(time->stopped, ", ")),
                    std::move(evidence));
}

Outcome snapd_logs(const RuleContext &context)
{
    auto const &folders = context.guest->leftovers;
    if (!folders)
        return unknown(folders.reason());
    std::vector<Evidence> evidence;
    std::vector<std::string> names;
    std::vector<std::string> open;
    std::uint64_t total = 0;
    for (auto const &folder : *folders) {
        total += folder.bytes;
        if (folder.bytes >= large_folder || !folder.whole) {
            std::string const size = folder.bytes >= large_folder ? human_size(folder.bytes)
                                                                  : fmt::format("more than {} files", folder.files - 1);
            evidence.push_back(
                seen(folder.path, fmt::format("{} bytes in {}{} files", folder.bytes, folder.whole ? "" : "the first ",
                                              folder.whole ? folder.files : folder.files - 1)));
            names.push_back(fmt::format("{} ({})", folder.path, size));
        }
    }
    if (evidence.empty())
        return passed(fmt::format("logs, caches and temporary files hold {}", human_size(total)));
    return violated(
        fmt::format("logs, caches or temporary files fill {}: every instance carries them", join(names, ", ")),
        std::move(evidence));
}

}  // namespace

std::vector<Rule> upkeep_rules()
{
    std::string const group = "system";
    return {
        {{"passwd-sha512",
          group,
          "The system can verify the password hash that the cloud sets",
          "The password that was chosen for the instance is not accepted.",
          "the cloud's page ties the password hash to a condition on the kernel that its stored copies leave out; any "
          "distribution since 2010 (glibc 2.7) verifies SHA-512 hashes",
          cite({"SPEC"}),
          {""},
          false},
         Reads::nothing,
         Guests::linux_only,
         nullptr},
        {{"rtc-utc",
          group,
          "The hardware clock runs in UTC",
          "The time is wrong by hours until a time server sets it.",
          "timedatectl set-local-rtc 0; or put UTC into the third line of /etc/adjtime; UTC=true in "
          "/etc/sysconfig/clock on old systems",
          cite({"SMCI"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         rtc_utc},
        {{"timezone-ntp",
          group,
          "A time service starts at boot",
          "Clocks of instances drift: certificates and signed requests are refused.",
          "Install chrony and systemctl enable chrony (RHEL, SUSE: chronyd), or systemctl enable systemd-timesyncd; "
          "FreeBSD: ntpd_enable=\"YES\"",
          cite({"CI"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         timezone_ntp},
        {{"snapd-logs",
          group,
          "Logs, caches and temporary files are emptied",
          "Every instance carries them: space, and traces of the old machine.",
          "journalctl --rotate && journalctl --vacuum-time=1s; truncate -s 0 the files in /var/log; apt clean, or dnf "
          "clean all; rm -rf /tmp/* /var/tmp/*; rm -rf /var/lib/snapd/cache/*",
          cite({"CRED"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         snapd_logs},
    };
}

}  // namespace imgport
