#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_sshd = R"({"/inspection/guest/sshd": {"unknown": "cut"}})";
const char *const not_installed = R"({"/inspection/guest/sshd/installed": false})";
const char *const cloud_init_off = R"(, "/inspection/guest/cloud_init": {"installed": false})";

// A server that takes no passwords, and what else is so.
std::string keys_only(const std::string &more = "")
{
    return R"({"/inspection/guest/sshd/password_authentication": {"value": "no"},
               "/inspection/guest/sshd/kbd_interactive": {"value": "no"})" +
           more + "}";
}

// The server's keys, and what else is so; no unit makes any.
std::string host_keys(const std::string &keys, const std::string &more = "")
{
    return R"({"/inspection/guest/sshd/key_generator": "", "/inspection/guest/sshd/host_keys": )" + keys + more + "}";
}

std::string sshd(const std::string &key, const std::string &value)
{
    return R"({"/inspection/guest/sshd/)" + key + R"(": [{"value": ")" + value +
           R"(", "where": {"file": "/etc/ssh/sshd_config", "line": 3}}]})";
}

std::string denied(const std::string &allowed)
{
    return R"({"/inspection/guest/sshd/hosts_denied": [{"file": "/etc/hosts.deny", "value": "ALL: ALL"}],
               "/inspection/guest/sshd/hosts_allowed": )" +
           allowed + "}";
}

}  // namespace

std::vector<RuleCase> sshd_cases()
{
    std::vector<std::string> const unread{"sshd-enabled", "sshd-rootlogin", "sshd-password", "sshd-hostkeys",
                                          "hosts-allow"};
    auto const but = [&](const std::string &rule) {
        auto rules = unread;
        std::erase(rules, rule);
        return rules;
    };
    const std::string key = R"(, "/inspection/guest/credentials": [{"kind": "authorized-keys", "account": "root",
                                 "path": "/root/.ssh/authorized_keys"}])";
    return {
        {"sshd-password", passed, "{}"},
        {"sshd-password", violated, keys_only(), "only a key pair", {}, "bios", "recommendation"},
        {"sshd-password", passed, keys_only(R"(, "/inspection/guest/cloud_init/ssh_pwauth": {"value": "true"})"),
         "ssh_pwauth"},
        {"sshd-password", violated, keys_only(cloud_init_off), "nobody can", {"root-locked"}, "bios", "unreachable"},
        {"sshd-password", passed, keys_only(cloud_init_off + key), "/root/.ssh/authorized_keys brings one"},
        {"sshd-password", passed,
         R"({"/inspection/guest/sshd/password_authentication": {"value": "no"},
             "/inspection/guest/sshd/kbd_interactive": {"value": "yes"},
             "/inspection/guest/sshd/use_pam": {"value": "yes"}})",
         "PAM"},
        {"sshd-password",
         unknown,
         keys_only(R"(, "/inspection/guest/cloud_init": {"unknown": "cut"})"),
         "cut",
         {"cloudinit-ds", "root-locked"}},
        {"sshd-password",
         unknown,
         keys_only(std::string(cloud_init_off) + R"(, "/inspection/guest/credentials": {"unknown": "cut"})"),
         "cut",
         {"root-locked"}},
        {"sshd-password", passed,
         keys_only(std::string(cloud_init_off) + R"(, "/inspection/guest/os/name": "Fedora CoreOS 39.20240128.3.0")"),
         "Ignition"},
        {"sshd-password", unknown, no_sshd, "cut", but("sshd-password")},
        {"sshd-password", not_applicable, not_installed, "", {"sshd-enabled"}},

        {"sshd-hostkeys", passed, "{}", "sshd-keygen.service"},
        {"sshd-hostkeys", passed, host_keys("[]"), "cloud-init makes the server's"},
        {"sshd-hostkeys", passed, host_keys(R"(["/etc/ssh/ssh_host_rsa_key"])"), "cloud-init makes new"},
        {"sshd-hostkeys",
         violated,
         host_keys(R"(["/etc/ssh/ssh_host_rsa_key"])", R"(, "/inspection/guest/cloud_init/keeps_host_keys": true)"),
         "every instance has the same",
         {},
         "bios",
         "recommendation"},
        {"sshd-hostkeys",
         violated,
         host_keys(R"(["/etc/ssh/ssh_host_rsa_key"])", cloud_init_off),
         "ssh_host_rsa_key",
         {"root-locked"},
         "bios",
         "recommendation"},
        {"sshd-hostkeys",
         violated,
         host_keys("[]", R"(, "/inspection/guest/cloud_init/makes_host_keys": false)"),
         "does not start",
         {},
         "bios",
         "unreachable"},
        {"sshd-hostkeys", violated, host_keys("[]", cloud_init_off), "nothing makes them", {"root-locked"}},
        {"sshd-hostkeys",
         unknown,
         host_keys("[]", R"(, "/inspection/guest/cloud_init": {"unknown": "cut"})"),
         "cut",
         {"cloudinit-ds", "root-locked"}},
        {"sshd-hostkeys", not_applicable, not_installed, "", {"sshd-enabled"}},

        {"hosts-allow", violated, sshd("listen_addresses", "192.0.2.5"), "192.0.2.5"},
        {"hosts-allow", violated, sshd("listen_addresses", "127.0.0.1:22")},
        {"hosts-allow", violated, sshd("listen_addresses", "[2001:db8::1]:22")},
        {"hosts-allow", passed, sshd("listen_addresses", "0.0.0.0")},
        {"hosts-allow", passed, sshd("listen_addresses", "0.0.0.0:22")},
        {"hosts-allow", passed, sshd("listen_addresses", "[::]:22")},
        {"hosts-allow", passed, sshd("listen_addresses", "::")},
        {"hosts-allow", violated, denied("[]"), "/etc/hosts.deny turns everybody away", {}, "bios", "unreachable"},
        {"hosts-allow",
         violated,
         denied(R"([{"file": "/etc/hosts.allow", "value": "sshd: 10."}])"),
         "hosts.allow",
         {},
         "bios",
         "feature"},
        {"hosts-allow", violated, sshd("allow_users", "admin"), "AllowUsers leaves root out"},
        {"hosts-allow", passed, sshd("allow_users", "r*")},
        {"hosts-allow", violated, sshd("allow_users", "root@192.0.2.*"), "single addresses", {}, "bios", "feature"},
        {"hosts-allow", violated, sshd("deny_users", "root"), "DenyUsers"},
        {"hosts-allow", passed, sshd("deny_users", "root@192.0.2.1")},
        {"hosts-allow", violated, sshd("allow_groups", "ssh-users"), "AllowGroups"},
        {"hosts-allow", passed, sshd("allow_groups", "root")},
        {"hosts-allow", violated, sshd("deny_groups", "ro?t"), "DenyGroups"},
        {"hosts-allow", unknown, no_sshd, "cut", but("hosts-allow")},
        {"hosts-allow", not_applicable, not_installed, "", {"sshd-enabled"}},
    };
}

}  // namespace imgport::testing
