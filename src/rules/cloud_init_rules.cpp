// What cloud-init finds and does at the first start, and what other clouds left in its way.
#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Why a setting of cloud-init is of no account; nullopt where it is.
std::optional<Outcome> not_running(const GuestFacts &guest)
{
    if (is_coreos(guest.os))
        return not_applicable(std::string(ignition_instead));
    if (!guest.cloud_init)
        return unknown(guest.cloud_init.reason());
    if (!guest.cloud_init->installed || !guest.cloud_init->enabled)
        return not_applicable("cloud-init does not run: see cloudinit-installed");
    return std::nullopt;
}

Outcome cloudinit_detect(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (is_coreos(guest.os))
        return not_applicable(std::string(ignition_instead));
    if (!guest.cloud_init)
        return unknown(guest.cloud_init.reason());
    auto const &cloud_init = *guest.cloud_init;
    if (!cloud_init.installed)
        return not_applicable("cloud-init is not installed: see cloudinit-installed");
    Setting const &policy = cloud_init.policy;
    std::string const mode = policy.value.substr(0, policy.value.find(','));
    if (mode == "disabled")
        return violated(fmt::format("the policy of ds-identify is '{}': cloud-init never runs, so the instance gets no "
                                    "password, no key and no host name",
                                    policy.value),
                        {policy.where});
    if (policy.value.empty())
        return passed("ds-identify recognises the cloud by the machine's product name");
    return passed(fmt::format("the policy '{}' leaves cloud-init on", policy.value), {policy.where});
}

Outcome cloudinit_net(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (auto reason = not_running(guest))
        return *reason;
    if (!guest.cloud_init->network_disabled)
        return passed("cloud-init configures the network");
    if (!guest.network)
        return unknown(guest.network.reason());
    if (!leaves_network_to_nobody(guest))
        return guest.network->interfaces.empty()
                   ? passed("cloud-init leaves the network alone, and NetworkManager asks for an address by itself")
                   : not_applicable("cloud-init leaves the network to the image's own configuration: see net-dhcp");
    return violated("cloud-init is told to leave the network alone, and nothing else in the image configures one: the "
                    "instance has no network",
                    {guest.cloud_init->network_where});
}

Outcome cloudinit_hostname(const RuleContext &context)
{
    if (auto reason = not_running(*context.guest))
        return *reason;
    auto const &cloud_init = *context.guest->cloud_init;
    if (!cloud_init.preserve_hostname)
        return passed("cloud-init sets the host name");
    Evidence where = cloud_init.preserve_hostname_where;
    where.value = "preserve_hostname: " + where.value;
    return violated("cloud-init is told to keep the host name: every instance has the old machine's",
                    {std::move(where)});
}

Outcome cloudinit_other_cloud(const RuleContext &context)
{
    auto const &traces = context.guest->cloud_traces;
    if (!traces)
        return unknown(traces.reason());
    std::vector<Evidence> evidence;
    std::vector<std::string> names;
    for (auto const &item : traces->settings) {
        evidence.push_back(seen(item.file, "settings for " + item.value));
        names.push_back(item.file);
    }
    for (auto const &item : traces->agents) {
        evidence.push_back(seen(item.file, item.value));
        names.push_back(item.value);
    }
    if (evidence.empty())
        return passed("nothing of another cloud or of an installer is left");
    return violated(fmt::format("left by another cloud or by an installer: {}; in this cloud it configures the wrong "
                                "thing, or waits for what is not there",
                                join(names, ", ")),
                    std::move(evidence));
}

Outcome cloud_assistant(const RuleContext &context)
{
    if (is_coreos(context.guest->os))
        return not_applicable("Cloud Assistant is not for systems without a package manager");
    auto const &traces = context.guest->cloud_traces;
    if (!traces)
        return unknown(traces.reason());
    if (traces->assistant.empty())
        return violated("Cloud Assistant is not installed: commands and sessions from the console do not work; it can "
                        "be added at any time",
                        {seen("/usr/local/share/aliyun-assist", "missing")});
    return passed("Cloud Assistant is installed", {seen(traces->assistant.front(), "Cloud Assistant")});
}

}  // namespace

std::vector<Rule> cloud_init_rules()
{
    std::string const group = "system";
    return {
        {{"cloudinit-detect",
          group,
          "cloud-init may find out that it is in this cloud",
          "With its detection switched off it never runs: no password, no key, no host name.",
          "Delete the line policy: disabled from /etc/cloud/ds-identify.cfg, and ci.di.policy= from the kernel's "
          "arguments",
          cite({"CID"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cloudinit_detect},
        {{"cloudinit-net",
          group,
          "Where cloud-init leaves the network alone, the image configures it",
          "The instance has no network: nobody can log in, and cloud-init cannot read its metadata.",
          "Delete the file with network: {config: disabled} in /etc/cloud/cloud.cfg.d, or configure DHCP in the image "
          "(see net-dhcp)",
          cite({"CI"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cloudinit_net},
        {{"cloudinit-hostname",
          group,
          "cloud-init sets the host name",
          "Every instance has the old machine's name.",
          "preserve_hostname: false in /etc/cloud/cloud.cfg; delete the files in /etc/cloud/cloud.cfg.d that say "
          "otherwise",
          cite({"CI"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cloudinit_hostname},
        {{"cloudinit-other-cloud",
          group,
          "No settings or agents of another cloud are left",
          "They configure the network, the clock or the package mirrors for another place, or wait for what is not "
          "there.",
          "Delete the files named here; remove the agents with the package manager (walinuxagent, google-guest-agent, "
          "amazon-ssm-agent), or systemctl disable them",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cloudinit_other_cloud},
        {{"cloud-assistant",
          group,
          "Cloud Assistant is installed",
          "Commands and sessions from the console do not work until it is.",
          "Install the package aliyun-assist from the cloud's own mirror (RPM or DEB), before the import or in the "
          "running instance",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cloud_assistant},
    };
}

}  // namespace imgport
