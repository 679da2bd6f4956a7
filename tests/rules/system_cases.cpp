#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_cloud_init = R"({"/inspection/guest/cloud_init": {"unknown": "cut"}})";

std::string cloud_init(const std::string &key, const std::string &value)
{
    return R"({"/inspection/guest/cloud_init/)" + key + "\": " + value + "}";
}

}  // namespace

std::vector<RuleCase> system_cases()
{
    return {
        {"os-release", passed, "{}", "Debian GNU/Linux 12"},
        {"os-release", violated, R"({"/inspection/guest/os": {"id": ""}})", "does not say what it is"},
        {"os-release", violated, R"({"/inspection/guest": "<gone>"})", "no operating system", {"kernel-present"}},
        {"os-release",
         not_applicable,
         R"({"/inspection/volumes": [{"device": "/dev/sda1", "filesystem": {"type": "crypto_LUKS"}}],
             "/inspection/guest": "<gone>"})",
         "see luks-root",
         {"luks-root"}},

        {"platform-map", passed, "{}", "'Debian'"},
        {"platform-map", passed, R"({"/request/platform": "Debian"})"},
        {"platform-map",
         violated,
         R"({"/request/platform": "Ubuntu"})",
         "which is 'Debian'",
         {},
         "bios",
         "unreachable"},
        {"platform-map",
         violated,
         R"({"/request/platform": "debian"})",
         "did you mean 'Debian'",
         {},
         "bios",
         "unreachable"},
        {"platform-map",
         violated,
         R"({"/request/platform": "Others Linux"})",
         "configures nothing",
         {},
         "bios",
         "feature"},
        {"platform-map", violated, "{}", "no platform for Rocky Linux 9.3", {}, "uefi", "feature"},
        {"platform-map", passed, "{}", "'Rocky Linux'", {}, "uefi", {}, "alibaba-2026"},
        {"platform-map", passed, R"({"/request/platform": "Customized Linux"})", "", {}, "uefi"},
        {"platform-map", not_applicable, R"({"/inspection/guest/os": {"id": ""}})", "see os-release"},

        {"critical-dirs", passed, "{}"},
        {"critical-dirs", violated, R"({"/inspection/guest/directories/2/target": "/usr/lib"})",
         "/lib -> /usr/lib (absolute)"},
        {"critical-dirs", violated, R"({"/inspection/guest/directories/0/kind": ""})", "/bin missing"},
        {"critical-dirs", violated, R"({"/inspection/guest/directories/3/kind": "other"})", "/lib64 not a directory"},
        {"critical-dirs", unknown, R"({"/inspection/guest/directories": {"unknown": "cut"}})"},

        {"cloudinit-installed", passed, "{}"},
        {"cloudinit-installed",
         violated,
         R"({"/inspection/guest/cloud_init": {"installed": false}})",
         "not installed",
         {"root-locked"}},
        {"cloudinit-installed",
         violated,
         R"({"/inspection/guest/cloud_init/enabled": false,
             "/inspection/guest/cloud_init/disabled_by": "/etc/cloud/cloud-init.disabled"})",
         "switched off by /etc/cloud/cloud-init.disabled",
         {"root-locked"}},
        {"cloudinit-installed", unknown, no_cloud_init, "cut", {"cloudinit-ds", "root-locked"}},

        {"cloudinit-version", passed, "{}"},
        {"cloudinit-version", passed, cloud_init("version", "\"0.7.9\"")},
        {"cloudinit-version", passed, cloud_init("version", "\"0.7.6a15\"")},
        {"cloudinit-version", violated,
         R"({"/inspection/guest/cloud_init/version": "0.7.8", "/inspection/guest/cloud_init/datasources": ["AliYun"]})",
         "0.7.9 or newer"},
        {"cloudinit-version", unknown,
         R"({"/inspection/guest/cloud_init/version": "", "/inspection/guest/cloud_init/datasources": ["AliYun"]})"},
        {"cloudinit-version",
         not_applicable,
         R"({"/inspection/guest/cloud_init": {"installed": false}})",
         "",
         {"root-locked"}},

        {"cloudinit-ds", passed, "{}", "own has AliYun"},
        {"cloudinit-ds", passed, cloud_init("datasources", R"(["Ec2", "AliYun", "None"])")},
        {"cloudinit-ds", violated, cloud_init("datasources", R"(["Ec2", "None"])"), "[Ec2, None] lacks AliYun"},
        {"cloudinit-ds", violated, cloud_init("datasources", R"(["aliyun"])"), "exactly so written"},
        {"cloudinit-ds", violated, cloud_init("datasources", "[]")},
        {"cloudinit-ds", violated, cloud_init("version", "\"0.7.5\""), "own list of cloud-init 0.7.5"},
        {"cloudinit-ds", unknown, cloud_init("version", "\"\"")},
        {"cloudinit-ds", not_applicable, cloud_init("enabled", "false"), "does not run", {"root-locked"}},
    };
}

}  // namespace imgport::testing
