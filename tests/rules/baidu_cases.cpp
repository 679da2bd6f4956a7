// Baidu AI Cloud.
#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

RuleCase of_baidu(RuleCase tested)
{
    tested.base = tested.profile = "baidu";
    return tested;
}

}  // namespace

std::vector<RuleCase> baidu_cases()
{
    std::vector<RuleCase> cases{
        {"bd-format", passed, "{}"},
        {"bd-format", violated,
         R"({"/image": {"path": "a.vhdx", "format": "vhdx", "variant": "", "virtual_size": 42949672960}})", "vhdx"},
        {"bd-format",
         not_applicable,
         R"({"/image": {"path": "a.iso", "format": "iso", "variant": "", "virtual_size": 42949672960}})",
         "see fmt-iso",
         {"fmt-iso"}},

        {"bd-size", passed, "{}"},
        {"bd-size", violated, R"({"/image/virtual_size": 537944653824})", "500 GiB are the most"},
        {"bd-size", unknown, R"({"/image/virtual_size": "<gone>"})"},

        {"bd-fs", passed, "{}"},
        {"bd-fs", passed,
         R"({"/inspection/volumes/0/filesystem/type": "ext4", "/inspection/guest/fstab/entries/0/type": "ext4", "/inspection/volumes/0/filesystem/features": ["64bit"]})"},
        {"bd-fs", violated,
         R"({"/inspection/volumes/0/filesystem/type": "ext4", "/inspection/guest/fstab/entries/0/type": "ext4", "/inspection/volumes/0/filesystem/features": ["metadata_csum"]})",
         "metadata_csum"},
        {"bd-fs", violated,
         R"({"/inspection/volumes/0/filesystem/type": "xfs", "/inspection/guest/fstab/entries/0/type": "xfs", "/inspection/volumes/0/filesystem/features": ["crc"]})",
         "XFS version 5"},
        {"bd-fs", passed,
         R"({"/inspection/volumes/0/filesystem/type": "xfs", "/inspection/guest/fstab/entries/0/type": "xfs", "/inspection/volumes/0/filesystem/features": ["attr2"]})"},
        {"bd-fs", violated,
         R"({"/inspection/volumes/0/filesystem/type": "btrfs", "/inspection/guest/fstab/entries/0/type": "btrfs", "/inspection/volumes/0/filesystem/features": ["x"]})",
         "btrfs"},
        {"bd-fs", violated, R"({"/inspection/volumes/0/kind": "lvm"})", "logical volume"},
        {"bd-fs", passed,
         R"({"/inspection/guest": {"os": {"id": "windows", "version": "10.0", "name": "Windows Server 2019 Standard"},
            "architecture": "x86_64", "root_device": "/dev/sda1", "boot_loader": {"kind": ""}},
            "/inspection/volumes/0/filesystem/type": "ntfs"})",
         "ntfs"},
        {"bd-fs", not_applicable, R"({"/role": "data"})"},

        {"bd-part", passed, "{}"},
        {"bd-part", violated,
         R"({"/inspection/guest/mountpoints/1": {"target": "/home", "device": "/dev/sda2", "filesystem": "ext4"}})",
         "/home"},
        {"bd-part", passed,
         R"({"/inspection/guest/mountpoints/1": {"target": "/boot/efi", "device": "/dev/sda2", "filesystem": "vfat"}})"},
        {"bd-part", not_applicable, R"({"/role": "data"})"},

        {"bd-net", passed, "{}"},
        {"bd-net", violated,
         R"({"/inspection/guest/network/interfaces/0/method": "static", "/inspection/guest/network/interfaces/0/addresses": ["10.0.0.5"]})",
         "fixed address"},
        {"bd-net", not_applicable, R"({"/role": "data"})"},

        {"bd-virtio", passed, "{}"},
        {"bd-virtio", violated,
         R"({"/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "lacks virtio_blk"},
        {"bd-virtio", unknown,
         R"({"/inspection/guest/kernels/0/builtin": {"unknown": "x"}, "/inspection/guest/kernels/0/installed": {"unknown": "x"}, "/inspection/guest/kernels/0/config": {"unknown": "x"}, "/inspection/guest/kernels/0/modules": {"unknown": "x"}})"},

        {"bd-cloudinit", passed, "{}"},
        {"bd-cloudinit",
         violated,
         R"({"/inspection/guest/cloud_init/enabled": false})",
         "switched off",
         {"root-locked"}},
        {"bd-cloudinit", not_applicable, R"({"/role": "data"})"},

        {"bd-files", passed, "{}"},
        {"bd-files",
         violated,
         R"({"/inspection/guest/accounts/files/1/immutable": true})",
         "/etc/shadow",
         {},
         {},
         "fail"},
        {"bd-files",
         violated,
         R"({"/inspection/guest/selinux": {"installed": true, "mode": {"value": "permissive"}}})",
         "permissive",
         {},
         {},
         "recommendation"},
        {"bd-files", violated, R"({"/inspection/guest/directories/0/target": "/usr/bin"})", "absolute", {}, {}, "fail"},
        {"bd-files",
         unknown,
         R"({"/inspection/guest/accounts": {"unknown": "not text"}})",
         "not text",
         {"root-exists"}},

        {"bd-url", not_applicable, "{}", "not checkable offline"},

        {"bd-name", not_applicable, "{}"},
        {"bd-name", passed, R"({"/request/image_name": "web"})"},
        {"bd-name", violated, R"({"/request/image_name": "1web"})", "letter"},
        {"bd-name", violated,
         R"({"/request/image_name": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"})",
         "65 characters"},
    };
    for (auto &tested : cases)
        tested = of_baidu(std::move(tested));
    return cases;
}

}  // namespace imgport::testing
