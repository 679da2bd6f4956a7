// Microsoft Azure.
#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

RuleCase of_azure(RuleCase tested)
{
    tested.base = tested.profile = "azure";
    return tested;
}

}  // namespace

std::vector<RuleCase> azure_cases()
{
    std::vector<RuleCase> cases{
        {"az-format", passed, "{}", "vhd (fixed)"},
        {"az-format", violated, R"({"/image/variant": "dynamic", "/image/details/vhd/disk_type": 3})",
         "the vhd is dynamic; the import takes vhd (fixed) only"},
        {"az-format", violated,
         R"({"/image": {"path": "a.vhdx", "format": "vhdx", "variant": "fixed", "virtual_size": 42949672960}})",
         "the format is vhdx"},
        {"az-format", violated,
         R"({"/image": {"path": "a.vhd.gz", "format": "vhd", "variant": "fixed", "virtual_size": 42949672960, "wrapped_in": ["gzip"], "file_size": 42949673472, "details": {"vhd": {"creator_application": "qem2", "current_size": 42949672960, "disk_type": 2, "cylinders": 65535, "heads": 16, "sectors_per_track": 255, "footer_checksum_valid": true}}}})",
         "wrapped in gzip"},
        {"az-format",
         not_applicable,
         R"({"/image": {"path": "a.iso", "format": "iso", "variant": "", "virtual_size": 42949672960}})",
         "see fmt-iso",
         {"fmt-iso"}},

        {"az-size", passed, "{}", "40 GiB"},
        {"az-size", violated, R"({"/image/virtual_size": 42949673472})", "no multiple of 1 MiB"},
        {"az-size", violated, R"({"/image/virtual_size": 1099511627776})", "1023 GiB are the most"},
        {"az-size", unknown, R"({"/image/virtual_size": "<gone>"})", "could not be read"},

        {"az-gen", passed, "{}", "BIOS only"},
        {"az-gen",
         violated,
         R"({"/inspection/disk/boot_code": false, "/inspection/disk/boot_sector_loaders": []})",
         "neither BIOS nor UEFI",
         {"boot-grub-present"}},
        {"az-gen", violated, R"({"/request/boot_mode": "UEFI"})", "BIOS only"},
        {"az-gen", not_applicable, R"({"/role": "data"})"},

        {"az-modules", passed, "{}", "hv_vmbus"},
        {"az-modules",
         violated,
         R"({"/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_netvsc", "udf", "vfat"]})",
         "lacks hv_storvsc",
         {},
         {},
         "fail"},
        {"az-modules",
         violated,
         R"({"/inspection/guest/kernels/0/installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "udf", "vfat"], "/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "udf", "vfat"]})",
         "has no hv_netvsc",
         {},
         {},
         "fail"},
        {"az-modules", passed,
         R"({"/inspection/guest/kernels/0/installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "vfat"], "/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "vfat"]})"},
        {"az-modules",
         violated,
         R"({"/inspection/guest/kernels/0/installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "vfat"], "/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "vfat"], "/inspection/guest/cloud_init/version": "20.4"})",
         "has no udf",
         {},
         {},
         "unreachable"},
        {"az-modules", unknown,
         R"({"/inspection/guest/kernels/0/builtin": {"unknown": "x"}, "/inspection/guest/kernels/0/installed": {"unknown": "x"}, "/inspection/guest/kernels/0/config": {"unknown": "x"}, "/inspection/guest/kernels/0/modules": {"unknown": "x"}})",
         "are not known"},

        {"az-cmdline", passed, "{}"},
        {"az-cmdline", violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=UUID=11111111-2222-3333-4444-555555555555 console=ttyS0 earlyprintk=ttyS0 net.ifnames=0"})",
         "lacks rootdelay=300"},
        {"az-cmdline", violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=UUID=11111111-2222-3333-4444-555555555555 rootdelay=300 console=ttyS0 earlyprintk=ttyS0 net.ifnames=0 quiet"})",
         "has quiet"},
        {"az-cmdline", violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=UUID=11111111-2222-3333-4444-555555555555 rootdelay=300 console=ttyS01 earlyprintk=ttyS0 net.ifnames=0"})",
         "lacks console=ttyS0"},
        {"az-cmdline",
         unknown,
         R"({"/inspection/guest/boot_loader": {"unknown": "not text"}})",
         "not text",
         {"grub-root-uuid", "grub-root-exists"}},

        {"az-agent", passed, "{}", "no datasource list"},
        {"az-agent", passed,
         R"({"/inspection/guest/cloud_init/installed": false, "/inspection/guest/cloud_agents": [{"file": "/usr/sbin/waagent", "value": "waagent"}]})",
         "Azure Linux agent"},
        {"az-agent", passed, R"({"/inspection/guest/cloud_init/datasources": ["Azure"]})", "has Azure"},
        {"az-agent", violated, R"({"/inspection/guest/cloud_init/datasources": ["AliYun", "None"]})", "lacks Azure"},
        {"az-agent", violated, R"({"/inspection/guest/cloud_init/installed": false})", "not installed"},
        {"az-agent", unknown,
         R"({"/inspection/guest/cloud_init/installed": false, "/inspection/guest/cloud_agents": {"unknown": "not text"}})",
         "not text"},

        {"az-swap", passed, "{}"},
        {"az-swap", violated,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "kind": "partition", "filesystem": {"type": "swap"}}})",
         "swap"},
        {"az-swap", not_applicable, R"({"/role": "data"})"},

        {"az-lvm", passed, "{}"},
        {"az-lvm", violated, R"({"/inspection/volumes/0/kind": "lvm"})", "logical volume"},
        {"az-lvm", not_applicable, R"({"/role": "data"})"},

        {"az-ssh", passed, "{}"},
        {"az-ssh", violated, R"({"/inspection/guest/sshd/enabled": false})", "does not start at boot"},
        {"az-ssh", unknown, R"({"/inspection/guest/sshd": {"unknown": "not text"}})", "not text"},

        {"az-qemu", passed, "{}"},
        {"az-qemu", violated,
         R"({"/image/details/vhd/creator_application": "qemu", "/image/details/vhd/cylinders": 100})",
         "another disk size"},
        {"az-qemu",
         not_applicable,
         R"({"/image": {"path": "a.raw", "format": "raw", "variant": "", "virtual_size": 42949672960}})",
         "",
         {"az-format"}},
    };
    for (auto &tested : cases)
        tested = of_azure(std::move(tested));
    return cases;
}

}  // namespace imgport::testing
