#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_accounts = R"({"/inspection/guest/accounts": {"unknown": "cut"}})";

std::string cloud_init(const std::string &key, const std::string &value)
{
    return R"({"/inspection/guest/cloud_init/)" + key + R"(": {"value": ")" + value +
           R"(", "where": {"file": "/etc/cloud/cloud.cfg", "line": 12}}})";
}

std::string without_cloud_init(const std::string &more = "")
{
    return R"({"/inspection/guest/cloud_init": {"installed": false})" + more + "}";
}

std::string credential(const std::string &kind, const std::string &path)
{
    return R"("/inspection/guest/credentials": [{"kind": ")" + kind + R"(", "account": "admin", "path": ")" + path +
           "\"}]";
}

std::string root_password(const std::string &state)
{
    return R"("/inspection/guest/accounts/accounts/0/password": ")" + state + "\"";
}

const char *const admin = R"(, "/inspection/guest/accounts/accounts/1":
    {"name": "admin", "uid": 1000, "shell": "/bin/bash", "password": "password"})";

}  // namespace

std::vector<RuleCase> account_cases()
{
    return {
        {"root-locked", passed, "{}", "cloud-init gives root"},
        {"root-locked", violated, cloud_init("disable_root", "true"), "disable_root", {}, "bios", "feature"},
        {"root-locked", violated, cloud_init("lock_root", "true"), "lock_passwd", {}, "bios", "feature"},
        {"root-locked", passed, cloud_init("lock_root", "false")},
        {"root-locked", violated, without_cloud_init(), "nobody can log in", {}, "bios", "unreachable"},
        {"root-locked", violated, R"({"/inspection/guest/cloud_init/enabled": false})", "nobody can log in"},
        {"root-locked", passed, without_cloud_init(", " + root_password("password")), "root is not locked"},
        {"root-locked", passed, without_cloud_init(admin), "admin has a password"},
        {"root-locked", passed,
         without_cloud_init(", " + credential("authorized-keys", "/home/admin/.ssh/authorized_keys")),
         "admin has a key"},
        // A history lets nobody in.
        {"root-locked", violated, without_cloud_init(", " + credential("history", "/root/.bash_history"))},
        {"root-locked", unknown, without_cloud_init(R"(, "/inspection/guest/credentials": {"unknown": "cut"})"), "cut"},
        {"root-locked", unknown, R"({"/inspection/guest/cloud_init": {"unknown": "cut"}})", "cut", {"cloudinit-ds"}},
        {"root-locked", not_applicable,
         without_cloud_init(R"(, "/inspection/guest/os/name": "Fedora CoreOS 39.20240128.3.0")"), "Ignition"},
        {"root-locked",
         not_applicable,
         without_cloud_init(R"(, "/request/platform": "Others Linux")"),
         "see others-none",
         {"others-none"}},
        {"root-locked", unknown, no_accounts, "cut", {"root-exists", "shadow-writable"}},
        {"root-locked",
         not_applicable,
         R"({"/inspection/guest/accounts/accounts": []})",
         "root-exists",
         {"root-exists"}},

        {"root-pw-policy", passed, "{}", "cannot be seen"},
        {"root-pw-policy", violated, "{" + root_password("empty") + "}", "root has an empty password"},
        {"root-pw-policy", unknown, no_accounts, "cut", {"root-exists", "shadow-writable", "root-locked"}},

        {"immutable-any", passed, "{}"},
        {"immutable-any", violated, R"({"/inspection/guest/protected_files/0/immutable": true})",
         "/etc/hostname is immutable"},
        {"immutable-any", violated, R"({"/inspection/guest/protected_files/0/append_only": true})", "append only"},
        {"immutable-any", unknown, R"({"/inspection/guest/protected_files": [{"path": "/boot", "present": true}]})",
         "could not be read"},
        {"immutable-any", unknown, R"({"/inspection/guest/protected_files": {"unknown": "cut"}})", "cut"},

        {"passwd-cmd", passed, "{}"},
        {"passwd-cmd", violated, R"({"/inspection/guest/accounts/commands": ["passwd", "useradd", "pw"]})",
         "chpasswd is missing"},
        {"passwd-cmd", violated, R"({"/inspection/guest/accounts/commands": ["passwd"]})",
         "chpasswd, useradd are missing"},
        {"passwd-cmd", unknown, no_accounts, "cut", {"root-exists", "shadow-writable", "root-locked"}},

        {"pam-broken", passed, "{}"},
        {"pam-broken", violated,
         R"({"/inspection/guest/login_limits": [{"file": "/etc/securetty", "value": "lacks tty1"}]})",
         "/etc/securetty: lacks tty1"},
        {"pam-broken", unknown, R"({"/inspection/guest/login_limits": {"unknown": "cut"}})", "cut"},

        {"preset-creds", passed, "{}"},
        {"preset-creds", violated, "{" + root_password("password") + "}", "/etc/shadow: root has a password"},
        {"preset-creds", violated, "{" + credential("authorized-keys", "/home/admin/.ssh/authorized_keys") + "}",
         "as admin"},
        {"preset-creds", violated, "{" + credential("private-key", "/home/admin/.ssh/id_rsa") + "}", "id_rsa"},
        {"preset-creds", violated, "{" + credential("history", "/home/admin/.bash_history") + "}", "typed by admin"},
        {"preset-creds", unknown, R"({"/inspection/guest/credentials": {"unknown": "cut"}})", "cut"},
    };
}

}  // namespace imgport::testing
