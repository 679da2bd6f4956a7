// What the SSH server asks for, and whom it turns away.
#include <algorithm>

#include <fmt/format.h>

#include "guest/guest_text.hpp"
#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome no_server()
{
    return not_applicable("no SSH server is installed: see sshd-enabled");
}

Evidence evidence_of(const Setting &setting, std::string_view keyword)
{
    Evidence evidence = setting.where;
    evidence.value = fmt::format("{} {}", keyword, setting.value);
    return evidence;
}

Outcome sshd_password(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.sshd)
        return unknown(guest.sshd.reason());
    auto const &sshd = *guest.sshd;
    if (!sshd.installed)
        return no_server();
    if (sshd.password_authentication.value != "no")
        return passed("the SSH server takes passwords");
    if (is_coreos(guest.os))
        return passed("the SSH server takes keys only, as this system is made, and Ignition brings one");
    auto const evidence = evidence_of(sshd.password_authentication, "PasswordAuthentication");
    // PAM asks for the password as well, by another name (sshd_config(5), UsePAM).
    if (sshd.kbd_interactive.value == "yes" && sshd.use_pam.value == "yes")
        return passed("PasswordAuthentication is off, but PAM asks for passwords (KbdInteractiveAuthentication)",
                      {evidence});
    if (!guest.cloud_init)
        return unknown(guest.cloud_init.reason());
    auto const &cloud_init = *guest.cloud_init;
    if (cloud_init.enabled && cloud_init.ssh_pwauth.value == "true")
        return passed("cloud-init turns passwords on at the first boot (ssh_pwauth)", {evidence});
    if (cloud_init.enabled)
        return violated(
            "the SSH server takes no passwords: only a key pair that is chosen when the instance is created "
            "lets anybody in, and a password from the console does not",
            {evidence}, "cloud-init");
    if (auto const *key = find_key(guest))
        return passed(fmt::format("the SSH server takes keys only, and {} brings one", key->path), {evidence});
    if (!guest.credentials)
        return unknown(guest.credentials.reason());
    return violated(
        "the SSH server takes no passwords, the image has no keys, and no cloud-init brings any: nobody can "
        "log in over the network",
        {evidence});
}

Outcome sshd_hostkeys(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.sshd)
        return unknown(guest.sshd.reason());
    auto const &sshd = *guest.sshd;
    if (!sshd.installed)
        return no_server();
    bool const known = static_cast<bool>(guest.cloud_init);
    bool const made = known && guest.cloud_init->enabled && guest.cloud_init->makes_host_keys;
    if (sshd.host_keys.empty()) {
        if (!sshd.key_generator.empty())
            return passed(fmt::format("{} makes the server's keys at the first boot", sshd.key_generator));
        if (made)
            return passed("cloud-init makes the server's keys at the first boot");
        if (!known)
            return unknown(guest.cloud_init.reason());
        return violated("the SSH server has no keys of its own, and nothing makes them: it does not start",
                        {seen("/etc/ssh", "no ssh_host_*_key")});
    }
    if (made && !guest.cloud_init->keeps_host_keys)
        return passed("cloud-init makes new keys for the server at the first boot");
    std::vector<Evidence> evidence;
    for (auto const &path : sshd.host_keys)
        evidence.push_back(seen(path, "a private key of the server"));
    if (!known)
        return unknown(guest.cloud_init.reason());
    return violated(fmt::format("{} is in the image: every instance has the same, and whoever has the image can pass "
                                "for any of them",
                                sshd.host_keys.front()),
                    std::move(evidence), "present");
}

// "192.0.2.5", "[2001:db8::1]:22", "192.0.2.5:22": an address that the instance will not have.
bool is_fixed_address(std::string_view text)
{
    if (text.starts_with('['))
        text = text.substr(1, text.find(']') - 1);
    else if (std::count(text.begin(), text.end(), ':') == 1)
        text = text.substr(0, text.find(':'));
    if (text == "localhost")
        return true;
    if (text.find(':') != std::string_view::npos)
        return text.find_first_not_of(":0") != std::string_view::npos;
    bool const number = !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
    return number && text != "0.0.0.0";  // what a name means is not known here
}

enum class Match { no, limited, yes };

// How a list of user patterns speaks of root: "root", "*", "root@192.0.2.*".
Match speaks_of_root(const std::vector<Setting> &list)
{
    Match best = Match::no;
    for (auto const &setting : list) {
        auto const at = setting.value.find('@');
        if (!glob_match(setting.value.substr(0, at), "root"))
            continue;
        bool const anywhere = at == std::string::npos || setting.value.substr(at + 1) == "*";
        best = anywhere ? Match::yes : std::max(best, Match::limited);
    }
    return best;
}

