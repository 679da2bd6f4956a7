#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

std::string residue(const std::string &key, const std::string &value)
{
    return R"({"/inspection/guest/residue/)" + key + "\": " + value + "}";
}

const char *const no_residue = R"({"/inspection/guest/residue": {"unknown": "cut"}})";

}  // namespace

std::vector<RuleCase> state_cases()
{
    return {
        {"machine-id", passed, "{}", "empty"},
        {"machine-id", passed, residue("machine_id", "\"uninitialized\"")},
        {"machine-id", passed, residue("machine_id", "\"missing\""), "there is no"},
        {"machine-id", violated, residue("machine_id", "\"set\""), "/etc/machine-id is the old machine's"},
        {"machine-id", violated, residue("dbus_machine_id", "\"set\""), "/var/lib/dbus/machine-id"},
        {"machine-id", unknown, no_residue, "cut"},

        {"cloud-state", passed, "{}"},
        {"cloud-state", violated, residue("cloud_state", R"(["/var/lib/cloud/instance"])"), "/var/lib/cloud/instance"},
        {"cloud-state",
         passed,
         R"({"/inspection/guest/residue/cloud_state": ["/var/lib/cloud/instance"],
             "/inspection/guest/cloud_init": {"installed": false}})",
         "not installed",
         {"root-locked"}},
        {"cloud-state", unknown, no_residue, "cut"},

        {"dhcp-leases", passed, "{}"},
        {"dhcp-leases", violated, residue("leases", R"(["/var/lib/dhcp/dhclient.eth0.leases"])"), "dhclient.eth0"},
        {"dhcp-leases", unknown, no_residue, "cut"},
    };
}

}  // namespace imgport::testing
