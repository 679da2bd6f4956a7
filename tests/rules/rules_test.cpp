#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/clean_facts.hpp"
#include "rules/rule_cases.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

std::vector<RuleCase> all_cases()
{
    std::vector<RuleCase> all;
    for (auto const group :
         {image_cases,           container_cases, upload_cases,  boot_cases,          boot_disk_cases,
          kernel_line_cases,     storage_cases,   ext_cases,     storage_stack_cases, driver_cases,
          machine_cases,         network_cases,   access_cases,  system_cases,        interface_cases,
          network_service_cases, sshd_cases,      account_cases, state_cases,         identity_cases,
          cloud_init_cases,      upkeep_cases,    freebsd_cases, coreos_cases,        customized_cases,
          windows_cases,         aws_cases,       azure_cases,   gcp_cases,           openstack_cases,
          tencent_cases,         huawei_cases,    baidu_cases}) {
        auto cases = group();
        std::move(cases.begin(), cases.end(), std::back_inserter(all));
    }
    return all;
}

// Rules that are violated or could not be judged, at a severity that stops an import by default.
std::set<std::string> grave(const std::vector<Finding> &findings)
{
    std::set<std::string> rules;
    for (auto const &finding : findings) {
        bool const open = finding.status == Status::violated || finding.status == Status::unknown;
        if (open && finding.severity <= Severity::unreachable)
            rules.insert(finding.rule);
    }
    return rules;
}

// The facts of a case. A change of the system takes what names the old one along: its greeting, its registry.
Facts facts_of(const RuleCase &tested)
{
    Json const changes = Json::parse(tested.changes);
    Json facts = with(clean_base(tested.base), changes);
    Json::json_pointer const guest("/inspection/guest");
    if (!facts.contains(guest))
        return facts_from_json(facts);
    bool const other_system = tested.changes.find("/guest/os") != std::string::npos;
    if (other_system && tested.changes.find("/guest/issue") == std::string::npos)
        facts[guest]["issue"] = Json::array();
    if (facts[guest]["os"].value("id", "") == "windows" && !facts[guest].contains("windows"))
        facts[guest]["windows"] = clean_windows()[guest]["windows"];
    return facts_from_json(facts);
}

// Whether a case takes away what rules look at. Then others may be as unknown as the tested one.
bool hides_facts(const RuleCase &tested)
{
    for (const char *sign : {R"("unknown")", R"("gap")", "/gap\"", "/gaps", "<gone>"}) {
        if (tested.changes.find(sign) != std::string::npos)
            return true;
    }
    return tested.status == Status::unknown;
}

class EachCase : public ::testing::TestWithParam<RuleCase> {};

}  // namespace

TEST_P(EachCase, IsJudged)
{
    RuleCase const &tested = GetParam();
    auto const findings = check_facts(facts_of(tested), tested.profile);
    Finding const &finding = finding_of(findings, tested.rule);
    EXPECT_STREQ(to_string(finding.status), to_string(tested.status)) << finding.message;
    EXPECT_THAT(finding.message, ::testing::HasSubstr(tested.says));
    if (!tested.severity.empty()) {
        EXPECT_EQ(to_string(finding.severity), tested.severity);
    }
    EXPECT_EQ(finding.fix.has_value(), tested.status == Status::violated);
    EXPECT_TRUE(finding.source && !finding.source->empty());

    std::set<std::string> const open = grave(findings);
    std::set<std::string> expected(tested.also.begin(), tested.also.end());
    if (grave({finding}).contains(tested.rule))
        expected.insert(tested.rule);
    EXPECT_TRUE(std::includes(open.begin(), open.end(), expected.begin(), expected.end()))
        << ::testing::PrintToString(open);
    for (auto const &rule : open) {
        if (finding_of(findings, rule).status == Status::unknown && hides_facts(tested))
            continue;
        EXPECT_TRUE(expected.contains(rule))
            << "a defect must not show elsewhere: " << rule << ": " << finding_of(findings, rule).message;
    }
}

