#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

const char *const no_loader = R"({"/inspection/guest/boot_loader": {"unknown": "grub.cfg: too large"}})";
const std::vector<std::string> loader_rules{"grub-root-uuid", "grub-root-exists"};

std::string cmdline(const std::string &more)
{
    return R"({"/inspection/guest/boot_loader/entries/0/cmdline":
               "root=UUID=11111111-2222-3333-4444-555555555555 console=ttyS0 )" +
           more + "\"}";
}

// The clean guest's drivers, and xen_blkfront.
std::string xen(const std::string &in_initramfs)
{
    return R"({"/inspection/guest/kernels/0/installed/8": "xen_blkfront", "/inspection/guest/kernels/0/modules/8": ")" +
           in_initramfs + "\"}";
}

std::string recipe(const std::string &tool, const std::string &scope, const std::string &drivers = "[]")
{
    return R"({"/inspection/guest/initramfs_recipe": {"tool": ")" + tool + R"(", "scope": {"value": ")" + scope +
           R"(", "where": {"file": "/etc/x.conf", "line": 2}}, "drivers": )" + drivers + "}}";
}

}  // namespace

std::vector<RuleCase> machine_cases()
{
    return {
        {"xen-blkfront", not_applicable, "{}", "has no xen_blkfront"},
        {"xen-blkfront", passed, xen("xen_blkfront"), "holds xen_blkfront"},
        {"xen-blkfront", violated, xen("x"), "retired", {}, "bios", "recommendation"},
        {"xen-blkfront", passed, R"({"/inspection/guest/kernels/0/builtin/1": "xen_blkfront"})", "built into"},

        {"nvme-timeout", passed, "{}"},
        {"nvme-timeout", violated, cmdline(""), "no nvme_core.io_timeout=", {}, "bios", "feature"},
        {"nvme-timeout", violated, cmdline("nvme_core.io_timeout=30"), "io_timeout=30"},
        {"nvme-timeout", passed, cmdline("nvme.io_timeout=255")},
        {"nvme-timeout", not_applicable,
         R"({"/inspection/guest/kernels/0/installed": ["virtio", "virtio_ring", "virtio_pci", "virtio_blk",
             "virtio_net"]})",
         "see nvme-kernel"},
        {"nvme-timeout", unknown, no_loader, "too large", loader_rules},

        {"dracut-hostonly", passed, "{}", "initramfs-tools puts in"},
        {"dracut-hostonly", violated, recipe("initramfs-tools", "dep"), "MODULES=dep", {}, "bios", "recommendation"},
        {"dracut-hostonly", violated, recipe("dracut", "yes", R"(["nvme"])"), "dracut (hostonly=yes)"},
        {"dracut-hostonly", passed, recipe("dracut", "yes", R"(["virtio_blk"])"), "told to add"},
        {"dracut-hostonly", passed, recipe("dracut", "no"), "any machine"},
        {"dracut-hostonly", not_applicable, recipe("", ""), "neither"},
        {"dracut-hostonly", not_applicable,
         R"({"/inspection/guest/initramfs_recipe": {"tool": "dracut", "scope": {"value": "yes"}},
             "/inspection/guest/kernels/0/builtin/1": "virtio_blk"})",
         "built into"},
        {"dracut-hostonly", unknown, R"({"/inspection/guest/initramfs_recipe": {"unknown": "cut"}})", "cut"},

        {"vmtools-residue", passed, "{}"},
        {"vmtools-residue",
         violated,
         R"({"/inspection/guest/hypervisor_tools": [{"name": "VMware Tools", "enabled": true,
             "traces": ["/usr/bin/vmtoolsd"]}]})",
         "VMware Tools (starts at boot)",
         {},
         "bios",
         "recommendation"},
        {"vmtools-residue", unknown, R"({"/inspection/guest/hypervisor_tools": {"unknown": "cut"}})", "cut"},

        {"crash-dump", passed, "{}", "no crash dumps"},
        {"crash-dump", passed,
         R"({"/inspection/guest/crash_dump": {"enabled": true},
             "/inspection/guest/boot_loader/entries/0/cmdline":
             "root=UUID=11111111-2222-3333-4444-555555555555 crashkernel=1G-4G:192M"})",
         "has its memory"},
        {"crash-dump",
         violated,
         R"({"/inspection/guest/crash_dump": {"enabled": true, "where": "/etc/x"}})",
         "no memory is reserved",
         {},
         "bios",
         "recommendation"},
        {"crash-dump", violated, cmdline("crashkernel=auto"), "crashkernel=auto takes memory"},
        {"crash-dump", unknown, R"({"/inspection/guest/crash_dump": {"unknown": "cut"}})", "cut"},
        {"crash-dump", unknown, no_loader, "too large", loader_rules},
    };
}

}  // namespace imgport::testing
