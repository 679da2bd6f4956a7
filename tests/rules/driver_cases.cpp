#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

std::string kernel(const std::string &key, const std::string &value)
{
    return R"({"/inspection/guest/kernels/0/)" + key + "\": " + value + "}";
}

const char *const nothing_known =
    R"({"/inspection/guest/kernels/0/builtin": {"unknown": "modules.builtin: no such file"},
        "/inspection/guest/kernels/0/installed": {"unknown": "modules.dep: no such file"},
        "/inspection/guest/kernels/0/config": {"unknown": "no such file"}, "/inspection/guest/kernels/0/modules": [])"
    "}";
const char *const all_builtin =
    R"(["virtio", "virtio_ring", "virtio_pci", "virtio_blk", "virtio_net", "nvme", "nvme_core"])";

}  // namespace

std::vector<RuleCase> driver_cases()
{
    return {
        {"virtio-kernel", passed, "{}"},
        {"virtio-kernel", passed, kernel("builtin", all_builtin)},
        {"virtio-kernel", violated,
         kernel("installed", R"(["virtio", "virtio_ring", "virtio_pci", "virtio_blk", "nvme"])"), "has no virtio_net"},
        {"virtio-kernel", violated, kernel("installed", R"(["nvme"])"),
         "has no virtio_blk and no virtio_net: the instance sees no disk; the cloud adds missing drivers"},
        {"virtio-kernel",
         violated,
         kernel("installed", R"(["nvme"])"),
         "the cloud does not mend this distribution",
         {},
         "uefi"},
        // Without module lists the kernel's configuration tells.
        {"virtio-kernel", passed,
         R"({"/inspection/guest/kernels/0/installed": {"unknown": "cut"},
             "/inspection/guest/kernels/0/config/CONFIG_VIRTIO_NET": "y"})"},
        {"virtio-kernel", violated,
         R"({"/inspection/guest/kernels/0/installed": {"unknown": "cut"},
             "/inspection/guest/kernels/0/config/CONFIG_VIRTIO_NET": "n"})",
         "no virtio_net"},
        {"virtio-kernel", unknown, nothing_known, "modules.dep", {"virtio-initramfs"}},
        {"virtio-kernel",
         not_applicable,
         R"({"/inspection/guest/kernels": []})",
         "see kernel-present",
         {"kernel-present"}},

        {"virtio-initramfs", passed, "{}", "virtio_blk"},
        {"virtio-initramfs", violated,
         kernel("modules", R"(["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "nvme"])"),
         "lacks virtio_blk: the kernel finds no root disk; the cloud adds missing drivers"},
        {"virtio-initramfs", violated, kernel("modules", R"(["virtio", "virtio_ring", "virtio_blk", "nvme"])"),
         "lacks virtio_pci, virtio_pci_modern_dev"},
        {"virtio-initramfs",
         violated,
         kernel("modules", R"(["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "nvme"])"),
         "the cloud does not mend this distribution",
         {},
         "uefi"},
        {"virtio-initramfs", passed,
         R"({"/inspection/guest/kernels/0/modules": ["nvme"], "/inspection/guest/kernels/0/builtin":
             ["virtio", "virtio_ring", "virtio_pci", "virtio_blk", "virtio_net"]})",
         "built into"},
        {"virtio-initramfs", passed,
         R"({"/inspection/guest/kernels/0/modules": ["virtio_blk", "nvme"], "/inspection/guest/kernels/0/builtin":
             ["virtio", "virtio_ring", "virtio_pci"]})",
         "virtio_blk"},
        {"virtio-initramfs", violated,
         R"({"/inspection/guest/kernels/0/initramfs": "", "/inspection/guest/boot_loader/entries/0/initramfs": ""})",
         "no initramfs to load it from"},
        {"virtio-initramfs",
         not_applicable,
         R"({"/inspection/guest/kernels/0/initramfs": "", "/inspection/guest/kernels/0/image": "",
             "/inspection/guest/boot_loader/entries/0/initramfs": "",
             "/inspection/guest/fstab/entries/2":
                {"device": "UUID=0000", "target": "/boot", "type": "ext4", "line": 3}})",
         "see boot-same-disk",
         {"boot-same-disk"}},
        {"virtio-initramfs", unknown, kernel("modules", R"({"unknown": "not a cpio archive"})"), "not a cpio archive"},
        {"virtio-initramfs", not_applicable, kernel("initramfs_size", "0"), "see kernel-present", {"kernel-present"}},
        {"virtio-initramfs", not_applicable, kernel("initramfs", R"("")"), "see kernel-present", {"kernel-present"}},
        {"virtio-initramfs",
         passed,
         R"({"/inspection/guest/kernels/0/builtin": {"unknown": "cut"}, "/inspection/guest/kernels/0/config":
             {"unknown": "cut"}, "/inspection/guest/kernels/0/installed": {"unknown": "cut"}})",
         "holds virtio_blk",
         {"virtio-kernel"}},
        // The newest kernel counts where none is the default.
        {"virtio-initramfs", violated,
         R"({"/inspection/guest/kernels/0/default": false,
             "/inspection/guest/kernels/1": {"version": "6.10.0-1-amd64", "image": "/boot/vmlinuz-6.10.0-1-amd64",
              "image_size": 1, "initramfs": "/boot/initrd.img-6.10.0-1-amd64", "initramfs_size": 1, "modules": [],
              "builtin": [], "architecture": "x86_64", "installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_blk",
              "virtio_net"]}})",
         "initrd.img-6.10.0-1-amd64 lacks"},

        {"virtio-autofix-list", passed, "{}",
         "Debian GNU/Linux 12 (bookworm) is a distribution to which the cloud adds"},
        {"virtio-autofix-list", passed, "{}", "has the virtio drivers itself", {}, "uefi"},
        {"virtio-autofix-list",
         violated,
         R"({"/inspection/guest/kernels/0/modules": ["nvme"]})",
         "Rocky Linux 9.3 (Blue Onyx) is no distribution that the cloud mends",
         {"virtio-initramfs"},
         "uefi"},
        {"virtio-autofix-list",
         violated,
         kernel("installed", R"(["nvme"])"),
         "no distribution",
         {"virtio-kernel"},
         "uefi",
         "recommendation"},
        // CentOS 5 is too old for the list.
        {"virtio-autofix-list",
         violated,
         R"({"/inspection/guest/os": {"id": "centos", "version": "5.11", "name": "CentOS release 5.11"},
             "/inspection/guest/kernels/0/modules": []})",
         "CentOS release 5.11",
         {"virtio-initramfs"}},
        {"virtio-autofix-list", unknown, nothing_known, "", {"virtio-kernel", "virtio-initramfs"}, "uefi"},

        {"nvme-kernel", passed, "{}"},
        {"nvme-kernel", passed, kernel("builtin", all_builtin), "built into"},
        {"nvme-kernel", violated,
         kernel("installed", R"(["virtio", "virtio_ring", "virtio_pci", "virtio_blk", "virtio_net"])"), "has no nvme"},
        {"nvme-kernel", violated,
         kernel("modules", R"(["virtio", "virtio_ring", "virtio_pci", "virtio_pci_modern_dev", "virtio_blk"])"),
         "lacks nvme"},
        {"nvme-kernel", not_applicable, kernel("initramfs_size", "0"), "see kernel-present", {"kernel-present"}},
        {"nvme-kernel", unknown, nothing_known, "", {"virtio-kernel", "virtio-initramfs"}},

        {"qemu-ga", passed, "{}"},
        {"qemu-ga", violated, R"({"/inspection/guest/qemu_guest_agent": ["/usr/sbin/qemu-ga"]})", "is installed"},
        {"qemu-ga", unknown, R"({"/inspection/guest/qemu_guest_agent": {"unknown": "cut"}})"},
    };
}

}  // namespace imgport::testing