INSTANTIATE_TEST_SUITE_P(Rules, EachCase, ::testing::ValuesIn(all_cases()), [](auto const &test) {
    std::string name = test.param.rule + "_" + to_string(test.param.status) + "_" + std::to_string(test.index);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(Rules, AFactThatCouldNotBeReadLeavesItsRulesUnknown)
{
    std::map<std::string, std::set<std::string>> const readers{
        {"os", {"os-release", "platform-map", "virtio-autofix-list"}},
        {"kernels",
         {"kernel-present", "kernel-arch", "virtio-kernel", "virtio-initramfs", "nvme-kernel", "nvme-timeout",
          "xen-blkfront", "virtio-autofix-list", "autofs-initramfs-mismatch"}},
        {"architecture", {"kernel-arch"}},
    };
    for (auto const &[fact, rules] : readers) {
        auto const changed = with(clean_bios(), {{"/inspection/guest/gaps", {{fact, "input/output error"}}}});
        std::set<std::string> unknown;
        for (auto const &finding : check_facts(facts_from_json(changed))) {
            if (finding.status == Status::unknown && finding.message == "input/output error")
                unknown.insert(finding.rule);
        }
        EXPECT_EQ(unknown, rules) << fact;
    }
}

TEST(Rules, EachHasCasesThatPassThatViolateAndThatAreNotJudged)
{
    std::map<std::string, std::set<Status>> seen;
    for (auto const &tested : all_cases())
        seen[tested.rule].insert(tested.status);
    for (auto const &rule : rule_catalogue()) {
        if (!rule.checkable) {
            EXPECT_FALSE(seen[rule.id].contains(Status::violated)) << rule.id;
            continue;
        }
        EXPECT_TRUE(seen[rule.id].contains(Status::violated)) << rule.id;
        EXPECT_TRUE(seen[rule.id].contains(Status::passed)) << rule.id;
        EXPECT_TRUE(seen[rule.id].contains(Status::unknown) || seen[rule.id].contains(Status::not_applicable))
            << rule.id;
    }
}

TEST(Rules, StepBackOnlyForOnesThatTheProfileHas)
{
    std::vector<Profile> profiles;
    for (auto const &name : profile_names())
        profiles.push_back(load_profile(name).value());
    for (auto const &tested : all_cases()) {
        auto const facts = facts_of(tested);
        for (auto const &profile : profiles) {
            for (auto const &finding : check(facts.input(), profile)) {
                auto const at = finding.message.rfind(": see ");
                if (finding.status != Status::not_applicable || at == std::string::npos)
                    continue;
                std::string const other = finding.message.substr(at + 6);
                EXPECT_TRUE(find_rule(other) == nullptr || profile.severities.contains(other))
                    << profile.name << " " << finding.rule << ": " << finding.message << " " << tested.changes;
            }
        }
    }
}

TEST(Rules, EachOutcomeThatAProfileGradesOccurs)
{
    // Two outcomes may share a severity, so they are told apart under a profile that gives each its own.
    constexpr Severity grades[] = {Severity::fail, Severity::recommendation, Severity::unreachable, Severity::feature};
    std::map<std::string, std::set<Severity>> expected;
    auto const graded = [&](const std::string &name) {
        Profile profile = load_profile(name).value();
        profile.off.clear();
        for (auto const &rule : rule_catalogue()) {
            for (std::size_t i = 0; i < rule.conditions.size(); ++i) {
                profile.severities[rule.id][rule.conditions[i]] = grades[i];
                if (rule.checkable)
                    expected[rule.id].insert(grades[i]);
            }
        }
        return profile;
    };
    std::map<std::string, std::set<Severity>> seen;
    for (auto const &tested : all_cases()) {
        if (tested.status != Status::violated)
            continue;
        auto const facts = facts_of(tested);
        seen[tested.rule].insert(finding_of(check(facts.input(), graded(tested.profile)), tested.rule).severity);
    }
    EXPECT_EQ(seen, expected);
}

TEST(Rules, SayNothingAgainstCleanImages)
{
    for (auto const &base : {clean_bios(), clean_uefi(), clean_freebsd(), clean_coreos(), clean_windows()}) {
        auto const findings = check_facts(facts_from_json(base));
        EXPECT_EQ(grave(findings), std::set<std::string>{});
        EXPECT_EQ(findings.size(), load_profile("alibaba")->severities.size());
    }
    for (auto const &finding : check_facts(facts_from_json(clean_bios()))) {
        // Debian 12 is newer than what the documents behind that profile list.
        if (finding.rule != "os-supported") {
            EXPECT_NE(finding.status, Status::violated) << finding.rule << ": " << finding.message;
        }
    }
}

TEST(Rules, ThatNoImageShowsSayWhatToLookAt)
{
    for (auto const &finding : check_facts(facts_from_json(clean_bios()))) {
        RuleInfo const &rule = *find_rule(finding.rule);
        bool const says = finding.message.starts_with("not checkable offline: ");
        EXPECT_EQ(says, !rule.checkable) << rule.id;
        if (!rule.checkable) {
            EXPECT_EQ(finding.status, Status::not_applicable) << rule.id;
            EXPECT_THAT(finding.message, ::testing::HasSubstr(rule.fix)) << rule.id;
        }
    }
}

TEST(Rules, SayNothingAgainstImagesThatWereMadeForTheirCloud)
{
    for (auto const &name : profile_names()) {
        bool const own_base = name != "alibaba" && name != "alibaba-2026" && name != "kvm";
        auto const findings = check_facts(facts_from_json(clean_base(own_base ? name : "bios")), name);
        for (auto const &finding : findings) {
            if (finding.rule == "os-supported")
                continue;  // Debian 12 is newer than what the documents behind `alibaba` list
            EXPECT_NE(finding.status, Status::violated) << name << " " << finding.rule << ": " << finding.message;
            EXPECT_NE(finding.status, Status::unknown) << name << " " << finding.rule << ": " << finding.message;
        }
    }
}

TEST(Rules, OfOneProfileSayTheSameDefectOnce)
{
    struct {
        const char *changes;
        std::map<std::string, const char *> rules;  // profile -> the one rule
    } const defects[] = {
        {R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=/dev/sda1 console=ttyS0"})",
         {{"aws", "grub-root-uuid"}, {"tencent", "tc-grub"}, {"huawei", "hw-uuid"}, {"kvm", "grub-root-uuid"}}},
        {R"({"/inspection/guest/sshd/enabled": false})",
         {{"aws", "sshd-enabled"}, {"azure", "az-ssh"}, {"openstack", "os-ssh"}, {"gcp", "sshd-enabled"}}},
        {R"({"/inspection/guest/kernels/0/modules": []})",
         {{"aws", "aws-nvme-ena"},
          {"azure", "az-modules"},
          {"gcp", "gcp-drv"},
          {"openstack", "virtio-initramfs"},
          {"tencent", "tc-virtio"},
          {"huawei", "hw-virtio"},
          {"baidu", "bd-virtio"},
          {"kvm", "virtio-initramfs"}}},
        {R"({"/inspection/guest/network/udev_rules": ["/etc/udev/rules.d/70-persistent-net.rules"]})",
         {{"aws", "net-udev-rules"}, {"openstack", "os-mac"}, {"huawei", "hw-udev"}}},
        {R"({"/inspection/guest/os/id": ""})", {{"aws", "aws-os-files"}}},
    };
    for (auto const &defect : defects) {
        for (auto const &[profile, rule] : defect.rules) {
            auto const base = clean_base(profile == "kvm" ? "bios" : profile);
            auto const findings = check_facts(facts_from_json(with(base, Json::parse(defect.changes))), profile);
            EXPECT_EQ(grave(findings), (std::set<std::string>{rule})) << profile << " " << defect.changes;
        }
    }
}

TEST(Rules, KnowNothingWhereTheMachineCouldNotLook)
{
    auto const facts = facts_from_json(with(clean_bios(), Json::parse(R"({
        "/inspection/guest": "<gone>", "/inspection/gap": {"reason": "the appliance did not start", "machine": true}})")));
    auto const findings = check_facts(facts);
    Finding const &finding = finding_of(findings, "virtio-initramfs");
    EXPECT_EQ(finding.status, Status::unknown);
    EXPECT_EQ(finding.machine, true);
    EXPECT_EQ(finding.message, "the appliance did not start");
    for (auto const &other : findings)
        EXPECT_NE(other.status, Status::violated) << other.rule << ": " << other.message;
    EXPECT_EQ(finding_of(findings, "boot-mode-detect").status, Status::passed) << "the boot sector was read";
}

TEST(Rules, AreNotJudgedByAGuestThatWasNeverLookedAt)
{
    auto const findings = check_facts(facts_from_json(with(clean_bios(), Json::parse(R"({"/inspection": "<gone>"})"))));
    EXPECT_EQ(finding_of(findings, "kernel-present").status, Status::unknown);
    EXPECT_EQ(finding_of(findings, "pt-present").status, Status::unknown);
    EXPECT_EQ(finding_of(findings, "fmt-accepted").status, Status::passed);
}

TEST(Rules, OfSystemsDoNotConcernDataDisks)
{
    auto const findings =
        check_facts(facts_from_json(with(clean_bios(), Json::parse(R"({"/inspection": "<gone>", "/role": "data"})"))));
    EXPECT_EQ(grave(findings), std::set<std::string>{});
    EXPECT_EQ(finding_of(findings, "kernel-present").status, Status::not_applicable);
    EXPECT_EQ(finding_of(findings, "datadisk-size").status, Status::passed);
}

TEST(Rules, OfLinuxDoNotConcernWindows)
{
    auto const findings = check_facts(facts_from_json(clean_windows()));
    EXPECT_EQ(grave(findings), std::set<std::string>{});
    EXPECT_EQ(finding_of(findings, "platform-map").status, Status::passed);
    EXPECT_EQ(finding_of(findings, "fs-type").status, Status::passed);
    EXPECT_EQ(finding_of(findings, "virtio-initramfs").status, Status::not_applicable);
    for (auto const &finding : findings)
        EXPECT_NE(finding.status, Status::unknown) << finding.rule << ": " << finding.message;
}

// Where nothing of the system can be opened, what hides it is all that can be said.
TEST(Rules, OfWindowsKnowBitLockerFromOutside)
{
    auto const findings = check_facts(facts_from_json(with(clean_windows(), Json::parse(R"({
        "/inspection/guest": "<gone>", "/inspection/gap": {"reason": "/dev/sda2 cannot be looked into: BitLocker"},
        "/inspection/volumes/1/filesystem": {"type": "BitLocker"}})"))));
    EXPECT_EQ(finding_of(findings, "win-clean").status, Status::violated);
    EXPECT_EQ(finding_of(findings, "win-rdp").status, Status::unknown);
}

TEST(Rules, FindNothingToPassOnABlankDisk)
{
    auto const facts = facts_from_json(with(clean_bios(), Json::parse(R"({
        "/inspection": {"disk": {"size": 42949672960, "table": "none"}, "volumes": []}})")));
    EXPECT_EQ(grave(check_facts(facts)), (std::set<std::string>{"pt-present", "boot-mode-detect", "kernel-present"}));
}

TEST(Rules, ShowWhatAnImageHoldsSafelyAndInBounds)
{
    Json json = clean_bios();
    json["image"]["path"] = "disk\x1b[31m.vhd";
    json["inspection"]["guest"]["boot_loader"]["entries"][0]["cmdline"] = "root=LABEL=" + std::string(100'000, 'x');
    for (int i = 0; i < 500; ++i)
        json["inspection"]["guest"]["fstab"]["entries"].push_back(
            {{"device", "/dev/sdb\x1b"}, {"target", "/x"}, {"type", "ext4"}, {"line", i}});
    json["inspection"]["guest"]["fstab"]["entries"].push_back(
        {{"device", "/dev/sdb"}, {"target", "/\x1b"}, {"type", "x"}});
    for (int i = 0; i < 500; ++i)
        json["inspection"]["guest"]["fstab"]["entries"].push_back({{"device", "/dev/sdb"}, {"target", "/"}});
    for (auto const &finding : check_facts(facts_from_json(json))) {
        EXPECT_LE(finding.message.size(), 5000U) << finding.rule;
        EXPECT_LE(finding.evidence.size(), 100U) << finding.rule;
        EXPECT_EQ(finding.message.find('\x1b'), std::string::npos) << finding.rule;
        for (auto const &evidence : finding.evidence) {
            EXPECT_EQ(evidence.file.find('\x1b'), std::string::npos) << finding.rule;
            EXPECT_EQ(evidence.value.find('\x1b'), std::string::npos) << finding.rule;
            EXPECT_LE(evidence.value.size(), 2000U) << finding.rule;
        }
    }
}

TEST(Rules, OfTheSourceAreMendedByAConversion)
{
    auto const json = with(clean_bios(), Json::parse(R"({
        "/image": {"path": "disk.vmdk.xz", "format": "vmdk", "virtual_size": 42949672960, "file_size": 100,
                   "wrapped_in": ["xz"]},
        "/artifact": {"path": "disk.qcow2", "format": "qcow2", "virtual_size": 42949672960}})"));
    auto const findings = check_facts(facts_from_json(json));
    EXPECT_EQ(grave(findings), std::set<std::string>{});
    for (const char *rule : {"fmt-accepted", "fmt-archive"}) {
        Finding const &finding = finding_of(findings, rule);
        EXPECT_EQ(finding.status, Status::passed) << rule;
        EXPECT_EQ(finding.mended, true) << rule;
        EXPECT_THAT(finding.message, ::testing::HasSubstr("the conversion mends it"));
    }
    EXPECT_FALSE(finding_of(findings, "fmt-ext-mismatch").mended);

    auto const unconverted = check_facts(facts_from_json(with(json, Json::parse(R"({"/artifact": "<gone>"})"))));
    EXPECT_EQ(grave(unconverted), (std::set<std::string>{"fmt-accepted", "fmt-archive"}));
}

TEST(Rules, OfTheSourceThatAConversionCarriesOverStay)
{
    auto const artifact =
        Json::parse(R"({"/artifact": {"path": "o.qcow2", "format": "qcow2", "virtual_size": 42949672960}})");
    auto const iso = with(with(clean_bios(), artifact), Json::parse(R"({
        "/image": {"path": "debian.iso", "format": "iso", "virtual_size": 42949672960, "file_size": 700000000},
        "/inspection": "<gone>"})"));
    EXPECT_EQ(grave(check_facts(facts_from_json(iso))), (std::set<std::string>{"fmt-iso"}));

    auto const corrupt =
        with(with(clean_bios(), artifact), Json::parse(R"({"/image/details/qcow2/incompatible_features": 2})"));
    EXPECT_EQ(grave(check_facts(facts_from_json(corrupt))), (std::set<std::string>{"qcow2-dirty"}));

    auto const dirty =
        with(with(clean_bios(), artifact), Json::parse(R"({"/image/details/qcow2/incompatible_features": 1})"));
    EXPECT_EQ(finding_of(check_facts(facts_from_json(dirty)), "qcow2-dirty").mended, true);
}
