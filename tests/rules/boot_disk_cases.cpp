#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_loader = R"({"/inspection/guest/boot_loader": {"unknown": "grub.cfg: too large"}})";

// A GPT disk that boots with BIOS, without UEFI and without a BIOS boot partition.
std::string bios_gpt(const std::string &more = {})
{
    return R"({"/inspection/disk/boot_code": true, "/inspection/disk/boot_sector_loaders": ["grub2"],
               "/inspection/disk/grub_core_found": false,
               "/inspection/guest/boot_loader/efi_files": [])" +
           more + "}";
}

std::string arm(const std::string &request)
{
    return R"({"/inspection/guest/architecture": "aarch64", "/inspection/guest/kernels/0/architecture": "aarch64",
               "/inspection/guest/boot_loader/efi_files": ["/EFI/BOOT/BOOTAA64.EFI"], "/request": )" +
           request + "}";
}

std::string legacy(const std::string &loader)
{
    return R"({"/inspection/disk/boot_sector_loaders": ["grub-legacy"], "/inspection/disk/grub_core_found": "<gone>",
               "/inspection/guest/boot_loader": )" +
           loader + "}";
}

const char *const legacy_menu =
    R"({"kind": "grub-legacy", "config": "/boot/grub/menu.lst", "default_entry": 0, "entries": [{"title": "x",
        "kernel": "/boot/vmlinuz-6.1.0-18-amd64", "initramfs": "/boot/initrd.img-6.1.0-18-amd64",
        "cmdline": "root=UUID=11111111-2222-3333-4444-555555555555", "where": {"file": "/boot/grub/menu.lst"}}]})";

std::string boot_line(const std::string &image)
{
    return R"({"/inspection/guest/fstab/entries/2": {"device": "UUID=0000", "target": "/boot", "type": "ext4", "line": 3},
               "/inspection/guest/kernels/0/image": ")" +
           image + "\"}";
}

std::string kernel(const std::string &key, const std::string &value)
{
    return R"({"/inspection/guest/kernels/0/)" + key + "\": " + value + "}";
}

}  // namespace

