#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

RuleCase freebsd(const std::string &rule, Status status, const std::string &changes, const std::string &says = {},
                 const std::string &severity = {}, std::vector<std::string> also = {})
{
    return {rule, status, changes, says, std::move(also), "freebsd", severity};
}

std::string drivers(const std::string &pci, const std::string &blk, const std::string &net)
{
    return R"({"/inspection/guest/freebsd/drivers": {"virtio_pci": ")" + pci + R"(", "virtio_blk": ")" + blk +
           R"(", "vtnet": ")" + net + "\"}}";
}

std::string root_line(const std::string &device, const std::string &more = "")
{
    return R"({"/inspection/guest/fstab/entries": [{"device": ")" + device +
           R"(", "target": "/", "type": "ufs", "options": ["rw"], "line": 2}])" + more + "}";
}

std::string second_line(const std::string &line)
{
    return R"({"/inspection/guest/fstab/entries/1": )" + line + "}";
}

}  // namespace

std::vector<RuleCase> freebsd_cases()
{
    return {
        freebsd("fbsd-virtio", passed, "{}"),
        freebsd("fbsd-virtio", passed, drivers("loader", "loader", "module")),
        freebsd("fbsd-virtio", violated, drivers("kernel", "module", "kernel"), "virtio_blk: a module that nothing"),
        freebsd("fbsd-virtio", violated, drivers("absent", "absent", "absent"), "finds no root"),
        freebsd("fbsd-virtio", violated, drivers("kernel", "kernel", "absent"), "finds no network card", "fail"),
        freebsd("fbsd-virtio", violated, R"({"/inspection/guest/freebsd": {"kernel": ""}})", "no kernel"),
        freebsd("fbsd-virtio", unknown, R"({"/inspection/guest/freebsd": {"unknown": "compressed"}})", "compressed"),
        {"fbsd-virtio", not_applicable, "{}", "FreeBSD systems"},

        freebsd("fbsd-fstab", passed, "{}"),
        freebsd("fbsd-fstab", violated, root_line("/dev/ada0p2"), "/dev/ada0p2 /", "fail"),
        freebsd("fbsd-fstab", violated, root_line("/dev/da0s1a"), "/dev/da0s1a /", "fail"),
        freebsd("fbsd-fstab", violated, root_line("/dev/vtbd0p2"), "not on every instance type", "feature"),
        freebsd("fbsd-fstab", violated, root_line("/dev/gpt/gone"), "no such label", "fail"),
        freebsd("fbsd-fstab", violated,
                second_line(R"({"device": "/dev/ada0p3", "target": "none", "type": "swap", "options": ["sw"]})"),
                "/dev/ada0p3", "feature"),
        freebsd(
            "fbsd-fstab", violated,
            second_line(R"({"device": "/dev/da1p1", "target": "/data", "type": "ufs", "options": ["rw", "failok"]})"),
            "/dev/da1p1", "feature"),
        freebsd(
            "fbsd-fstab", passed,
            second_line(R"({"device": "/dev/da1p1", "target": "/data", "type": "ufs", "options": ["rw", "noauto"]})")),
        freebsd("fbsd-fstab", violated, R"({"/inspection/guest/fstab": {"present": false}})", "no line for /", "fail"),
        freebsd("fbsd-fstab", passed,
                R"({"/inspection/guest/fstab": {"present": false},
                    "/inspection/guest/freebsd/root": "ufs:/dev/gpt/rootfs"})"),
        freebsd("fbsd-fstab", violated, R"({"/inspection/guest/freebsd/root": "ufs:/dev/ada0p2",
                    "/inspection/guest/freebsd/root_where": {"file": "/boot/loader.conf", "line": 1, "value": "x=ada0p2"}})",
                "ada0p2", "fail"),
        // A BSD label inside an MBR slice is not looked into, so a label there cannot be missed.
        freebsd("fbsd-fstab", passed,
                root_line("/dev/ufs/root", R"(, "/inspection/disk/table": "mbr", "/inspection/disk/gpt": "<gone>",
                                             "/inspection/disk/partitions/0/bootable": true)")),
        freebsd("fbsd-fstab", unknown, R"({"/inspection/guest/fstab": {"unknown": "cut"}})", "cut"),
        {"fbsd-fstab", not_applicable, "{}"},

        freebsd("fbsd-fs", passed, "{}"),
        freebsd("fbsd-fs", violated, R"({"/inspection/volumes/1/filesystem/type": "ext4"})", "ext4", "feature"),
        freebsd("fbsd-fs", violated,
                R"({"/inspection/guest": "<gone>", "/inspection/gap": {"reason": "a pool", "machine": false},
                    "/inspection/disk/partitions/1/type": "516E7CBA-6ECF-11D6-8FF8-00022D09712B"})",
                "on ZFS", "feature", {}),
        freebsd("fbsd-fs", unknown, R"({"/inspection/guest/root_device": ""})", "not known"),
        {"fbsd-fs", not_applicable, "{}"},

        freebsd("fbsd-pf", passed, "{}"),
        freebsd("fbsd-pf", violated,
                R"({"/inspection/guest/firewalls/0": {"name": "pf", "enabled": true, "where": "/etc/rc.conf:7"}})",
                "pf is on", "unreachable"),
        freebsd("fbsd-pf", unknown, R"({"/inspection/guest/firewalls": {"unknown": "cut"}})", "cut"),
        {"fbsd-pf", not_applicable, "{}"},

        // What is said of Linux elsewhere.
        freebsd("firewall-off", not_applicable, "{}", "see fbsd-pf"),
        freebsd("sshd-rootlogin", not_applicable, "{}", "by default"),
        freebsd(
            "sshd-rootlogin", violated,
            R"({"/inspection/guest/sshd/permit_root_login": {"value": "no", "where": {"file": "/etc/ssh/sshd_config"}}})"),
        freebsd("shadow-writable", not_applicable, "{}", "chflags"),
        freebsd("cloudinit-installed", not_applicable, "{}", "Linux"),
        freebsd("growpart", not_applicable, "{}", "Linux"),
        freebsd("boot-mode-detect", passed, "{}", "BIOS"),
    };
}

}  // namespace imgport::testing
