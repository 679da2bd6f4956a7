// Tencent Cloud.
#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

RuleCase of_tencent(RuleCase tested)
{
    tested.base = tested.profile = "tencent";
    return tested;
}

}  // namespace

std::vector<RuleCase> tencent_cases()
{
    std::vector<RuleCase> cases{
        {"tc-format", passed, "{}"},
        {"tc-format", violated,
         R"({"/image": {"path": "a.vdi", "format": "vdi", "variant": "", "virtual_size": 42949672960}})",
         "the format is vdi"},
        {"tc-format", violated,
         R"({"/image": {"path": "a.ova", "format": "ova", "variant": "", "virtual_size": 42949672960}})",
         "wrapped in ova"},
        {"tc-format",
         not_applicable,
         R"({"/image": {"path": "a.iso", "format": "iso", "variant": "", "virtual_size": 42949672960}})",
         "see fmt-iso",
         {"fmt-iso"}},

        {"tc-size", passed, "{}"},
        {"tc-size", violated, R"({"/image/virtual_size": 537944653824})", "500 GiB are the most"},
        {"tc-size", violated, R"({"/image/file_size": 54760833024})", "the file has 51 GiB"},
        {"tc-size", unknown, R"({"/image/virtual_size": "<gone>"})"},

        {"tc-pt", passed, "{}"},
        {"tc-pt", violated, R"({"/inspection/disk/table": "gpt"})", "GPT"},
        {"tc-pt",
         not_applicable,
         R"({"/inspection/disk/table": "gpt", "/request/boot_mode": "UEFI"})",
         "boot mode UEFI",
         {"boot-mode-detect"}},

        {"tc-virtio", passed, "{}"},
        {"tc-virtio", violated,
         R"({"/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "lacks virtio_blk"},
        {"tc-virtio", violated,
         R"({"/inspection/guest/kernels/0/installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"], "/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "virtio_net"},
        {"tc-virtio", unknown,
         R"({"/inspection/guest/kernels/0/builtin": {"unknown": "x"}, "/inspection/guest/kernels/0/installed": {"unknown": "x"}, "/inspection/guest/kernels/0/config": {"unknown": "x"}, "/inspection/guest/kernels/0/modules": {"unknown": "x"}})"},

        {"tc-cloudinit", passed, "{}"},
        {"tc-cloudinit", violated, R"({"/inspection/guest/cloud_init/installed": false})", "not installed"},
        {"tc-cloudinit", unknown, R"({"/inspection/guest/cloud_init": {"unknown": "not text"}})"},

        {"tc-root", passed, "{}"},
        {"tc-root", violated,
         R"({"/inspection": {"disk": {"size": 42949672960, "table": "mbr", "boot_code": true, "boot_sector_loaders": ["grub2"], "grub_core_found": true}, "volumes": []}})",
         "RootPartitionNotFound"},
        {"tc-root",
         violated,
         R"({"/inspection": {"disk": {"size": 42949672960, "table": "none"}, "volumes": []}})",
         "PartitionNotPresent",
         {"boot-mode-detect"}},
        {"tc-root",
         unknown,
         R"({"/inspection/guest": "<gone>", "/inspection/gap": {"reason": "damaged"}})",
         "damaged",
         {"boot-esp-fallback", "boot-grub-present", "fs-clean", "fs-free-space", "kernel-arch", "kernel-present",
          "luks-root", "net-hwaddr", "net-udev-rules", "root-exists", "sshd-enabled", "tc-cloudinit", "tc-fstab",
          "tc-grub", "tc-net", "tc-virtio", "tc-win"}},

        {"tc-fstab", passed, "{}"},
        {"tc-fstab",
         violated,
         R"({"/inspection/guest/fstab/entries/2": {"device": "/dev/sdb1", "target": "/data", "type": "ext4", "line": 3}})",
         "/dev/sdb1",
         {},
         {},
         "fail"},
        {"tc-fstab",
         violated,
         R"({"/inspection/guest/fstab/entries/2": {"device": "/dev/sdb1", "target": "/data", "type": "ext4", "line": 3, "options": ["nofail"]}})",
         "nofail",
         {},
         {},
         "feature"},
        {"tc-fstab",
         violated,
         R"({"/inspection/guest/fstab/entries/2": {"device": "UUID=99", "target": "none", "type": "swap", "line": 3}})",
         "swap",
         {},
         {},
         "feature"},
        {"tc-fstab",
         violated,
         R"({"/inspection/guest/accounts/files/1/immutable": true})",
         "/etc/shadow",
         {},
         {},
         "fail"},
        {"tc-fstab", unknown, R"({"/inspection/guest/fstab": {"unknown": "not text"}})", "not text"},

        {"tc-grub", passed, "{}"},
        {"tc-grub",
         violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=/dev/sda1"})",
         "/dev/sda1",
         {},
         {},
         "fail"},
        {"tc-grub",
         violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=UUID=11111111-2222-3333-4444-555555555555 resume=UUID=99"})",
         "resume",
         {},
         {},
         "recommendation"},
        {"tc-grub", unknown, R"({"/inspection/guest/boot_loader": {"unknown": "not text"}})", "not text"},

        {"tc-net", passed, "{}"},
        {"tc-net", violated,
         R"({"/inspection/guest/network/interfaces/0/method": "static", "/inspection/guest/network/interfaces/0/addresses": ["10.0.0.5"]})",
         "fixed address"},
        {"tc-net", violated,
         R"({"/inspection/guest/network/interfaces/0/name": "ens192", "/inspection/guest/cloud_init/network_disabled": true})",
         "ens192"},
        {"tc-net", passed, R"({"/inspection/guest/network/interfaces/0/name": "ens192"})"},
        {"tc-net", passed,
         R"({"/inspection/guest/network/interfaces/0/name": "e*", "/inspection/guest/cloud_init/network_disabled": true})"},
        {"tc-net",
         unknown,
         R"({"/inspection/guest/network": {"unknown": "not text"}})",
         "not text",
         {"net-hwaddr", "net-udev-rules"}},

        {"tc-tools", passed, "{}"},
        {"tc-tools", violated,
         R"({"/inspection/guest/hypervisor_tools": [{"name": "VMware Tools", "traces": ["/usr/bin/vmtoolsd"]}]})",
         "VMware Tools"},
        {"tc-tools", unknown, R"({"/inspection/guest/hypervisor_tools": {"unknown": "cut"}})", "cut"},

        {"tc-win", not_applicable, "{}", "a rule for Windows"},
        {"tc-win", passed,
         R"({"/inspection/guest": {"os": {"id": "windows", "version": "10.0", "name": "Windows Server 2019 Standard"},
            "architecture": "x86_64", "root_device": "/dev/sda1", "boot_loader": {"kind": ""}},
            "/inspection/volumes/0/filesystem/type": "ntfs"})",
         "2019"},
        {"tc-win", violated,
         R"({"/inspection/guest": {"os": {"id": "windows", "version": "10.0", "name": "Windows 10 Pro"},
            "architecture": "x86_64", "root_device": "/dev/sda1", "boot_loader": {"kind": ""}},
            "/inspection/volumes/0/filesystem/type": "ntfs"})",
         "Windows 10 Pro"},
        {"tc-win", violated,
         R"({"/inspection/guest": {"os": {"id": "windows", "version": "10.0", "name": "Windows Server 2003 Standard"},
            "architecture": "x86_64", "root_device": "/dev/sda1", "boot_loader": {"kind": ""}},
            "/inspection/volumes/0/filesystem/type": "ntfs"})",
         "2008 to 2022"},
        {"tc-win", violated,
         R"({"/inspection/guest": {"os": {"id": "windows", "version": "10.0", "name": "Windows Server 2019 Standard"},
            "architecture": "x86_64", "root_device": "/dev/sda1", "boot_loader": {"kind": ""}},
            "/inspection/volumes/0/filesystem/type": "vfat"})",
         "not on NTFS"},

        {"tc-kernel", passed, "{}"},
        {"tc-kernel",
         violated,
         R"({"/inspection/guest/kernels/0/version": "6.7.3-custom"})",
         "not one of",
         {"autofs-initramfs-mismatch"}},
        {"tc-kernel", not_applicable, R"({"/inspection/guest/os/id": "arch"})"},

        {"tc-name", not_applicable, "{}", "no name"},
        {"tc-name", passed, R"({"/request/image_name": "web"})"},
        {"tc-name", violated,
         R"({"/request/image_name": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"})",
         "60 characters"},
        {"tc-name", passed,
         R"({"/request/image_name": "网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网网"})"},
        {"tc-name", violated,
         R"({"/request/description": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"})",
         "256 characters"},
    };
    for (auto &tested : cases)
        tested = of_tencent(std::move(tested));
    return cases;
}

}  // namespace imgport::testing
