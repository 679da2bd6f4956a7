// What one machine left behind that every instance would share.
#include <fmt/format.h>

#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

std::vector<Evidence> all_seen(const std::vector<std::string> &paths, const std::string &what)
{
    std::vector<Evidence> evidence;
    evidence.reserve(paths.size());
    for (auto const &path : paths)
        evidence.push_back(seen(path, what));
    return evidence;
}

Outcome machine_id(const RuleContext &context)
{
    auto const &residue = context.guest->residue;
    if (!residue)
        return unknown(residue.reason());
    std::vector<Evidence> evidence;
    if (residue->machine_id == "set")
        evidence.push_back(seen("/etc/machine-id", "the old machine's"));
    if (residue->dbus_machine_id == "set")
        evidence.push_back(seen("/var/lib/dbus/machine-id", "a file of its own, with the old machine's"));
    if (!evidence.empty())
        return violated(fmt::format("{} is the old machine's: every instance has the same, and two in one network ask "
                                    "for the same address by DHCP",
                                    evidence.front().file),
                        evidence);
    if (residue->machine_id == "missing")
        return passed("there is no /etc/machine-id: where systemd runs, the first boot makes one");
    return passed(fmt::format("/etc/machine-id is {}: the first boot makes one", residue->machine_id));
}

Outcome cloud_state(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.residue)
        return unknown(guest.residue.reason());
    auto const &state = guest.residue->cloud_state;
    if (state.empty())
        return passed("cloud-init has left no state of an earlier run");
    if (guest.cloud_init && !guest.cloud_init->installed)
        return passed("state of cloud-init is left, but it is not installed");
    return violated(fmt::format("{} is left of an earlier run of cloud-init: it may think that it is done, or take the "
                                "old machine's settings",
                                state.front()),
                    all_seen(state, "left of an earlier run"));
}

Outcome dhcp_leases(const RuleContext &context)
{
    auto const &residue = context.guest->residue;
    if (!residue)
        return unknown(residue.reason());
    auto const &leases = residue->leases;
    if (leases.empty())
        return passed("no DHCP leases and no random seed are left");
    return violated(
        fmt::format("{} is left of the old machine, and every instance would start from it", leases.front()),
        all_seen(leases, "left of the old machine"));
}

}  // namespace

std::vector<Rule> state_rules()
{
    std::string const group = "access";
    return {
        {{"machine-id",
          group,
          "/etc/machine-id is empty",
          "Instances of one image have the same id: DHCP gives two of them one address, and logs and agents mix them "
          "up.",
          "truncate -s 0 /etc/machine-id (keep the file), and ln -sf /etc/machine-id /var/lib/dbus/machine-id",
          cite({"FAQ"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         machine_id},
        {{"cloud-state",
          group,
          "cloud-init has left no state of an earlier run",
          "cloud-init takes the instance for the old machine and sets up neither password, key nor host name; a seed "
          "left behind is taken instead of the cloud's data.",
          "cloud-init clean --logs --seed, or rm -rf /var/lib/cloud/{instances,instance,data,sem,seed}",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         cloud_state},
        {{"dhcp-leases",
          group,
          "No DHCP leases and no random seed are left",
          "The first request asks for the old address, and instances begin with the same randomness.",
          "rm the files named here",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         dhcp_leases},
    };
}

}  // namespace imgport
