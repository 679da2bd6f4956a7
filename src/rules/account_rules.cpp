// Accounts: whether a password or key from the console works, and what somebody else already knows.
#include <algorithm>

#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/others_linux.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

const Account *root_of(const GuestFacts &guest)
{
    for (auto const &account : guest.accounts->accounts) {
        if (account.name == "root")
            return &account;
    }
    return nullptr;
}

// Somebody who can log in without the cloud's help: an account with a password, or one with a key. Empty: nobody.
std::string find_way_in(const GuestFacts &guest)
{
    for (auto const &account : guest.accounts->accounts) {
        if (account.password == "password" || account.password == "empty")
            return fmt::format("{} has a password", account.name);
    }
    if (auto const *key = find_key(guest))
        return fmt::format("{} has a key ({})", key->account, key->path);
    return {};
}

Evidence place_of_disable_root(const CloudInitFacts &cloud_init)
{
    auto const &where = cloud_init.disable_root.where;
    return where.file.empty() ? seen("/etc/cloud/cloud.cfg", "disable_root is not set, which means true") : where;
}

Outcome root_locked(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (is_coreos(guest.os))
        return not_applicable("Ignition gives the user core a key; root stays locked on this system");
    if (!guest.accounts)
        return unknown(guest.accounts.reason());
    auto const *root = root_of(guest);
    if (root == nullptr)
        return not_applicable("there is no account root: see root-exists");
    std::string const way = find_way_in(guest);
    if (!guest.cloud_init)
        return root->password == "locked" && way.empty() ? unknown(guest.cloud_init.reason())
                                                         : passed(way.empty() ? "root is not locked" : way);
    auto const &cloud_init = *guest.cloud_init;
    if (cloud_init.enabled) {
        if (cloud_init.disable_root.value == "true")
            return violated("cloud-init turns root's key away (disable_root): a key pair from the console lets only "
                            "cloud-init's default user in",
                            {place_of_disable_root(cloud_init)}, "cloud-init");
        if (cloud_init.lock_root.value == "true")
            return violated("cloud-init locks root's password (lock_passwd) before it sets the one from the console",
                            {cloud_init.lock_root.where}, "cloud-init");
        return passed("cloud-init gives root the password or key that is chosen for the instance");
    }
    if (root->password != "locked")
        return passed("root is not locked");
    if (!way.empty())
        return passed(fmt::format("root is locked, but {}", way));
    if (!guest.credentials)
        return unknown(guest.credentials.reason());
    // What others-none asks for as well is its business where the profile grades it.
    if (has_rule(context.profile, "others-none") && is_others_linux(context))
        return not_applicable("nobody can log in to this 'Others Linux': see others-none");
    return violated("root is locked, no other account has a password or a key, and no cloud-init gives one: nobody can "
                    "log in",
                    {seen("/etc/shadow", "root: locked")});
}

Outcome root_pw_policy(const RuleContext &context)
{
    auto const &accounts = context.guest->accounts;
    if (!accounts)
        return unknown(accounts.reason());
    for (auto const &account : accounts->accounts) {
        if (account.uid == 0 && account.password == "empty")
            return violated(fmt::format("{} has an empty password: anybody is let in on the console, and the cloud's "
                                        "rules for passwords are broken",
                                        account.name),
                            {seen("/etc/shadow", account.name + ": empty password")});
    }
    return passed("root's password is not empty; how strong it is cannot be seen");
}

Outcome immutable_any(const RuleContext &context)
{
    auto const &files = context.guest->protected_files;
    if (!files)
        return unknown(files.reason());
    std::vector<Evidence> evidence;
    bool known = files->empty();
    for (auto const &file : *files) {
        known = known || file.immutable || file.append_only;
        if (file.immutable.value_or(false))
            evidence.push_back(seen(file.path, "immutable (chattr +i)"));
        else if (file.append_only.value_or(false))
            evidence.push_back(seen(file.path, "append only (chattr +a)"));
    }
    if (!evidence.empty())
        return violated(fmt::format("{} is {}: what has to write it at boot or on an update fails",
                                    evidence.front().file, evidence.front().value),
                        evidence);
    if (!known)
        return unknown("the filesystem's flags (chattr +i, +a) could not be read");
    return passed("no file that is written at boot is immutable or append-only");
}

Outcome passwd_cmd(const RuleContext &context)
{
    auto const &accounts = context.guest->accounts;
    if (!accounts)
        return unknown(accounts.reason());
    bool const freebsd = context.guest->os.id == "freebsd";
    std::vector<std::string> missing;
    for (const char *name : {"passwd", "chpasswd", "useradd", "pw"}) {
        bool const wanted = std::string_view(name) == "passwd" || (std::string_view(name) == "pw") == freebsd;
        if (wanted && !contains(accounts->commands, name))
            missing.emplace_back(name);
    }
    if (missing.empty())
        return passed("the commands that set up accounts are there");
    return violated(fmt::format("{} {} missing: the cloud cannot set passwords and accounts up", join(missing, ", "),
                                missing.size() == 1 ? "is" : "are"));
}

