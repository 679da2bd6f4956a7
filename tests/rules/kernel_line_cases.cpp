#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_loader = R"({"/inspection/guest/boot_loader": {"unknown": "grub.cfg: too large"}})";
const std::vector<std::string> loader_rules{"grub-root-uuid", "grub-root-exists"};

std::string cmdline(const std::string &more)
{
    return R"({"/inspection/guest/boot_loader/entries/0/cmdline":
               "root=UUID=11111111-2222-3333-4444-555555555555 ro )" +
           more + "\"}";
}

std::string defaults(const std::string &fields)
{
    return R"({"/inspection/guest/grub_defaults": {"present": true, )" + fields + "}}";
}

const std::string kept = R"("cmdline": {"value": "console=ttyS0,115200n8 nvme_core.io_timeout=4294967295"})";

}  // namespace

std::vector<RuleCase> kernel_line_cases()
{
    return {
        {"kernel-console", passed, "{}"},
        {"kernel-console", passed, cmdline("console=ttyS0")},
        {"kernel-console", violated, cmdline("quiet"), "not told console=ttyS0", {}, "bios", "feature"},
        {"kernel-console", violated, cmdline("console=tty0 console=ttyS01"), "not told"},
        {"kernel-console",
         passed,
         R"({"/inspection/guest/architecture": "aarch64",
             "/inspection/guest/kernels/0/architecture": "aarch64",
             "/inspection/guest/boot_loader/efi_files": ["/EFI/BOOT/BOOTAA64.EFI"],
             "/inspection/guest/boot_loader/entries/0/cmdline": "root=UUID=11111111-2222-3333-4444-555555555555"})",
         "",
         {},
         "uefi"},
        {"kernel-console", unknown, no_loader, "too large", loader_rules},

        {"kernel-no-hw-args", passed, "{}"},
        {"kernel-no-hw-args", passed, cmdline("vga=0x317 net.ifnames=0 console=ttyS0")},
        {"kernel-no-hw-args",
         violated,
         cmdline("xen_emul_unplug=never"),
         "xen_emul_unplug=never",
         {},
         "bios",
         "recommendation"},
        {"kernel-no-hw-args", violated, cmdline("noapic"), "noapic"},
        {"kernel-no-hw-args", violated, cmdline("ide0=noprobe"), "ide0=noprobe"},
        {"kernel-no-hw-args", violated, cmdline("vga=ask"), "vga=ask"},
        {"kernel-no-hw-args", violated, cmdline("rd.md.uuid=a:b:c:d"), "rd.md.uuid"},
        {"kernel-no-hw-args", passed,
         R"({"/inspection/volumes/1": {"device": "/dev/sda2", "filesystem": {"type": "linux_raid_member"}},
             "/inspection/guest/boot_loader/entries/0/cmdline":
             "root=UUID=11111111-2222-3333-4444-555555555555 rd.md.uuid=a:b:c:d"})"},
        {"kernel-no-hw-args", unknown, no_loader, "too large", loader_rules},

        {"grub-default-persist", passed, "{}"},
        {"grub-default-persist",
         violated,
         defaults(kept + R"(, "disable_uuid": {"value": "true", "where": {"file": "/etc/default/grub", "line": 9}})"),
         "GRUB_DISABLE_LINUX_UUID=true",
         {},
         "bios",
         "recommendation"},
        {"grub-default-persist", passed, defaults(kept + R"(, "disable_uuid": {"value": "false"})")},
        {"grub-default-persist", violated, defaults(R"("cmdline": {"value": "root=/dev/sda1"})"), "root=/dev/sda1"},
        {"grub-default-persist", violated, defaults(R"("cmdline_default": {"value": "quiet resume=/dev/sda5"})"),
         "resume=/dev/sda5"},
        {"grub-default-persist", violated, defaults(R"("cmdline": {"value": "quiet"})"), "the next update drops it"},
        {"grub-default-persist", passed,
         R"({"/inspection/guest/boot_loader/entries/0/where/file": "/boot/loader/entries/x.conf",
             "/inspection/guest/grub_defaults": {"present": true}})"},
        {"grub-default-persist", not_applicable, R"({"/inspection/guest/grub_defaults": {"present": false}})"},
        {"grub-default-persist", unknown, R"({"/inspection/guest/grub_defaults": {"unknown": "cut"}})", "cut"},
    };
}

}  // namespace imgport::testing
