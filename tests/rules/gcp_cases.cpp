// Google Compute Engine.
#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

RuleCase of_gcp(RuleCase tested)
{
    tested.base = tested.profile = "gcp";
    return tested;
}

}  // namespace

std::vector<RuleCase> gcp_cases()
{
    std::vector<RuleCase> cases{
        {"gcp-archive", passed, "{}", "tar.gz"},
        {"gcp-archive", violated, R"({"/image/member": "web.raw"})", "web.raw"},
        {"gcp-archive", violated, R"({"/image/wrapped_in": ["tar"]})", "in tar"},
        {"gcp-archive", violated,
         R"({"/image": {"path": "a.qcow2", "format": "qcow2", "variant": "v3", "virtual_size": 42949672960, "details": {"qcow2": {"version": 3, "cluster_size": 65536, "compression": "zlib"}}}})",
         "the disk (qcow2) in nothing"},
        {"gcp-archive", not_applicable,
         R"({"/artifact": {"path": "a.raw", "format": "raw", "virtual_size": 42949672960}})", "name it disk.raw"},
        {"gcp-archive",
         unknown,
         R"({"/image": {"path": "d", "format": "unknown", "virtual_size": 42949672960}})",
         "not recognised",
         {"fmt-iso"}},

        {"gcp-size", passed, "{}"},
        {"gcp-size", violated, R"({"/image/virtual_size": 42950721536})", "it must have 44023414784 bytes"},
        {"gcp-size", violated, R"({"/image/virtual_size": 2200096997376})", "2 TiB are the most"},
        {"gcp-size", unknown, R"({"/image/virtual_size": "<gone>"})"},

        {"gcp-boot", passed, "{}"},
        {"gcp-boot",
         violated,
         R"({"/inspection/disk/boot_code": false, "/inspection/disk/boot_sector_loaders": []})",
         "neither BIOS nor UEFI",
         {"boot-grub-present"}},
        {"gcp-boot", not_applicable, R"({"/role": "data"})"},

        {"gcp-drv", passed, "{}", "virtio_scsi"},
        {"gcp-drv", violated,
         R"({"/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_net", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "lacks virtio_scsi"},
        {"gcp-drv", violated,
         R"({"/inspection/guest/kernels/0/installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"], "/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "nvme", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "has no virtio_net"},
        {"gcp-drv", unknown,
         R"({"/inspection/guest/kernels/0/builtin": {"unknown": "x"}, "/inspection/guest/kernels/0/installed": {"unknown": "x"}, "/inspection/guest/kernels/0/config": {"unknown": "x"}, "/inspection/guest/kernels/0/modules": {"unknown": "x"}})"},

        {"gcp-acpi", passed, "{}"},
        {"gcp-acpi", violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=UUID=11111111-2222-3333-4444-555555555555 console=ttyS0 acpi=off"})",
         "has acpi=off"},
        {"gcp-acpi", not_applicable, R"({"/role": "data"})"},

        {"gcp-loader", passed, "{}", "grub2"},
        {"gcp-loader", violated, R"({"/inspection/guest/boot_loader/kind": "systemd-boot"})", "GRUB only"},
        {"gcp-loader", violated,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "kind": "partition", "filesystem": {"type": "BitLocker"}}})",
         "BitLocker"},
        {"gcp-loader", unknown, R"({"/inspection/gap": {"reason": "damaged"}})", "damaged"},

        {"gcp-net", passed, "{}"},
        {"gcp-net", violated,
         R"({"/inspection/guest/network/interfaces/0/method": "static", "/inspection/guest/network/interfaces/0/addresses": ["10.0.0.5"]})",
         "fixed address"},
        {"gcp-net", violated, R"({"/inspection/guest/cloud_init/datasources": ["AliYun"]})", "lacks GCE"},
        {"gcp-net", passed,
         R"({"/inspection/guest/cloud_init/installed": false, "/inspection/guest/cloud_agents": [{"file": "/usr/bin/google_guest_agent", "value": "google-guest-agent"}]})"},
        {"gcp-net", unknown,
         R"({"/inspection/guest/cloud_init/installed": false, "/inspection/guest/cloud_agents": {"unknown": "not text"}})",
         "not text"},

        {"gcp-console", passed, "{}"},
        {"gcp-console", violated,
         R"({"/inspection/guest/boot_loader/entries/0/cmdline": "root=UUID=11111111-2222-3333-4444-555555555555 quiet"})",
         "lacks console=ttyS0 and has quiet"},
        {"gcp-console", not_applicable, R"({"/role": "data"})"},

        {"gcp-arm", passed, "{}"},
        {"gcp-arm",
         violated,
         R"({"/inspection/guest/architecture": "aarch64", "/inspection/guest/kernels/0/architecture": "aarch64"})",
         "arm64",
         {"gcp-boot"}},
        {"gcp-arm", not_applicable, R"({"/role": "data"})"},
    };
    for (auto &tested : cases)
        tested = of_gcp(std::move(tested));
    return cases;
}

}  // namespace imgport::testing
