#include <algorithm>
#include <iterator>

#include "rules/rule.hpp"

namespace imgport {
namespace {

std::vector<Rule> join_groups()
{
    std::vector<Rule> rules;
    for (auto const group :
         {image_rules, container_rules, upload_rules, boot_rules, boot_disk_rules, boot_entry_rules, kernel_line_rules,
          storage_rules, ext_rules, storage_stack_rules, fstab_rules, driver_rules, machine_rules, network_rules,
          access_rules, system_rules, windows_rules, windows_driver_rules, windows_access_rules, interface_rules,
          network_service_rules, sshd_rules, account_rules, state_rules, identity_rules, cloud_init_rules, upkeep_rules,
          freebsd_rules, coreos_rules, customized_rules,
          // Each of the other clouds has its own group.
          aws_rules, azure_rules, gcp_rules, openstack_rules, tencent_rules, huawei_rules, baidu_rules}) {
        auto entries = group();
        std::move(entries.begin(), entries.end(), std::back_inserter(rules));
    }
    return rules;
}

}  // namespace

const std::vector<Rule> &all_rules()
{
    static const std::vector<Rule> rules = join_groups();
    return rules;
}

const std::vector<RuleInfo> &rule_catalogue()
{
    static const std::vector<RuleInfo> catalogue = [] {
        std::vector<RuleInfo> infos;
        for (auto const &rule : all_rules())
            infos.push_back(rule.info);
        return infos;
    }();
    return catalogue;
}

const RuleInfo *find_rule(std::string_view id)
{
    auto const &catalogue = rule_catalogue();
    auto const found =
        std::find_if(catalogue.begin(), catalogue.end(), [&](auto const &rule) { return rule.id == id; });
    return found == catalogue.end() ? nullptr : &*found;
}

}  // namespace imgport
