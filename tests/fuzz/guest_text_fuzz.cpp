// Every reader of a guest's text files, in one target: the first byte of the input chooses the file, the rest is its
// text. A line "\x01PATH" ends it and begins another file of the guest (an included one, a drop-in).
#include <memory>
#include <string>
#include <vector>

#include "filesystem/mounted_tree.hpp"
#include "guest/accounts.hpp"
#include "guest/agents.hpp"
#include "guest/boot_loader.hpp"
#include "guest/cloud_init.hpp"
#include "guest/credentials.hpp"
#include "guest/firewall.hpp"
#include "guest/fstab.hpp"
#include "guest/guest_text.hpp"
#include "guest/hostname.hpp"
#include "guest/kernel.hpp"
#include "guest/login_limits.hpp"
#include "guest/network.hpp"
#include "guest/os_release.hpp"
#include "guest/private_sources.hpp"
#include "guest/residue.hpp"
#include "guest/selinux.hpp"
#include "guest/services.hpp"
#include "guest/sshd.hpp"
#include "testing/memory_tree.hpp"

using namespace imgport;
using imgport::testing::MemoryTree;

namespace {

std::vector<VolumeFacts> volumes()
{
    VolumeFacts root;
    root.device = "/dev/sda1";
    root.kind = "partition";
    root.partition = 1;
    root.length = 1U << 30;
    root.filesystem.type = "ext4";
    root.filesystem.uuid = "0f3a2b1c-0001-4000-8000-000000000001";
    root.filesystem.label = "root";
    return {root};
}

void boot_loader(FileTree &tree)
{
    auto const all = volumes();
    std::vector<MountPoint> const mounts{{"/", "/dev/sda1", "ext4"}};
    (void)read_boot_loader({tree, all, mounts, nullptr, "", ""});
}

void fstab(FileTree &tree)
{
    (void)read_fstab(tree, volumes());
    (void)read_crypttab(tree);
}

void network(FileTree &tree)
{
    Services const services(tree);
    (void)read_network(tree, services);
}

void sshd(FileTree &tree)
{
    Services const services(tree);
    (void)read_sshd(tree, services);
}

void firewall(FileTree &tree)
{
    Services const services(tree);
    (void)read_firewalls(tree, services);
}

void leftovers(FileTree &tree)
{
    (void)read_credentials(tree);
    (void)read_protected_files(tree);
    (void)read_login_limits(tree);
    (void)read_private_sources(tree);
    (void)read_residue(tree);
}

void cloud_init(FileTree &tree)
{
    Services const services(tree);
    (void)read_cloud_init(tree, services, "root=/dev/sda1 ro");
}

void accounts(FileTree &tree)
{
    (void)read_accounts(tree);
}

void identity(FileTree &tree)
{
    (void)read_os_release(tree);
    (void)read_hostname(tree);
    (void)read_selinux(tree, "quiet");
}

void kernels(FileTree &tree)
{
    (void)read_kernels(tree);
}

void agents(FileTree &tree)
{
    (void)read_qemu_guest_agent(tree);
    (void)read_growpart(tree);
}

struct Target {
    const char *path;
    void (*read)(FileTree &tree);
};

constexpr Target targets[] = {
    {"/etc/fstab", fstab},
    {"/etc/crypttab", fstab},
    {"/etc/os-release", identity},
    {"/etc/redhat-release", identity},
    {"/etc/lsb-release", identity},
    {"/etc/hostname", identity},
    {"/etc/selinux/config", identity},
    {"/boot/grub/grub.cfg", boot_loader},
    {"/boot/grub2/grub.cfg", boot_loader},
    {"/boot/grub/menu.lst", boot_loader},
    {"/boot/loader/entries/one.conf", boot_loader},
    {"/boot/extlinux/extlinux.conf", boot_loader},
    {"/boot/grub2/grubenv", boot_loader},
    {"/etc/netplan/50-cloud-init.yaml", network},
    {"/etc/sysconfig/network-scripts/ifcfg-eth0", network},
    {"/etc/systemd/network/10-eth.network", network},
    {"/etc/network/interfaces", network},
    {"/etc/NetworkManager/system-connections/eth0.nmconnection", network},
    {"/etc/rc.conf", network},
    {"/etc/udev/rules.d/70-persistent-net.rules", network},
    {"/etc/ssh/sshd_config", sshd},
    {"/etc/systemd/system/sshd.service", sshd},
    {"/etc/hosts.allow", sshd},
    {"/etc/hosts.deny", sshd},
    {"/etc/systemd/network/10-eth.link", network},
    {"/etc/sysconfig/network-scripts/route-eth0", network},
    {"/root/.ssh/authorized_keys", leftovers},
    {"/etc/pam.d/login", leftovers},
    {"/etc/security/access.conf", leftovers},
    {"/etc/apt/apt.conf.d/01proxy", leftovers},
    {"/etc/yum.repos.d/a.repo", leftovers},
    {"/etc/environment", leftovers},
    {"/etc/cloud/cloud.cfg", cloud_init},
    {"/etc/cloud/cloud.cfg.d/90.cfg", cloud_init},
    {"/etc/passwd", accounts},
    {"/etc/shadow", accounts},
    {"/etc/ufw/ufw.conf", firewall},
    {"/etc/nftables.conf", firewall},
    {"/etc/sysconfig/iptables", firewall},
    {"/etc/iptables/rules.v4", firewall},
    {"/lib/modules/6.1.0/modules.dep", kernels},
    {"/lib/modules/6.1.0/modules.builtin", kernels},
    {"/boot/config-6.1.0", kernels},
    {"/boot/vmlinuz-6.1.0", kernels},
    {"/var/lib/dpkg/info/qemu-guest-agent.md5sums", agents},
};

// What makes the readers look at the files at all.
std::shared_ptr<MemoryTree> skeleton()
{
    auto files = std::make_shared<MemoryTree>();
    files
        ->file("/usr/sbin/sshd", "\x7f"
                                 "ELF")
        .file("/usr/bin/cloud-init", "#!/usr/bin/python3\n")
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
        .file("/etc/shadow", "root:!:1::::::\n")
        .file("/lib/modules/6.1.0/modules.dep", "kernel/a.ko:\n")
        .file("/boot/vmlinuz-6.1.0", "MZ")
        .file("/usr/sbin/ufw", "")
        .file("/usr/sbin/nft", "")
        .link("/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service")
        .link("/etc/systemd/system/multi-user.target.wants/nftables.service", "/lib/systemd/system/nftables.service")
        .link("/etc/systemd/system/multi-user.target.wants/iptables.service", "/lib/systemd/system/iptables.service")
        .file("/lib/systemd/system/ssh.service", "[Unit]\n[Service]\nExecStart=/usr/sbin/sshd -D\n")
        .file("/lib/systemd/system/nftables.service", "[Unit]\n")
        .file("/lib/systemd/system/iptables.service", "[Unit]\n");
    return files;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0 || size > 64 * 1024)
        return 0;
    auto const &target = targets[data[0] % std::size(targets)];
    std::string_view rest(reinterpret_cast<const char *>(data) + 1, size - 1);
    auto const files = skeleton();
    std::string path = target.path;
    for (int i = 0; i < 8; ++i) {
        auto const next = rest.find("\n\x01");
        files->file(path, std::string(rest.substr(0, next)));
        if (next == std::string_view::npos)
            break;
        rest.remove_prefix(next + 2);
        auto const end = std::min(rest.find('\n'), rest.size());
        path = normal_path("/" + std::string(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (path == "/" || path.size() > 200)
            break;
    }
    MountedTree tree(files);
    target.read(tree);
    (void)parse_ini(rest);
    (void)shell_assignments(rest);
    return 0;
}
