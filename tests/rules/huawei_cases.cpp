// Huawei Cloud.
#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

RuleCase of_huawei(RuleCase tested)
{
    tested.base = tested.profile = "huawei";
    return tested;
}

}  // namespace

std::vector<RuleCase> huawei_cases()
{
    std::vector<RuleCase> cases{
        {"hw-format", passed, "{}"},
        {"hw-format", passed,
         R"({"/image": {"path": "a.qed", "format": "qed", "variant": "", "virtual_size": 42949672960}})"},
        {"hw-format", violated,
         R"({"/image": {"path": "a.hdd", "format": "parallels", "variant": "", "virtual_size": 42949672960}})",
         "parallels"},
        {"hw-format",
         not_applicable,
         R"({"/image": {"path": "a.iso", "format": "iso", "variant": "", "virtual_size": 42949672960}})",
         "see fmt-iso",
         {"fmt-iso"}},

        {"hw-size", passed, "{}"},
        {"hw-size", violated, R"({"/image/virtual_size": 138512695296})", "above 128 GiB only raw"},
        {"hw-size", passed,
         R"({"/image": {"path": "a.raw", "format": "raw", "virtual_size": 536870912000, "file_size": 536870912000}})"},
        {"hw-size", violated,
         R"({"/image": {"path": "a.raw", "format": "raw", "virtual_size": 1100585369600, "file_size": 1100585369600}})",
         "are the most"},
        {"hw-size", violated, R"({"/image/virtual_size": 536870912})", "are the least"},
        {"hw-size", not_applicable, R"({"/role": "data"})", "see hw-datadisk"},

        {"hw-datadisk", passed, "{}", "one disk"},
        {"hw-datadisk", passed, R"({"/role": "data"})", "40 GiB"},
        {"hw-datadisk", violated,
         R"({"/image/details/ovf": {"disks": [{"disk_id": "d0", "file": "d0.vmdk", "capacity": 1}, {"disk_id": "d1", "file": "d1.vmdk", "capacity": 1}]}})",
         "2 disks"},
        {"hw-datadisk", violated, R"({"/role": "data", "/image/virtual_size": 41875931136})", "are the least"},
        {"hw-datadisk", unknown, R"({"/role": "data", "/image/virtual_size": "<gone>"})"},

        {"hw-bootdisk", passed, "{}"},
        {"hw-bootdisk",
         violated,
         R"({"/inspection/guest/fstab/entries/2": {"device": "UUID=99", "target": "/boot", "type": "ext4", "line": 3}})",
         "/boot is UUID=99",
         {"fstab-exists"}},
        {"hw-bootdisk",
         unknown,
         R"({"/inspection/guest/fstab": {"unknown": "not text"}})",
         "not text",
         {"fstab-exists", "fstab-root", "hw-uuid"}},

        {"hw-mode", passed, "{}"},
        {"hw-mode", violated, R"({"/request/boot_mode": "UEFI"})", "BIOS only"},
        {"hw-mode", not_applicable, R"({"/role": "data"})"},

        {"hw-enc", passed, "{}"},
        {"hw-enc", violated,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "kind": "partition", "filesystem": {"type": "crypto_LUKS"}}})",
         "encrypted"},
        {"hw-enc", unknown, R"({"/inspection/gap": {"reason": "damaged"}})", "damaged"},

        {"hw-virtio", passed, "{}", "virtio_scsi"},
        {"hw-virtio", violated,
         R"({"/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "lacks virtio_scsi"},
        {"hw-virtio", violated,
         R"({"/inspection/guest/kernels/0/installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"], "/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "has no virtio_blk"},
        {"hw-virtio", unknown,
         R"({"/inspection/guest/kernels/0/builtin": {"unknown": "x"}, "/inspection/guest/kernels/0/installed": {"unknown": "x"}, "/inspection/guest/kernels/0/config": {"unknown": "x"}, "/inspection/guest/kernels/0/modules": {"unknown": "x"}})"},

        {"hw-uuid", passed, "{}"},
        {"hw-uuid",
         violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=/dev/sda1"})",
         "/dev/sda1",
         {},
         {},
         "fail"},
        {"hw-uuid",
         violated,
         R"({"/inspection/guest/fstab/entries/2": {"device": "/dev/sdb1", "target": "/data", "type": "ext4", "line": 3, "options": ["nofail"]}})",
         "nofail",
         {},
         {},
         "feature"},
        {"hw-uuid",
         unknown,
         R"({"/inspection/guest/boot_loader": {"unknown": "not text"}})",
         "not text",
         {"grub-root-exists"}},

        {"hw-udev", passed, "{}"},
        {"hw-udev", violated,
         R"({"/inspection/guest/kernels/0/initramfs_udev_rules": ["/etc/udev/rules.d/70-persistent-net.rules"]})",
         "initrd.img"},
        {"hw-udev",
         unknown,
         R"({"/inspection/guest/network": {"unknown": "not text"}})",
         "not text",
         {"net-hwaddr", "hw-dhcp"}},

        {"hw-dhcp", passed, "{}"},
        {"hw-dhcp", violated,
         R"({"/inspection/guest/network/interfaces/0/method": "static", "/inspection/guest/network/interfaces/0/addresses": ["10.0.0.5"]})",
         "fixed address"},
        {"hw-dhcp", not_applicable, R"({"/role": "data"})"},

        {"hw-cloudinit", passed, "{}"},
        {"hw-cloudinit", violated, R"({"/inspection/guest/cloud_init/installed": false})", "not installed"},
        {"hw-cloudinit", not_applicable, R"({"/role": "data"})"},

        {"hw-pw", not_applicable, "{}", "not checkable offline"},
    };
    for (auto &tested : cases)
        tested = of_huawei(std::move(tested));
    return cases;
}

}  // namespace imgport::testing
