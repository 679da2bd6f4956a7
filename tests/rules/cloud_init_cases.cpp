#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_cloud_init = R"({"/inspection/guest/cloud_init": {"unknown": "cut"}})";
const char *const network_left_alone =
    R"("/inspection/guest/cloud_init/network_disabled": true,
       "/inspection/guest/cloud_init/network_where": {"file": "/etc/cloud/cloud.cfg.d/99.cfg", "line": 1,
                                                      "value": "network: {config: disabled}"})";

std::string also(const std::string &more)
{
    return std::string("{") + network_left_alone + ", " + more + "}";
}

RuleCase traces(Status status, const std::string &key, const std::string &value, const std::string &says)
{
    return {"cloudinit-other-cloud", status, R"({"/inspection/guest/cloud_traces/)" + key + "\": " + value + "}", says};
}

}  // namespace

std::vector<RuleCase> cloud_init_cases()
{
    return {
        {"cloudinit-detect", passed, "{}", "product name"},
        {"cloudinit-detect", passed,
         R"({"/inspection/guest/cloud_init/policy": {"value": "search,found=all,notfound=disabled"}})", "leaves"},
        // As the reader tells it: cloud-init does not run then.
        {"cloudinit-detect",
         violated,
         R"({"/inspection/guest/cloud_init/policy": {"value": "disabled", "where": {"file": "/etc/cloud/ds-identify.cfg"}},
             "/inspection/guest/cloud_init/enabled": false,
             "/inspection/guest/cloud_init/disabled_by": "/etc/cloud/ds-identify.cfg"})",
         "never runs",
         {"root-locked"}},
        {"cloudinit-detect",
         not_applicable,
         R"({"/inspection/guest/cloud_init": {"installed": false}})",
         "",
         {"root-locked"}},
        {"cloudinit-detect", not_applicable, "{}", "Ignition", {}, "coreos"},
        {"cloudinit-detect", unknown, no_cloud_init, "cut", {"cloudinit-ds", "cloudinit-net"}},

        {"cloudinit-net", passed, "{}", "configures the network"},
        {"cloudinit-net", violated, also(R"("/inspection/guest/network/interfaces": [])"), "nothing else"},
        {"net-dhcp",
         not_applicable,
         also(R"("/inspection/guest/network/interfaces": [])"),
         "see cloudinit-net",
         {"cloudinit-net"}},
        {"cloudinit-net", not_applicable, also(R"("/request": {})"), "see net-dhcp"},
        {"cloudinit-net",
         not_applicable,
         also(R"("/inspection/guest/network/interfaces/0/method": "none")"),
         "see net-dhcp",
         {"net-dhcp"}},
        {"cloudinit-net", passed,
         also(R"("/inspection/guest/network": {"interfaces": [], "enabled_services": ["NetworkManager"]})"),
         "NetworkManager"},
        {"cloudinit-net",
         unknown,
         also(R"("/inspection/guest/network": {"unknown": "cut"})"),
         "cut",
         {"net-dhcp", "net-static", "net-hwaddr", "net-udev-rules"}},
        {"cloudinit-net",
         not_applicable,
         R"({"/inspection/guest/cloud_init/enabled": false})",
         "does not run",
         {"root-locked"}},

        {"cloudinit-hostname", passed, "{}"},
        {"cloudinit-hostname",
         violated,
         R"({"/inspection/guest/cloud_init/preserve_hostname": true,
             "/inspection/guest/cloud_init/preserve_hostname_where": {"file": "/etc/cloud/cloud.cfg", "line": 9,
                                                                      "value": "true"}})",
         "keep the host name",
         {},
         "bios",
         "feature"},
        {"cloudinit-hostname",
         not_applicable,
         R"({"/inspection/guest/cloud_init/enabled": false})",
         "",
         {"root-locked"}},

        {"cloudinit-other-cloud", passed, "{}"},
        traces(violated, "settings", R"([{"file": "/etc/cloud/cloud.cfg.d/90-gce.cfg", "value": "Google Cloud"}])",
               "/etc/cloud/cloud.cfg.d/90-gce.cfg"),
        traces(violated, "agents",
               R"([{"file": "/etc/systemd/system/x.wants/walinuxagent.service", "value": "Azure Linux agent"}])",
               "Azure Linux agent"),
        {"cloudinit-other-cloud", unknown, R"({"/inspection/guest/cloud_traces": {"unknown": "cut"}})", "cut"},

        {"cloud-assistant", passed, "{}"},
        {"cloud-assistant",
         violated,
         R"({"/inspection/guest/cloud_traces/assistant": []})",
         "at any time",
         {},
         "bios",
         "feature"},
        {"cloud-assistant", not_applicable, "{}", "", {}, "coreos"},
    };
}

}  // namespace imgport::testing
