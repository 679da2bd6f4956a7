// One entry of the catalogue: what a rule wants, and the pure function that judges it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/check.hpp>

namespace imgport {

// What a rule looks at, hence what must be known before it can be judged.
enum class Reads {
    container,  // the container file; in `prepare` the one that will be written
    disk,       // partition table and boot sector of a system disk
    guest,      // the system inside
    anything,   // a system disk whatever was found on it: the rule copes with a missing guest by itself
    nothing,    // no powered-off image shows it: `judge` is null, and `info.fix` says what to look at instead
};

// Which systems a rule speaks of.
enum class Guests { any, unix_like, linux_only, windows_only, freebsd_only };

// What a rule may look at. `container` is the one to judge; `inspection` and `guest` are null where there is none.
struct RuleContext {
    const CheckInput &input;
    const Profile &profile;
    const ImageFacts &container;
    const Inspection *inspection = nullptr;
    const GuestFacts *guest = nullptr;

    // `container` is what the conversion will write. Its header is then not known yet.
    bool is_artifact() const { return &container == input.artifact; }
};

// What came out, before the profile grades it.
struct Outcome {
    Status status = Status::unknown;
    std::string message;
    std::vector<Evidence> evidence = {};
    std::string condition = {};  // where violated: a key of the profile's severities
    bool survives = false;       // where violated by a container: its conversion does not mend it
};

Outcome passed(std::string message, std::vector<Evidence> evidence = {});
Outcome violated(std::string message, std::vector<Evidence> evidence = {}, std::string condition = {});
Outcome unknown(std::string reason);
Outcome not_applicable(std::string message);

// Evidence without a line.
Evidence seen(std::string file, std::string value);

struct Rule {
    RuleInfo info;
    Reads reads;
    Guests guests;
    Outcome (*judge)(const RuleContext &context);
};

// What another rule says: a cloud that asks for the same under a name of its own shares the judge.
Outcome judge_as(std::string_view id, const RuleContext &context);

// The groups, in the catalogue's order; each in the file of its name.
std::vector<Rule> image_rules();
std::vector<Rule> container_rules();
std::vector<Rule> upload_rules();
std::vector<Rule> boot_rules();
std::vector<Rule> boot_disk_rules();
std::vector<Rule> boot_entry_rules();
std::vector<Rule> kernel_line_rules();
std::vector<Rule> storage_rules();
std::vector<Rule> ext_rules();
std::vector<Rule> storage_stack_rules();
std::vector<Rule> fstab_rules();
std::vector<Rule> driver_rules();
std::vector<Rule> machine_rules();
std::vector<Rule> network_rules();
std::vector<Rule> interface_rules();
std::vector<Rule> network_service_rules();
std::vector<Rule> access_rules();
std::vector<Rule> sshd_rules();
std::vector<Rule> account_rules();
std::vector<Rule> state_rules();
std::vector<Rule> system_rules();
std::vector<Rule> windows_rules();
std::vector<Rule> windows_driver_rules();
std::vector<Rule> windows_access_rules();
std::vector<Rule> identity_rules();
std::vector<Rule> cloud_init_rules();
std::vector<Rule> upkeep_rules();
std::vector<Rule> freebsd_rules();
std::vector<Rule> coreos_rules();
std::vector<Rule> customized_rules();
std::vector<Rule> aws_rules();
std::vector<Rule> azure_rules();
std::vector<Rule> gcp_rules();
std::vector<Rule> openstack_rules();
std::vector<Rule> tencent_rules();
std::vector<Rule> huawei_rules();
std::vector<Rule> baidu_rules();

// All of them, once.
const std::vector<Rule> &all_rules();

}  // namespace imgport
