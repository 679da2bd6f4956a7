// AWS VM Import/Export.
#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

RuleCase of_aws(RuleCase tested)
{
    tested.base = tested.profile = "aws";
    return tested;
}

}  // namespace

std::vector<RuleCase> aws_cases()
{
    std::vector<RuleCase> cases{
        {"aws-format", passed, "{}", "vmdk (streamOptimized)"},
        {"aws-format", passed,
         R"({"/image": {"path": "a.ova", "format": "ova", "variant": "", "virtual_size": 42949672960}})", "OVA"},
        {"aws-format", passed,
         R"({"/image": {"path": "a.vhd", "format": "vhd", "variant": "dynamic", "virtual_size": 42949672960, "file_size": 42949673472, "details": {"vhd": {"creator_application": "qem2", "current_size": 42949672960, "disk_type": 3, "cylinders": 65535, "heads": 16, "sectors_per_track": 255, "footer_checksum_valid": true}}}})"},
        {"aws-format", violated,
         R"({"/image": {"path": "a.qcow2", "format": "qcow2", "variant": "v3", "virtual_size": 42949672960, "details": {"qcow2": {"version": 3, "cluster_size": 65536, "compression": "zlib"}}}})",
         "the format is qcow2; the import takes raw, vhd, vhdx, vmdk (streamOptimized) only"},
        {"aws-format", violated,
         R"({"/image": {"path": "a.vmdk", "format": "vmdk", "variant": "monolithicSparse", "virtual_size": 42949672960}})",
         "the vmdk is monolithicSparse"},
        {"aws-format", violated,
         R"({"/image": {"path": "a.vhd.gz", "format": "vhd", "variant": "fixed", "virtual_size": 42949672960, "wrapped_in": ["gzip"], "file_size": 42949673472, "details": {"vhd": {"creator_application": "qem2", "current_size": 42949672960, "disk_type": 2, "cylinders": 65535, "heads": 16, "sectors_per_track": 255, "footer_checksum_valid": true}}}})",
         "wrapped in gzip"},
        {"aws-format",
         not_applicable,
         R"({"/image": {"path": "a.iso", "format": "iso", "variant": "", "virtual_size": 42949672960}})",
         "see fmt-iso",
         {"fmt-iso"}},

        {"aws-arch", passed, "{}"},
        {"aws-arch", passed,
         R"({"/inspection/guest/architecture": "i386", "/inspection/guest/os": {"id": "windows", "version": "10.0"}, "/inspection/volumes/0/filesystem/type": "ntfs"})"},
        {"aws-arch", violated,
         R"({"/inspection/guest/architecture": "i386", "/inspection/guest/kernels/0/architecture": "i386"})",
         "x86_64 only"},
        {"aws-arch",
         violated,
         R"({"/inspection/guest/architecture": "aarch64", "/inspection/guest/kernels/0/architecture": "aarch64"})",
         "no arm64",
         {"boot-mode-detect"}},
        {"aws-arch", not_applicable, R"({"/role": "data"})", "data disk"},

        {"aws-boot", passed, "{}"},
        {"aws-boot",
         violated,
         R"({"/request/boot_mode": "UEFI-Preferred"})",
         "legacy-bios or uefi",
         {"boot-mode-detect"}},
        {"aws-boot", violated, R"({"/inspection/disk/size": 3298534883328})", "reaches 2 TiB"},
        {"aws-boot", not_applicable, R"({"/role": "data"})"},

        {"aws-fs", passed, "{}"},
        {"aws-fs", passed,
         R"({"/inspection/volumes/0/filesystem/type": "btrfs", "/inspection/guest/fstab/entries/0/type": "btrfs"})"},
        {"aws-fs", passed,
         R"({"/inspection/guest": {"os": {"id": "windows", "version": "10.0", "name": "Windows Server 2019 Standard"},
            "architecture": "x86_64", "root_device": "/dev/sda1", "boot_loader": {"kind": ""}},
            "/inspection/volumes/0/filesystem/type": "ntfs"})",
         "ntfs"},
        {"aws-fs", violated,
         R"({"/inspection/volumes/0/filesystem/type": "f2fs", "/inspection/guest/fstab/entries/0/type": "f2fs"})",
         "ext2, ext3, ext4, btrfs, jfs, xfs only"},
        {"aws-fs", unknown, R"({"/inspection/volumes/0/filesystem/type": ""})", "not known", {"fstab-root"}},

        {"aws-kernel", passed, "{}", "6.1.0-18-amd64"},
        {"aws-kernel", passed,
         R"({"/inspection/guest/kernels/0/version": "5.14.0-362.el9.x86_64", "/inspection/guest/os/id": "rocky"})"},
        {"aws-kernel", violated, R"({"/inspection/guest/kernels/0/version": "6.1.0-18-cloud-amd64"})",
         "flavour for clouds (cloud)"},
        {"aws-kernel", violated, R"({"/inspection/guest/kernels/0/version": "6.7.3-custom"})",
         "not one of the distribution's own"},
        {"aws-kernel", not_applicable,
         R"({"/inspection/guest/kernels/0/version": "6.7.3-arch1", "/inspection/guest/os/id": "arch"})", "not known"},
        {"aws-kernel",
         unknown,
         R"({"/inspection/guest/kernels": [], "/inspection/guest/gaps": {"kernels": "input/output error"}})",
         "input/output error",
         {"kernel-present", "kernel-arch", "aws-nvme-ena"}},

        {"aws-os-files", passed, "{}", "debian"},
        {"aws-os-files", violated,
         R"({"/inspection": {"disk": {"size": 42949672960, "table": "mbr", "boot_code": true, "boot_sector_loaders": ["grub2"], "grub_core_found": true}, "volumes": []}})",
         "no operating system"},
        {"aws-os-files", violated, R"({"/inspection/guest/os/id": ""})", "does not say what it is"},
        {"aws-os-files", unknown,
         R"({"/inspection/guest/os/id": "", "/inspection/guest/gaps": {"os": "input/output error"}})",
         "input/output error"},
        {"aws-os-files",
         not_applicable,
         R"({"/inspection/guest": "<gone>", "/inspection/volumes/0/filesystem/type": "crypto_LUKS"})",
         "see aws-no",
         {"aws-no"}},

        {"aws-root-same-disk", passed, "{}"},
        {"aws-root-same-disk",
         violated,
         R"({"/inspection/guest/fstab/entries/2": {"device": "UUID=99", "target": "/boot", "type": "ext4", "line": 3}})",
         "/boot is UUID=99",
         {"fstab-exists"}},
        {"aws-root-same-disk",
         unknown,
         R"({"/inspection/guest/fstab": {"unknown": "not text"}})",
         "not text",
         {"fstab-uuid", "fstab-exists", "fstab-root"}},

        {"aws-disks", not_applicable, "{}", "one disk"},
        {"aws-disks", passed,
         R"({"/image/details/ovf": {"disks": [{"disk_id": "d0", "file": "d0.vmdk", "capacity": 1}, {"disk_id": "d1", "file": "d1.vmdk", "capacity": 1}, {"disk_id": "d2", "file": "d2.vmdk", "capacity": 1}, {"disk_id": "d3", "file": "d3.vmdk", "capacity": 1}, {"disk_id": "d4", "file": "d4.vmdk", "capacity": 1}, {"disk_id": "d5", "file": "d5.vmdk", "capacity": 1}, {"disk_id": "d6", "file": "d6.vmdk", "capacity": 1}, {"disk_id": "d7", "file": "d7.vmdk", "capacity": 1}, {"disk_id": "d8", "file": "d8.vmdk", "capacity": 1}, {"disk_id": "d9", "file": "d9.vmdk", "capacity": 1}, {"disk_id": "d10", "file": "d10.vmdk", "capacity": 1}, {"disk_id": "d11", "file": "d11.vmdk", "capacity": 1}, {"disk_id": "d12", "file": "d12.vmdk", "capacity": 1}, {"disk_id": "d13", "file": "d13.vmdk", "capacity": 1}, {"disk_id": "d14", "file": "d14.vmdk", "capacity": 1}, {"disk_id": "d15", "file": "d15.vmdk", "capacity": 1}, {"disk_id": "d16", "file": "d16.vmdk", "capacity": 1}, {"disk_id": "d17", "file": "d17.vmdk", "capacity": 1}, {"disk_id": "d18", "file": "d18.vmdk", "capacity": 1}, {"disk_id": "d19", "file": "d19.vmdk", "capacity": 1}, {"disk_id": "d20", "file": "d20.vmdk", "capacity": 1}]}})", "21 disks"},
        {"aws-disks", violated,
         R"({"/image/details/ovf": {"disks": [{"disk_id": "d0", "file": "d0.vmdk", "capacity": 1}, {"disk_id": "d1", "file": "d1.vmdk", "capacity": 1}, {"disk_id": "d2", "file": "d2.vmdk", "capacity": 1}, {"disk_id": "d3", "file": "d3.vmdk", "capacity": 1}, {"disk_id": "d4", "file": "d4.vmdk", "capacity": 1}, {"disk_id": "d5", "file": "d5.vmdk", "capacity": 1}, {"disk_id": "d6", "file": "d6.vmdk", "capacity": 1}, {"disk_id": "d7", "file": "d7.vmdk", "capacity": 1}, {"disk_id": "d8", "file": "d8.vmdk", "capacity": 1}, {"disk_id": "d9", "file": "d9.vmdk", "capacity": 1}, {"disk_id": "d10", "file": "d10.vmdk", "capacity": 1}, {"disk_id": "d11", "file": "d11.vmdk", "capacity": 1}, {"disk_id": "d12", "file": "d12.vmdk", "capacity": 1}, {"disk_id": "d13", "file": "d13.vmdk", "capacity": 1}, {"disk_id": "d14", "file": "d14.vmdk", "capacity": 1}, {"disk_id": "d15", "file": "d15.vmdk", "capacity": 1}, {"disk_id": "d16", "file": "d16.vmdk", "capacity": 1}, {"disk_id": "d17", "file": "d17.vmdk", "capacity": 1}, {"disk_id": "d18", "file": "d18.vmdk", "capacity": 1}, {"disk_id": "d19", "file": "d19.vmdk", "capacity": 1}, {"disk_id": "d20", "file": "d20.vmdk", "capacity": 1}, {"disk_id": "d21", "file": "d21.vmdk", "capacity": 1}]}})",
         "22 disks, 21 are the most"},

        {"aws-no", passed, "{}"},
        {"aws-no", violated,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "kind": "partition", "filesystem": {"type": "crypto_LUKS"}}})",
         "/dev/sda2 is encrypted (crypto_LUKS)"},
        {"aws-no", violated,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "kind": "partition", "filesystem": {"type": "BitLocker"}}})",
         "BitLocker"},
        {"aws-no", violated, R"({"/inspection/guest/boot_loader/efi_files": ["/EFI/Microsoft/Boot/bootmgfw.efi"]})",
         "more than one system"},
        {"aws-no", violated,
         R"({"/inspection/guest/boot_loader/entries/1": {"title": "Windows Boot Manager", "where": {"file": "/boot/grub/grub.cfg", "line": 40}}})",
         "more than one system"},
        {"aws-no", violated, R"({"/image/details/vmdk/create_type": "seSparse"})", "sesparse"},
        {"aws-no", unknown, R"({"/inspection/gap": {"reason": "damaged"}})", "damaged"},

        {"aws-net", passed, "{}"},
        {"aws-net", violated,
         R"({"/inspection/guest/network/interfaces/0/method": "static", "/inspection/guest/network/interfaces/0/addresses": ["10.0.0.5"]})",
         "fixed address"},
        {"aws-net", violated,
         R"({"/inspection/guest/network/interfaces": [], "/inspection/guest/cloud_init/network_disabled": true})",
         "by DHCP"},
        {"aws-net",
         unknown,
         R"({"/inspection/guest/network": {"unknown": "not text"}})",
         "not text",
         {"net-hwaddr", "net-udev-rules"}},

        {"aws-space", passed, "{}"},
        {"aws-space", violated, R"({"/inspection/volumes/0/filesystem/free": 200000000})", "the import needs 250 MiB"},
        {"aws-space", violated,
         R"({"/inspection/guest": {"os": {"id": "windows", "version": "10.0", "name": "Windows Server 2019 Standard"},
            "architecture": "x86_64", "root_device": "/dev/sda1", "boot_loader": {"kind": ""}},
            "/inspection/volumes/0/filesystem/type": "ntfs", "/inspection/volumes/0/filesystem/free": 6000000000})",
         "the import needs 6 GiB"},
        {"aws-space", unknown, R"({"/inspection/volumes/0/filesystem/free": "<gone>"})", "could not be read"},

        {"aws-tools", passed, "{}"},
        {"aws-tools", violated,
         R"({"/inspection/guest/hypervisor_tools": [{"name": "VMware Tools", "traces": ["/usr/bin/vmtoolsd"]}]})",
         "VMware Tools"},
        {"aws-tools", unknown, R"({"/inspection/guest/hypervisor_tools": {"unknown": "cut"}})", "cut"},

        {"aws-nvme-ena", passed, "{}", "nvme, ena"},
        {"aws-nvme-ena", violated,
         R"({"/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "ena", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "lacks nvme"},
        {"aws-nvme-ena", violated,
         R"({"/inspection/guest/kernels/0/installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"], "/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "has no ena"},
        {"aws-nvme-ena", passed,
         R"({"/inspection/guest/kernels/0/modules": ["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "nvme", "hv_vmbus", "hv_storvsc", "hv_netvsc", "udf", "vfat"]})",
         "nvme, ena"},
        {"aws-nvme-ena",
         violated,
         R"({"/inspection/guest/kernels/0/initramfs": ""})",
         "no initramfs to load nvme from",
         {"kernel-present"}},
        {"aws-nvme-ena", unknown,
         R"({"/inspection/guest/kernels/0/builtin": {"unknown": "x"}, "/inspection/guest/kernels/0/installed": {"unknown": "x"}, "/inspection/guest/kernels/0/config": {"unknown": "x"}, "/inspection/guest/kernels/0/modules": {"unknown": "x"}})",
         "are not known"},

        {"aws-role", not_applicable, "{}", "not checkable offline"},
    };
    for (auto &tested : cases)
        tested = of_aws(std::move(tested));
    return cases;
}

}  // namespace imgport::testing
