#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

std::string fs(const std::string &key, const std::string &value)
{
    return R"({"/inspection/volumes/0/filesystem/)" + key + "\": " + value + "}";
}

std::string fstab(const std::string &entry)
{
    return R"({"/inspection/guest/fstab/entries/2": )" + entry + "}";
}

const char *const no_root = R"({"/inspection/guest/root_device": "", "/inspection/guest/mountpoints": []})";
const char *const no_fstab = R"({"/inspection/guest/fstab": {"unknown": "/etc/fstab: not text"}})";
const char *const luks =
    R"({"/inspection/volumes/1": {"device": "/dev/sda2", "kind": "partition", "filesystem": {"type": "crypto_LUKS",
        "uuid": "77777777-0000-0000-0000-000000000000"}}, "/inspection/guest/crypttab": )";

}  // namespace

std::vector<RuleCase> storage_cases()
{
    return {
        {"fs-type", passed, "{}", "ext4"},
        {"fs-type", passed, "{}", "xfs", {}, "uefi"},
        {"fs-type", violated,
         R"({"/inspection/volumes/0/filesystem/type": "btrfs", "/inspection/guest/fstab/entries/0/type": "btrfs"})",
         "btrfs"},
        {"fs-type", unknown, no_root, "", {"fs-clean", "fs-free-space", "fstab-root"}},

        {"fs-clean", passed, "{}", "/"},
        {"fs-clean", violated,
         R"({"/inspection/volumes/0/filesystem/clean": false,
             "/inspection/volumes/0/filesystem/state": "journal needs recovery"})",
         "journal needs recovery"},
        {"fs-clean", unknown, fs("clean", "\"<gone>\""), "/ (ext4)"},
        {"fs-clean", passed, "{}", "/", {}, "uefi"},  // FAT has no such state
        {"fs-clean", not_applicable,
         R"({"/inspection/volumes/0/filesystem": {"type": "btrfs", "uuid": "11111111-2222-3333-4444-555555555555",
                                                  "free": 38000000000, "size": 42000000000},
             "/inspection/guest/fstab/entries/0/type": "btrfs"})"},
        {"fs-clean", violated,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "filesystem": {"type": "xfs", "clean": false}},
             "/inspection/guest/mountpoints/1": {"target": "/home", "device": "/dev/sda2", "filesystem": "xfs"}})",
         "/home (xfs)"},

        {"fs-free-space", passed, "{}"},
        {"fs-free-space", violated, fs("free", "262143999"), "too little", {}, "bios", "fail"},
        {"fs-free-space", violated, fs("free", "262144000"), "soon be full", {}, "bios", "feature"},
        {"fs-free-space", violated, fs("free", "4199999999"), "soon be full", {}, "bios", "feature"},
        {"fs-free-space", passed, fs("free", "4200000000")},
        {"fs-free-space", unknown, fs("free", "\"<gone>\"")},

        {"lvm-root", passed, "{}"},
        {"lvm-root", violated, R"({"/inspection/volumes/0/kind": "lvm"})", "logical volume"},
        {"lvm-root", unknown, no_root, "", {"fs-clean", "fs-free-space", "fstab-root"}},

        {"swap-partition", passed, "{}"},
        {"swap-partition", violated,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "filesystem": {"type": "swap"}}})"},
        {"swap-partition", violated, fstab(R"({"device": "/swapfile", "target": "none", "type": "swap", "line": 3})")},
        {"swap-partition",
         unknown,
         no_fstab,
         "not text",
         {"fstab-uuid", "fstab-exists", "fstab-root", "boot-same-disk", "fstab-net"}},

        {"luks-root", passed, "{}"},
        {"luks-root", violated,
         R"({"/inspection/volumes": [{"device": "/dev/sda1", "filesystem": {"type": "crypto_LUKS"}}],
             "/inspection/guest": "<gone>"})",
         "nobody can type its passphrase"},
        {"luks-root", violated, std::string(luks) + R"([{"file": "/etc/crypttab", "line": 1,
             "value": "data UUID=77777777-0000-0000-0000-000000000000 none luks"}]})",
         "asks for a passphrase"},
        {"luks-root", passed, std::string(luks) + R"([{"value": "data UUID=7777 none luks,nofail"}]})"},
        {"luks-root", passed, std::string(luks) + R"([{"value": "data UUID=7777 /etc/keys/data luks"}]})"},
        {"luks-root", unknown, std::string(luks) + R"({"unknown": "crypttab: not text"}})"},

        {"growpart", passed, "{}"},
        {"growpart", violated, R"({"/inspection/guest/growpart": ""})", "not installed"},
        {"growpart", violated, R"({"/inspection/guest/cloud_init/grows_root": false})", "does not run it"},
        {"growpart", passed, R"({"/inspection/guest/cloud_init": {"installed": false}})", "", {"root-locked"}},
        {"growpart", unknown, R"({"/inspection/guest/growpart": {"unknown": "cut"}})", "cut"},

        {"fstab-uuid", passed, "{}"},
        {"fstab-uuid",
         violated,
         R"({"/inspection/guest/fstab/entries/0/device": "/dev/sda1"})",
         "line 1: /dev/sda1 /",
         {},
         "bios",
         "fail"},
        {"fstab-uuid", violated, fstab(R"({"device": "/dev/xvdb1", "target": "/data", "type": "ext4", "line": 3})"),
         "line 3"},
        {"fstab-uuid",
         violated,
         fstab(R"({"device": "/dev/sdb1", "target": "/mnt", "type": "auto", "options": ["nofail"], "line": 3})"),
         "nofail",
         {},
         "bios",
         "feature"},
        {"fstab-uuid", violated, fstab(R"({"device": "/dev/sr0", "target": "/cd", "type": "auto", "line": 3})"), "sr0"},
        {"fstab-uuid", passed,
         fstab(R"({"device": "/dev/sdb1", "target": "/mnt", "type": "auto", "options": ["noauto"], "line": 3})")},
        {"fstab-uuid", passed, fstab(R"({"device": "tmpfs", "target": "/tmp", "type": "tmpfs", "line": 3})")},
        {"fstab-uuid", passed,
         fstab(R"({"device": "nas:/sda1", "target": "/nas", "type": "nfs", "options": ["nofail"], "line": 3})")},
        {"fstab-uuid", passed, fstab(R"({"device": "/swapfile", "target": "none", "type": "swap", "line": 3})")},
        {"fstab-uuid",
         not_applicable,
         R"({"/inspection/guest/fstab": {"present": false}})",
         "no /etc/fstab",
         {"fstab-root"}},
        {"fstab-uuid", unknown, no_fstab, "not text", {"fstab-exists", "fstab-root", "boot-same-disk", "fstab-net"}},

        {"fstab-exists", passed, "{}"},
        {"fstab-exists",
         violated,
         fstab(R"({"device": "UUID=0000", "target": "/data", "type": "xfs", "line": 3})"),
         "line 3: UUID=0000 /data xfs",
         {},
         "bios",
         "fail"},
        {"fstab-exists", violated, fstab(R"({"device": "/dev/disk/by-label/data", "target": "/d", "type": "xfs",
                                             "line": 3})")},
        {"fstab-exists", violated,
         fstab(R"({"device": "/dev/mapper/old-data", "target": "/d", "type": "xfs", "line": 3})")},
        {"fstab-exists",
         violated,
         fstab(R"({"device": "UUID=0000", "target": "none", "type": "swap", "line": 3})"),
         "90 seconds",
         {},
         "bios",
         "feature"},
        {"fstab-exists", passed,
         fstab(R"({"device": "UUID=0000", "target": "/d", "type": "xfs", "options": ["nofail"], "line": 3})")},
        {"fstab-exists", passed,
         fstab(
             R"({"device": "UUID=0000", "target": "/d", "type": "xfs", "options": ["x-systemd.automount"], "line": 3})")},
        {"fstab-exists", passed, fstab(R"({"device": "LABEL=root", "target": "/again", "type": "ext4", "line": 3})")},
        {"fstab-exists", passed,
         R"({"/inspection/guest/fstab/entries/2": {"device": "/dev/mapper/data", "target": "/d", "type": "xfs", "line": 3},
             "/inspection/guest/crypttab": [{"value": "data /dev/disk/by-label/luks /key luks"}]})"},
        {"fstab-exists", unknown, no_fstab, "", {"fstab-uuid", "fstab-root", "boot-same-disk", "fstab-net"}},

        {"fstab-root", passed, "{}", "as ext4"},
        {"fstab-root", passed, R"({"/inspection/guest/fstab/entries/0/type": "auto"})"},
        {"fstab-root", passed, R"({"/inspection/guest/fstab/entries/0/type": "xfs,ext4"})"},
        {"fstab-root", passed, R"({"/inspection/volumes/0/filesystem/type": "ext3"})", "as ext4"},
        {"fstab-root", violated, R"({"/inspection/guest/fstab/entries/0/type": "ext3"})", "as ext3, but it is ext4"},
        {"fstab-root", violated, R"({"/inspection/guest/fstab/entries/0/type": "xfs"})", "as xfs, but it is ext4"},
        {"fstab-root", violated, R"({"/inspection/guest/fstab/entries": []})", "no line for /"},
        {"fstab-root", violated, R"({"/inspection/guest/fstab": {"present": false}})", "there is no /etc/fstab"},
        {"fstab-root", violated, R"({"/inspection/guest/fstab/entries/0/resolved": "/dev/sda9"})",
         "mounts /dev/sda9 as /, but the system is on /dev/sda1"},
        {"fstab-root", not_applicable,
         R"({"/inspection/guest/fstab": {"present": false},
             "/inspection/guest/boot_loader/entries/0/cmdline": "root=LABEL=root ostree=/ostree/boot.1/x"})"},
        {"fstab-root", not_applicable,
         R"({"/inspection/guest/fstab": {"present": false},
             "/inspection/guest/boot_loader/entries/0/cmdline": "mount.usr=PARTUUID=7130c94a root=LABEL=root"})",
         "what the boot loader says"},
        // Without a root= the boot loader says nothing of it.
        {"fstab-root",
         violated,
         R"({"/inspection/guest/fstab": {"present": false},
             "/inspection/guest/boot_loader/entries/0/cmdline": "mount.usr=PARTUUID=7130c94a"})",
         "there is no /etc/fstab",
         {"grub-root-exists"}},
        {"fstab-root", unknown, no_fstab, "", {"fstab-uuid", "fstab-exists", "boot-same-disk", "fstab-net"}},

        {"fstab-net", not_applicable, "{}", "nothing over the network"},
        {"fstab-net", violated,
         fstab(R"({"device": "nas:/home", "target": "/home", "type": "nfs4", "options": ["_netdev"], "line": 3})"),
         "line 3: nas:/home /home nfs4 _netdev"},
        {"fstab-net", violated,
         fstab(R"({"device": "//nas/share", "target": "/s", "type": "cifs", "options": ["ro"], "line": 3})")},
        {"fstab-net", violated,
         fstab(R"({"device": "/dev/nbd0p1", "target": "/s", "type": "ext4", "options": ["ro"], "line": 3})")},
        {"fstab-net", passed,
         fstab(R"({"device": "nas:/home", "target": "/home", "type": "nfs", "options": ["nofail"], "line": 3})"),
         "does not wait for /home"},
        {"fstab-net", passed,
         fstab(R"({"device": "nas:/home", "target": "/home", "type": "nfs", "options": ["noauto"], "line": 3})")},
        // iSCSI by UUID: what is missing is fstab-exists' business.
        {"fstab-net",
         not_applicable,
         fstab(R"({"device": "UUID=0000", "target": "/d", "type": "xfs", "options": ["_netdev"], "line": 3})"),
         "",
         {"fstab-exists"}},
        {"fstab-net", unknown, no_fstab, "not text", {"fstab-uuid", "fstab-exists", "fstab-root", "boot-same-disk"}},

        {"fstab-cdrom", passed, "{}"},
        {"fstab-cdrom",
         violated,
         fstab(R"({"device": "/dev/sr0", "target": "/media/cdrom0", "type": "udf,iso9660",
                   "options": ["user", "noauto"], "line": 3})"),
         "line 3: /dev/sr0",
         {},
         "bios",
         "recommendation"},
        {"fstab-cdrom", violated, fstab(R"({"device": "/dev/disk/by-uuid/1", "target": "/media/floppy0", "type": "auto",
                   "options": ["noauto"], "line": 3})"),
         "floppy0"},
        // One that the boot waits for is graver, and another rule's.
        {"fstab-cdrom",
         passed,
         fstab(R"({"device": "/dev/sr0", "target": "/cd", "type": "auto", "line": 3})"),
         "",
         {"fstab-uuid"}},
        {"fstab-cdrom",
         unknown,
         no_fstab,
         "not text",
         {"fstab-uuid", "fstab-exists", "fstab-root", "boot-same-disk", "fstab-net"}},
    };
}

}  // namespace imgport::testing
