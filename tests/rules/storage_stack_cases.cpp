#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

std::string multipath(const std::string &more = {}, const std::string &cmdline = {})
{
    return R"({"/inspection/guest/multipath": {"enabled": true, "where": "/etc/systemd/system/x.wants/multipathd.service")" +
           more + R"(}, "/inspection/guest/boot_loader/entries/0/cmdline":
                        "root=UUID=11111111-2222-3333-4444-555555555555 )" +
           cmdline + "\"}";
}

std::string blacklist(const std::string &entry)
{
    return R"(, "blacklist": [{"file": "/etc/multipath.conf", "line": 3, "value": ")" + entry + R"("}])";
}

std::string data(const std::string &volumes)
{
    return R"({"/role": "data", "/inspection": {"disk": {"size": 42949672960, "table": "mbr"}, "volumes": )" + volumes +
           "}}";
}

const std::string greedy = R"(, "find_multipaths": {"value": "greedy", "where": {"value": "find_multipaths greedy"}})";

}  // namespace

std::vector<RuleCase> storage_stack_cases()
{
    return {
        {"md-raid-root", passed, "{}", "nothing on the disk"},
        {"md-raid-root", passed,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "filesystem": {"type": "linux_raid_member"}}})",
         "/dev/sda1, not on software RAID"},
        {"md-raid-root", violated,
         R"({"/inspection/volumes": [{"device": "/dev/sda1", "filesystem": {"type": "linux_raid_member"}}],
             "/inspection/guest": "<gone>"})",
         "the system lies on software RAID"},
        {"md-raid-root", violated,
         R"({"/inspection/volumes/0/device": "/dev/md0", "/inspection/volumes/0/kind": "md",
             "/inspection/guest/root_device": "/dev/md0", "/inspection/guest/mountpoints/0/device": "/dev/md0",
             "/inspection/guest/fstab/entries/0/resolved": "/dev/md0"})",
         "on /dev/md0"},
        // A volume group whose name begins so.
        {"md-raid-root", passed,
         R"({"/inspection/volumes/0/device": "/dev/mdvg/root", "/inspection/volumes/0/kind": "lvm",
             "/inspection/guest/root_device": "/dev/mdvg/root",
             "/inspection/guest/mountpoints/0/device": "/dev/mdvg/root",
             "/inspection/guest/fstab/entries/0/resolved": "/dev/mdvg/root"})"},
        {"md-raid-root", not_applicable, R"({"/inspection/guest": "<gone>"})", "", {"kernel-present"}},

        {"multipath", passed, "{}", "does not start"},
        {"multipath", violated, multipath(), "without a blacklist", {}, "bios", "recommendation"},
        {"multipath", violated, multipath(greedy), "find_multipaths greedy", {}, "bios", "fail"},
        {"multipath",
         violated,
         multipath(R"(, "exceptions": [{"value": "devnode ^vd[a-z]"}])"),
         "devnode ^vd[a-z]",
         {},
         "bios",
         "fail"},
        {"multipath", violated, multipath(greedy + blacklist("devnode ^sd[a-z]")), "single path"},
        {"multipath", violated, multipath(greedy + blacklist("devnode !^(sd|vd)[a-z]")), "single path"},
        {"multipath", passed, multipath(greedy + blacklist("devnode ^(vd|nvme)")), "leaves virtio disks alone"},
        {"multipath", passed, multipath(greedy + blacklist("devnode !^sd[a-z]"))},
        {"multipath", passed, multipath(greedy + blacklist("wwid .*"))},
        {"multipath", passed, multipath(greedy, "multipath=off"), "switched off"},
        {"multipath", violated,
         R"({"/inspection/guest/kernels/0/initramfs_programs": ["multipathd"],
             "/inspection/guest/multipath": {"find_multipaths": {"value": "no"}}})",
         "single path"},
        {"multipath", unknown, R"({"/inspection/guest/multipath": {"unknown": "cut"}})", "cut", {}},

        {"datadisk-clean", not_applicable, "{}", "a system disk"},
        {"datadisk-clean", passed, data(R"([{"device": "/dev/sda1", "filesystem": {"type": "xfs", "clean": true}}])"),
         "/dev/sda1 (xfs)"},
        {"datadisk-clean", passed, data(R"([{"device": "/dev/sda1", "filesystem": {"type": "LVM2_member"}}])")},
        {"datadisk-clean",
         violated,
         data(R"([{"device": "/dev/sda1", "filesystem": {"type": "xfs", "clean": true}},
                  {"device": "/dev/sda2", "filesystem": {"type": "ext4", "clean": false, "state": "not cleanly"}}])"),
         "/dev/sda2 (ext4: not cleanly)",
         {},
         "bios",
         "recommendation"},
        {"datadisk-clean", violated, data(R"([{"device": "/dev/sda", "filesystem": {"type": ""}}])"),
         "no filesystem was recognised"},
        {"datadisk-clean", violated, data("[]"), "no filesystem was recognised"},
        {"datadisk-clean", unknown, R"({"/role": "data", "/inspection": "<gone>"})", "not looked at"},
        {"datadisk-clean", unknown, R"({"/role": "data", "/inspection": {"gap": {"reason": "cut"}}})", "cut"},
    };
}

}  // namespace imgport::testing
