// OpenStack.
#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

RuleCase of_openstack(RuleCase tested)
{
    tested.base = tested.profile = "openstack";
    return tested;
}

}  // namespace

std::vector<RuleCase> openstack_cases()
{
    std::vector<RuleCase> cases{
        {"os-format", passed, "{}", "qcow2"},
        {"os-format", passed,
         R"({"/image": {"path": "a.iso", "format": "iso", "variant": "", "virtual_size": 42949672960}})", "iso"},
        {"os-format", passed,
         R"({"/image": {"path": "a.ova", "format": "ova", "variant": "", "virtual_size": 42949672960}})", "OVA"},
        {"os-format", violated,
         R"({"/image": {"path": "a.qed", "format": "qed", "variant": "", "virtual_size": 42949672960}})",
         "the format is qed"},
        {"os-format", violated,
         R"({"/image": {"path": "a.qcow2.xz", "format": "qcow2", "variant": "v3", "virtual_size": 42949672960, "wrapped_in": ["xz"], "details": {"qcow2": {"version": 3, "cluster_size": 65536, "compression": "zlib"}}}})",
         "wrapped in xz"},
        {"os-format", unknown,
         R"({"/image": {"path": "d", "format": "unknown", "variant": "", "virtual_size": 42949672960}})",
         "not recognised"},

        {"os-qcow2-safe", passed, "{}"},
        {"os-qcow2-safe", passed,
         R"({"/image": {"path": "a.vmdk", "format": "vmdk", "variant": "streamOptimized", "virtual_size": 42949672960}})"},
        {"os-qcow2-safe", violated,
         R"({"/image": {"path": "a.vmdk", "format": "vmdk", "variant": "twoGbMaxExtentSparse", "virtual_size": 42949672960}})",
         "twoGbMaxExtentSparse"},
        {"os-qcow2-safe", violated, R"({"/image/details/qcow2/backing_file": "base.qcow2"})", "base.qcow2"},
        {"os-qcow2-safe", not_applicable,
         R"({"/image": {"path": "a.raw", "format": "raw", "variant": "", "virtual_size": 42949672960}})",
         "the format is raw"},

        {"os-part", passed, "{}"},
        {"os-part", violated, R"({"/inspection/volumes/0/kind": "lvm"})", "logical volume"},
        {"os-part", violated, R"({"/inspection/guest/growpart": ""})", "growpart"},
        {"os-part", violated,
         R"({"/inspection/volumes/0/filesystem/type": "btrfs", "/inspection/guest/fstab/entries/0/type": "btrfs"})",
         "btrfs"},
        {"os-part", unknown, R"({"/inspection/guest/growpart": {"unknown": "not text"}})", "not text"},

        {"os-mac", passed, "{}"},
        {"os-mac", violated, R"({"/inspection/guest/network/interfaces/0/hwaddr": "52:54:00:00:00:01"})", "52:54"},
        {"os-mac", violated,
         R"({"/inspection/guest/network/udev_rules": ["/etc/udev/rules.d/70-persistent-net.rules"]})",
         "70-persistent-net"},
        {"os-mac",
         unknown,
         R"({"/inspection/guest/network": {"unknown": "not text"}})",
         "not text",
         {"net-dhcp", "net-static"}},

        {"os-ssh", passed, "{}"},
        {"os-ssh", violated, R"({"/inspection/guest/sshd/installed": false})", "no SSH server"},
        {"os-ssh", unknown, R"({"/inspection/guest/sshd": {"unknown": "not text"}})", "not text"},

        {"os-fw", passed, "{}"},
        {"os-fw", violated, R"({"/inspection/guest/firewalls/0/enabled": true})", "nftables starts"},
        {"os-fw", unknown, R"({"/inspection/guest/firewalls": {"unknown": "not text"}})", "not text"},

        {"os-console", passed, "{}"},
        {"os-console", violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=UUID=11111111-2222-3333-4444-555555555555 ro"})",
         "lacks console=ttyS0"},
        {"os-console", not_applicable, R"({"/role": "data"})"},

        {"os-meta", passed, "{}"},
        {"os-meta", passed, R"({"/inspection/guest/cloud_init/datasources": ["ConfigDrive"]})"},
        {"os-meta", violated, R"({"/inspection/guest/cloud_init/datasources": ["Azure"]})", "lacks OpenStack"},
        {"os-meta", violated, R"({"/inspection/guest/cloud_init/enabled": false})", "switched off", {"root-locked"}},
        {"os-meta", unknown, R"({"/inspection/guest/cloud_init": {"unknown": "not text"}})", "not text"},

        {"os-props", not_applicable, "{}", "not checkable offline"},
    };
    for (auto &tested : cases)
        tested = of_openstack(std::move(tested));
    return cases;
}

}  // namespace imgport::testing
