#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_sshd = R"({"/inspection/guest/sshd": {"unknown": "sshd_config: too large"}})";
const char *const no_accounts = R"({"/inspection/guest/accounts": {"unknown": "/etc/passwd: cut"}})";

std::string selinux(const std::string &mode)
{
    return R"({"/inspection/guest/selinux": {"installed": true, "mode": {"value": ")" + mode + "\"}}}";
}

}  // namespace

std::vector<RuleCase> access_cases()
{
    return {
        {"sshd-enabled", passed, "{}"},
        {"sshd-enabled", violated, R"({"/inspection/guest/sshd/installed": false})", "no SSH server"},
        {"sshd-enabled", violated, R"({"/inspection/guest/sshd/enabled": false})", "does not start at boot"},
        {"sshd-enabled", violated,
         R"({"/inspection/guest/sshd/masked_by": "/etc/systemd/system/ssh.service", "/inspection/guest/sshd/enabled":
             false})",
         "masked"},
        {"sshd-enabled",
         unknown,
         no_sshd,
         "too large",
         {"sshd-rootlogin", "sshd-password", "sshd-hostkeys", "hosts-allow"}},

        {"sshd-rootlogin", passed, "{}", "prohibit-password"},
        {"sshd-rootlogin", passed, R"({"/inspection/guest/sshd/permit_root_login/value": "yes"})"},
        {"sshd-rootlogin", violated, R"({"/inspection/guest/sshd/permit_root_login/value": "no"})", "not let in"},
        {"sshd-rootlogin", violated, R"({"/inspection/guest/sshd/permit_root_login/value": "forced-commands-only"})"},
        {"sshd-rootlogin", unknown, R"({"/inspection/guest/sshd/permit_root_login/value": ""})"},
        {"sshd-rootlogin",
         not_applicable,
         R"({"/inspection/guest/sshd/installed": false})",
         "see sshd-enabled",
         {"sshd-enabled"}},

        {"root-exists", passed, "{}"},
        {"root-exists", violated, R"({"/inspection/guest/accounts/accounts/0/name": "toor"})", "no account root"},
        {"root-exists", violated, R"({"/inspection/guest/accounts/accounts/0/uid": 1000})", "uid 1000"},
        {"root-exists", unknown, no_accounts, "cut", {"shadow-writable", "root-locked"}},

        {"shadow-writable", passed, "{}"},
        {"shadow-writable", violated, R"({"/inspection/guest/accounts/files/1/immutable": true})",
         "/etc/shadow is immutable"},
        {"shadow-writable", violated, R"({"/inspection/guest/accounts/files/0/append_only": true})",
         "/etc/passwd is append only"},
        {"shadow-writable", violated, R"({"/inspection/guest/accounts/files/1/present": false})", "no /etc/shadow"},
        {"shadow-writable", unknown, R"({"/inspection/guest/accounts/files/1/immutable": "<gone>"})", "/etc/shadow"},

        {"selinux-off", passed, "{}", "not installed"},
        {"selinux-off", passed, selinux("disabled")},
        {"selinux-off", violated, selinux("enforcing"), "enforcing", {}, "bios", "fail"},
        {"selinux-off", violated, selinux("permissive"), "permissive", {}, "bios", "recommendation"},
        {"selinux-off", unknown, selinux("enforced"), "'enforced'"},
        {"selinux-off", unknown, R"({"/inspection/guest/selinux": {"unknown": "cut"}})"},
    };
}

}  // namespace imgport::testing