Outcome pam_broken(const RuleContext &context)
{
    auto const &limits = context.guest->login_limits;
    if (!limits)
        return unknown(limits.reason());
    if (limits->empty())
        return passed("nothing turns root away before the password is asked for");
    return violated(fmt::format("{}: {}", limits->front().file, limits->front().value), *limits);
}

Outcome preset_creds(const RuleContext &context)
{
    auto const &guest = *context.guest;
    if (!guest.accounts)
        return unknown(guest.accounts.reason());
    if (!guest.credentials)
        return unknown(guest.credentials.reason());
    std::vector<Evidence> evidence;
    for (auto const &account : guest.accounts->accounts) {
        if (account.password == "password")
            evidence.push_back(seen("/etc/shadow", account.name + " has a password"));
    }
    for (auto const &file : *guest.credentials) {
        std::string const what = file.kind == "authorized-keys" ? "keys that let somebody in as"
                                 : file.kind == "private-key"   ? "a private key of"
                                                                : "what was typed by";
        evidence.push_back(seen(file.path, what + " " + file.account));
    }
    if (evidence.empty())
        return passed("no passwords, keys or histories are in the image");
    return violated(fmt::format("{}: {}; every instance carries that, and whoever has the image knows it",
                                evidence.front().file, evidence.front().value),
                    evidence);
}

}  // namespace

std::vector<Rule> account_rules()
{
    std::string const group = "access";
    return {
        {{"root-locked",
          group,
          "Root can log in with the password or key that is chosen for the instance",
          "Locked root is usual where cloud-init runs: it sets the password or key. Without cloud-init, with no other "
          "account that has a password or key, nobody can log in. With disable_root: true (the default) or lock_passwd "
          "for root, cloud-init keeps the console's key or password from working for root; its default user gets in.",
          "passwd root, or install cloud-init; in /etc/cloud/cloud.cfg set disable_root: false, and lock_passwd: False "
          "where the default user is root",
          cite({"CI"}),
          {"", "cloud-init"}},
         Reads::guest,
         Guests::unix_like,
         root_locked},
        {{"root-pw-policy",
          group,
          "Root's password is not empty",
          "Anybody is let in on the console. A password that breaks the cloud's rules cannot be set again: 8 to 30 "
          "characters, three of the four classes of letters, digits and ()`~!@#$%^&*-_+=|{}[]:;'<>,.?/. Offline only "
          "an empty password can be told; nobody can see the strength of one from its hash.",
          "passwd root, or passwd -l root where cloud-init sets it",
          cite({"INS"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         root_pw_policy},
        {{"immutable-any",
          group,
          "No file that is written at boot is immutable or append-only",
          "Host name, name servers, keys or kernels cannot be written, and the step that does it fails.",
          "chattr -i -a on the files named here",
          cite({"CHK", "PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         immutable_any},
        {{"passwd-cmd",
          group,
          "The commands passwd, chpasswd and useradd are there",
          "The cloud and cloud-init can neither set a password nor add an account.",
          "Debian, Ubuntu: apt install passwd; RHEL, CentOS: install passwd and shadow-utils; Alpine: apk add shadow",
          cite({"CHK"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         passwd_cmd},
        {{"pam-broken",
          group,
          "Neither PAM nor a limit turns root away",
          "The password is right and root is refused all the same, over SSH or on the console.",
          "Add tty1 and ttyS0 to /etc/securetty or take pam_securetty out of the service; delete the line named here; "
          "rm /etc/nologin",
          cite({"PRACTICE"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         pam_broken},
        {{"apparmor",
          group,
          "AppArmor does not get in the way",
          "The cloud's documents say nothing of AppArmor, and what its profiles forbid shows in the running system "
          "only.",
          "look at aa-status and at dmesg | grep DENIED on a running copy, and on the first instance",
          cite({"PRACTICE"}),
          {""},
          false},
         Reads::nothing,
         Guests::linux_only,
         nullptr},
        {{"preset-creds",
          group,
          "No passwords, keys or shell histories are in the image",
          "Every instance carries them: whoever knows the password or key of one gets into all.",
          "passwd -l ACCOUNT where cloud-init sets passwords; rm the files named here (authorized_keys, private keys, "
          ".bash_history)",
          cite({"CRED"}),
          {""}},
         Reads::guest,
         Guests::unix_like,
         preset_creds},
        {{"vuln-ssh",
          group,
          "No remotely exploitable hole is open, and no VNC password is the default one",
          "The cloud asks that of customized Linux images; an instance with one is taken over within hours.",
          "bring the packages up to date before the export (apt upgrade, dnf upgrade), and look with a scanner at a "
          "running copy",
          cite({"CUST"}),
          {""},
          false},
         Reads::nothing,
         Guests::any,
         nullptr},
    };
}

}  // namespace imgport