std::vector<RuleCase> boot_disk_cases()
{
    return {
        {"pt-single-root", passed, "{}", "/dev/sda1 is the last one"},
        {"pt-single-root", passed, "{}", "/dev/sda2 is the last one", {}, "uefi"},
        {"pt-single-root",
         violated,
         R"({"/inspection/disk/partitions/1": {"number": 2, "offset": 42949672448, "length": 512, "type": "82"}})",
         "behind the root partition /dev/sda1 lies partition 2",
         {},
         "bios",
         "feature"},
        // The frame of logical partitions is no partition of its own; the logical one in it is.
        {"pt-single-root", passed,
         R"({"/inspection/disk/partitions/1": {"number": 2, "offset": 42949672448, "length": 512, "type": "0F"}})"},
        {"pt-single-root", not_applicable,
         R"({"/inspection/volumes/0/kind": "lvm", "/inspection/volumes/0/partition": 0})", "not on a partition"},
        {"pt-single-root",
         unknown,
         R"({"/inspection/guest/root_device": "", "/inspection/guest/mountpoints": []})",
         "not known",
         {"fs-clean", "fs-free-space", "fstab-root"}},

        {"boot-arm64-uefi", not_applicable, "{}"},
        {"boot-arm64-uefi", passed, arm("{}"), "", {}, "uefi"},
        {"boot-arm64-uefi", passed, arm(R"({"boot_mode": "UEFI", "architecture": "arm64"})"), "", {}, "uefi"},
        {"boot-arm64-uefi", violated, arm(R"({"boot_mode": "BIOS"})"), "boot mode BIOS is asked for", {}, "uefi"},
        {"boot-arm64-uefi", violated, arm(R"({"boot_mode": "UEFI-Preferred"})"), "UEFI-Preferred", {}, "uefi"},

        {"boot-bios-gpt", not_applicable, "{}", "mbr"},
        {"boot-bios-gpt", not_applicable, "{}", "no GRUB for BIOS", {}, "uefi"},
        {"boot-bios-gpt",
         passed,
         R"({"/inspection/disk/boot_code": true, "/inspection/disk/boot_sector_loaders": ["grub2"],
             "/inspection/disk/grub_core_found": true})",
         "",
         {},
         "uefi"},
        // That nothing boots the disk is boot-mode-detect's summary.
        {"boot-bios-gpt", violated, bios_gpt(), "without a BIOS boot partition", {"boot-mode-detect"}, "uefi"},
        {"boot-bios-gpt",
         not_applicable,
         bios_gpt(R"(, "/inspection/disk/partitions/0/type": "21686148-6449-6e6f-744e-656564454649")"),
         "see boot-grub-present",
         {"boot-mode-detect", "boot-grub-present"},
         "uefi"},
        {"boot-bios-gpt",
         not_applicable,
         R"({"/inspection/disk/boot_code": true, "/inspection/disk/boot_sector_loaders": ["grub2"],
             "/inspection/disk/grub_core_found": false})",
         "boots with UEFI",
         {},
         "uefi"},
        {"boot-bios-gpt",
         unknown,
         R"({"/inspection/disk/boot_code": true, "/inspection/disk/boot_sector_loaders": ["grub2"],
             "/inspection/guest/boot_loader/efi_files": []})",
         "is not known",
         {"boot-mode-detect", "boot-grub-present"},
         "uefi"},
        {"boot-bios-gpt",
         not_applicable,
         R"({"/inspection/disk/boot_code": true, "/inspection/disk/boot_sector_loaders": ["grub2"]})",
         "boots with UEFI",
         {},
         "uefi"},

        {"grub-menu-lst", not_applicable, "{}", "not what boots"},
        {"grub-menu-lst", not_applicable, no_loader, "not installed", {"grub-root-uuid", "grub-root-exists"}},
        {"grub-menu-lst", passed, legacy(legacy_menu), "/boot/grub/menu.lst has 1 entry"},
        {"grub-menu-lst", violated, legacy(R"({"kind": "grub-legacy", "config": "/boot/grub/menu.lst"})"), "no entry"},
        {"grub-menu-lst", violated, legacy(R"({"kind": ""})"), "is missing", {"grub-root-uuid", "grub-root-exists"}},
        {"grub-menu-lst",
         unknown,
         legacy(R"({"unknown": "menu.lst: too large"})"),
         "too large",
         {"grub-root-uuid", "grub-root-exists"}},

        {"boot-same-disk", passed, "{}"},
        {"boot-same-disk", violated, boot_line(""), "/boot is UUID=0000, which is not in this image"},
        // A stale line: what boots is in the root filesystem.
        {"boot-same-disk", passed, boot_line("/boot/vmlinuz-6.1.0-18-amd64"), "", {"fstab-exists"}},
        {"boot-same-disk",
         unknown,
         R"({"/inspection/guest/fstab": {"unknown": "/etc/fstab: not text"}})",
         "not text",
         {"fstab-uuid", "fstab-exists", "fstab-root", "fstab-net"}},

        {"secureboot", not_applicable, "{}"},
        {"secureboot", passed, "{}", "shimx64.efi", {}, "uefi"},
        {"secureboot",
         passed,
         R"({"/inspection/guest/boot_loader/efi_files": ["/EFI/BOOT/BOOTX64.EFI", "/EFI/BOOT/mmx64.efi"]})",
         "mmx64",
         {},
         "uefi"},
        {"secureboot",
         violated,
         R"({"/inspection/guest/boot_loader/efi_files": ["/EFI/BOOT/BOOTX64.EFI"]})",
         "no signed shim",
         {},
         "uefi",
         "recommendation"},

        {"autofs-initramfs-mismatch", passed, "{}", "belong together"},
        {"autofs-initramfs-mismatch", violated,
         R"({"/inspection/guest/kernels/0/initramfs_versions": ["6.1.0-17-amd64"],
             "/inspection/guest/kernels/0/modules": []})",
         "whose modules are for 6.1.0-17-amd64"},
        {"autofs-initramfs-mismatch", violated, kernel("module_folder", "false"),
         "/lib/modules/6.1.0-18-amd64 are missing"},
        {"autofs-initramfs-mismatch", violated,
         R"({"/inspection/guest/kernels/0/module_folder": false, "/inspection/guest/kernels/0/initramfs_versions": [],
             "/inspection/guest/kernels/1": {"version": "6.1.0-17-amd64", "module_folder": true}})",
         "was not finished"},
        // A kernel without modules needs no folder, and an initramfs of several versions serves each of them.
        {"autofs-initramfs-mismatch", passed,
         R"({"/inspection/guest/kernels/0/module_folder": false, "/inspection/guest/kernels/0/initramfs_versions": []})"},
        {"autofs-initramfs-mismatch", passed, kernel("initramfs_versions", R"(["6.1.0-17-amd64", "6.1.0-18-amd64"])")},
        // The name tells where the inside could not be read.
        {"autofs-initramfs-mismatch",
         passed,
         R"({"/inspection/guest/kernels/0/initramfs_versions": [],
             "/inspection/guest/kernels/0/modules": {"unknown": "not a cpio archive"}})",
         "",
         {"virtio-initramfs"}},
        {"autofs-initramfs-mismatch",
         unknown,
         R"({"/inspection/guest/kernels/0/initramfs_versions": [], "/inspection/guest/kernels/0/initramfs": "/boot/initrd",
             "/inspection/guest/kernels/0/modules": {"unknown": "not a cpio archive"}})",
         "/boot/initrd: not a cpio archive",
         {"virtio-initramfs"}},
        {"autofs-initramfs-mismatch", not_applicable, kernel("version", "\"linux\""), "does not tell its version"},
        {"autofs-initramfs-mismatch", not_applicable, R"({"/inspection/guest/kernels": []})", "", {"kernel-present"}},
    };
}

}  // namespace imgport::testing