const Setting *matching_group(const std::vector<Setting> &list, const std::vector<std::string> &groups)
{
    for (auto const &setting : list) {
        for (auto const &group : groups) {
            if (glob_match(setting.value, group))
                return &setting;
        }
    }
    return nullptr;
}

std::vector<Evidence> evidence_of(const std::vector<Setting> &list, std::string_view keyword)
{
    std::vector<Evidence> evidence;
    evidence.reserve(list.size());
    for (auto const &setting : list)
        evidence.push_back(evidence_of(setting, keyword));
    return evidence;
}

Outcome hosts_allow(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.sshd)
        return unknown(guest.sshd.reason());
    auto const &sshd = *guest.sshd;
    if (!sshd.installed)
        return no_server();
    auto const &listen = sshd.listen_addresses;
    if (!listen.empty() &&
        std::all_of(listen.begin(), listen.end(), [](auto const &item) { return is_fixed_address(item.value); }))
        return violated(fmt::format("the SSH server listens on {} only, an address that the instance does not have or "
                                    "that nobody reaches",
                                    listen.front().value),
                        evidence_of(listen, "ListenAddress"));
    if (!sshd.hosts_denied.empty() && sshd.hosts_allowed.empty())
        return violated(fmt::format("{} turns everybody away from the SSH server", sshd.hosts_denied.front().file),
                        sshd.hosts_denied);
    Match const allowed = sshd.allow_users.empty() ? Match::yes : speaks_of_root(sshd.allow_users);
    if (allowed == Match::no)
        return violated("AllowUsers leaves root out: the cloud's passwords and keys are root's, who is not let in",
                        evidence_of(sshd.allow_users, "AllowUsers"));
    if (speaks_of_root(sshd.deny_users) == Match::yes)
        return violated("DenyUsers names root: the cloud's passwords and keys are root's, who is not let in",
                        evidence_of(sshd.deny_users, "DenyUsers"));
    if (!sshd.allow_groups.empty() || !sshd.deny_groups.empty()) {
        if (!guest.accounts)
            return unknown(guest.accounts.reason());
        auto const &groups = guest.accounts->root_groups;
        if (!sshd.allow_groups.empty() && matching_group(sshd.allow_groups, groups) == nullptr)
            return violated("AllowGroups names no group of root's: the cloud's passwords and keys are root's, who is "
                            "not let in",
                            evidence_of(sshd.allow_groups, "AllowGroups"));
        if (auto const *denied = matching_group(sshd.deny_groups, groups))
            return violated(fmt::format("DenyGroups names {}, a group of root's, who is not let in", denied->value),
                            {evidence_of(*denied, "DenyGroups")});
    }
    if (!sshd.hosts_denied.empty())
        return violated("only single addresses get in (hosts.allow): nobody else reaches the SSH server",
                        sshd.hosts_allowed, "limited");
    if (allowed == Match::limited)
        return violated("AllowUsers lets root in from single addresses only",
                        evidence_of(sshd.allow_users, "AllowUsers"), "limited");
    return passed("the SSH server turns nobody away by address or name");
}

}  // namespace

std::vector<Rule> sshd_rules()
{
    std::string const group = "access";
    return {
        {{"sshd-password",
          group,
          "The SSH server takes passwords, or keys come from somewhere",
          "A password from the console is of no use; without a key pair nobody can log in over the network.",
          "Set PasswordAuthentication yes in /etc/ssh/sshd_config (the first value counts, sshd_config.d included), or "
          "ssh_pwauth: true in /etc/cloud/cloud.cfg; or choose a key pair when the instance is created",
          cite({"PRACTICE"}),
          {"", "cloud-init"}},
         Reads::guest,
         Guests::unix_like,
         sshd_password},
        {{"sshd-hostkeys",
          group,
          "Each instance makes SSH server keys of its own",
          "Without keys the server does not start; with the image's keys every instance can pass for every other.",
          "rm /etc/ssh/ssh_host_*, and let cloud-init (module ssh, ssh_deletekeys: true) or a unit with ssh-keygen -A "
          "make new ones at the first boot; where neither is there, keep them: ssh-keygen -A",
          cite({"CUST", "PRACTICE"}),
          {"", "present"}},
         Reads::guest,
         Guests::unix_like,
         sshd_hostkeys},
        {{"hosts-allow",
          group,
          "The SSH server turns nobody away by address or name",
          "The server runs, and whoever logs in is refused.",
          "Delete ALL: ALL from /etc/hosts.deny (or add sshd: ALL to /etc/hosts.allow), and ListenAddress, AllowUsers, "
          "DenyUsers, AllowGroups, DenyGroups that leave root or the instance's address out",
          cite({"PRACTICE"}),
          {"", "limited"}},
         Reads::guest,
         Guests::unix_like,
         hosts_allow},
    };
}

}  // namespace imgport
