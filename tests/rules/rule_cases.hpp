// One case per line: facts with something changed, and what one rule must say of them.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include <imgport/finding.hpp>

namespace imgport::testing {

struct RuleCase {
    std::string rule;
    Status status;
    std::string changes;    // of the base, see with()
    std::string says = {};  // part of the message
    std::vector<std::string> also =
        {};                     // other rules that are violated or unknown at fail or unreachable because of it
    std::string base = "bios";  // of clean_base()
    std::string severity = {};  // where it matters which outcome it is
    std::string profile = "alibaba";

    friend void PrintTo(const RuleCase &tested, std::ostream *out) { *out << tested.rule << " " << tested.changes; }
};

std::vector<RuleCase> image_cases();
std::vector<RuleCase> container_cases();
std::vector<RuleCase> upload_cases();
std::vector<RuleCase> boot_cases();
std::vector<RuleCase> boot_disk_cases();
std::vector<RuleCase> kernel_line_cases();
std::vector<RuleCase> storage_cases();
std::vector<RuleCase> ext_cases();
std::vector<RuleCase> storage_stack_cases();
std::vector<RuleCase> driver_cases();
std::vector<RuleCase> machine_cases();
std::vector<RuleCase> network_cases();
std::vector<RuleCase> interface_cases();
std::vector<RuleCase> network_service_cases();
std::vector<RuleCase> access_cases();
std::vector<RuleCase> sshd_cases();
std::vector<RuleCase> account_cases();
std::vector<RuleCase> state_cases();
std::vector<RuleCase> system_cases();
std::vector<RuleCase> identity_cases();
std::vector<RuleCase> cloud_init_cases();
std::vector<RuleCase> upkeep_cases();
std::vector<RuleCase> freebsd_cases();
std::vector<RuleCase> coreos_cases();
std::vector<RuleCase> customized_cases();
std::vector<RuleCase> windows_cases();
std::vector<RuleCase> aws_cases();
std::vector<RuleCase> azure_cases();
std::vector<RuleCase> gcp_cases();
std::vector<RuleCase> openstack_cases();
std::vector<RuleCase> tencent_cases();
std::vector<RuleCase> huawei_cases();
std::vector<RuleCase> baidu_cases();

}  // namespace imgport::testing
