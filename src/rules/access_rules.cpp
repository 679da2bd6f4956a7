// Whether anybody can log in, and whether the cloud can give a password.
#include <algorithm>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome sshd_enabled(const RuleContext &context)
{
    auto const &sshd = context.guest->sshd;
    if (!sshd)
        return unknown(sshd.reason());
    if (!sshd->installed)
        return violated("no SSH server is installed: nobody can log in over the network",
                        {seen("/usr/sbin/sshd", "missing")});
    if (!sshd->masked_by.empty())
        return violated(fmt::format("the SSH server is masked by {}: it never starts", sshd->masked_by),
                        {seen(sshd->masked_by, "-> /dev/null")});
    if (!sshd->enabled)
        return violated("the SSH server is installed but does not start at boot: nobody can log in over the network",
                        {seen("/usr/sbin/sshd", "no unit, socket or script starts it")});
    return passed("the SSH server starts at boot", {seen(sshd->enabled_by, "starts sshd")});
}

Outcome sshd_rootlogin(const RuleContext &context)
{
    auto const &sshd = context.guest->sshd;
    if (!sshd)
        return unknown(sshd.reason());
    if (!sshd->installed)
        return not_applicable("no SSH server is installed: see sshd-enabled");
    Setting const &setting = sshd->permit_root_login;
    if (setting.value.empty())
        return unknown("the value of PermitRootLogin that is in force could not be read");
    // FreeBSD's own default: one logs in as somebody else there.
    if (context.guest->os.id == "freebsd" && setting.value == "no" && setting.where.file.empty())
        return not_applicable("root is not let in by default on FreeBSD; log in as another user");
    Evidence evidence = setting.where;
    evidence.value = "PermitRootLogin " + setting.value;
    if (setting.value == "no" || setting.value == "forced-commands-only")
        return violated(fmt::format("PermitRootLogin {}: the cloud's passwords and keys are root's, who is not let in",
                                    setting.value),
                        {std::move(evidence)});
    return passed(fmt::format("PermitRootLogin {}", setting.value), {std::move(evidence)});
}

Outcome root_exists(const RuleContext &context)
{
    auto const &accounts = context.guest->accounts;
    if (!accounts)
        return unknown(accounts.reason());
    auto const &list = accounts->accounts;
    auto const root =
        std::find_if(list.begin(), list.end(), [](auto const &account) { return account.name == "root"; });
    if (root == list.end())
        return violated("there is no account root: the cloud cannot give it a password or a key",
                        {seen("/etc/passwd", "no root")});
    if (root->uid != 0)
        return violated(fmt::format("the account root has uid {}, not 0: it is not the administrator", root->uid),
                        {seen("/etc/passwd", fmt::format("root: uid {}", root->uid))});
    return passed("root exists, with uid 0");
}

Outcome shadow_writable(const RuleContext &context)
{
    auto const &accounts = context.guest->accounts;
    if (!accounts)
        return unknown(accounts.reason());
    std::vector<Evidence> locked;
    std::vector<std::string> open;
    bool shadow = false;
    for (auto const &file : accounts->files) {
        if (!file.present)
            continue;
        shadow |= file.path == "/etc/shadow";
        if (file.immutable.value_or(false))
            locked.push_back(seen(file.path, "immutable (chattr +i)"));
        else if (file.append_only.value_or(false))
            locked.push_back(seen(file.path, "append only (chattr +a)"));
        else if (!file.immutable || !file.append_only)
            open.push_back(file.path);
    }
    if (!locked.empty())
        return violated(fmt::format("{} is {}: the cloud cannot set a password, and the instance cannot be created",
                                    locked.front().file, locked.front().value),
                        locked);
    // FreeBSD keeps passwords elsewhere.
    if (!shadow && context.guest->os.id != "freebsd")
        return violated("there is no /etc/shadow: the cloud cannot set a password", {seen("/etc/shadow", "missing")});
    if (!open.empty() && context.guest->os.id == "freebsd")
        return not_applicable("FreeBSD's file flags (chflags) could not be read");
    if (!open.empty())
        return unknown(fmt::format("whether {} may be written (chattr +i, +a) could not be read", join(open, ", ")));
    return passed("the account files may be written");
}

Outcome selinux_off(const RuleContext &context)
{
    auto const &selinux = context.guest->selinux;
    if (!selinux)
        return unknown(selinux.reason());
    if (!selinux->installed)
        return passed("SELinux is not installed");
    if (is_coreos(context.guest->os))
        return not_applicable("SELinux belongs to this system, and the cloud writes nothing into it");
    // The kernel's command line is part of this already.
    std::string const &mode = selinux->mode.value;
    Evidence evidence = selinux->mode.where;
    if (evidence.value.empty())
        evidence.value = mode;
    if (mode == "disabled")
        return passed("SELinux is off", {std::move(evidence)});
    if (mode == "permissive")
        return violated("SELinux is permissive: it only reports; the cloud's page asks for it to be off",
                        {std::move(evidence)}, "permissive");
    if (mode == "enforcing")
        return violated("SELinux is enforcing: files that the cloud writes into the image have no label, and the "
                        "start may fail on them",
                        {std::move(evidence)});
    return unknown(fmt::format("SELinux has the mode '{}', which is not known", printable(mode, 100)));
}

}  // namespace

std::vector<Rule> access_rules()
{
    std::string const group = "access";
    return {
        {{"sshd-enabled",
          group,
          "An SSH server is installed and starts at boot",
          "Nobody can log in over the network; what is left is the console in the browser.",
          "Debian, Ubuntu: apt install openssh-server && systemctl enable ssh; RHEL, CentOS, SUSE: install "
          "openssh-server && systemctl enable sshd; where masked: systemctl unmask",
          cite({"CHK"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         sshd_enabled},
        {{"sshd-rootlogin",
          group,
          "The SSH server lets root in",
          "The cloud gives root the password or the key that was chosen for the instance; root is then turned away.",
          "Delete PermitRootLogin no from /etc/ssh/sshd_config and /etc/ssh/sshd_config.d/*.conf (the first match "
          "counts), or set prohibit-password (keys) or yes; sshd -T | grep -i permitrootlogin shows what is in force",
          cite({"CHK"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         sshd_rootlogin},
        {{"root-exists",
          group,
          "The account root exists, with uid 0",
          "The cloud cannot give it a password or a key: nobody can log in.",
          "Restore the line root:x:0:0:root:/root:/bin/bash in /etc/passwd, and root's line in /etc/shadow",
          cite({"CHK"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         root_exists},
        {{"shadow-writable",
          group,
          "/etc/shadow and its like are neither immutable nor append-only",
          "The cloud cannot set a password: the instance cannot be created.",
          "chattr -i -a /etc/passwd /etc/shadow /etc/group /etc/gshadow",
          cite({"INS", "CHK"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         shadow_writable},
        {{"selinux-off",
          group,
          "SELinux is off",
          "Files that the cloud writes at the import have no label; enforcing, the start may fail on them.",
          "SELINUX=disabled in /etc/selinux/config; newer RHEL: grubby --update-kernel=ALL --args selinux=0",
          cite({"INS", "CHK"}),
          {"", "permissive"}},
         Reads::guest,
         Guests::linux_only,
         selinux_off},
    };
}

}  // namespace imgport
