#include "guest/inspect_guest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filesystem/tree_maker.hpp"
#include "guest.hpp"
#include "testing/hive.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

class FakeMaker final : public TreeMaker {
public:
    std::map<std::string, std::shared_ptr<MemoryTree>> trees = {};  // by device, or DEVICE:SUBVOLUME
    std::vector<VolumeFacts> lvm = {};
    std::vector<std::string> lvm_problems = {};
    std::vector<std::string> btrfs_subvolumes = {};

    MemoryTree &tree(const std::string &key)
    {
        auto &tree = trees[key];
        if (!tree)
            tree = std::make_shared<MemoryTree>();
        return *tree;
    }
    std::string name() const override { return "fake"; }
    std::optional<Error> failure() const override { return std::nullopt; }
    Result<FoundVolumes> more_volumes(const std::vector<VolumeFacts> &) override
    {
        return FoundVolumes{lvm, lvm_problems};
    }
    Result<std::shared_ptr<RawTree>> open(const VolumeFacts &volume, const std::string &subvolume) override
    {
        auto const found = trees.find(volume.device + (subvolume.empty() ? "" : ":" + subvolume));
        if (found == trees.end())
            return fail(ErrorCode::unreadable, "wrong superblock");
        return std::shared_ptr<RawTree>(found->second);
    }
    Result<std::vector<std::string>> subvolumes(const VolumeFacts &) override { return btrfs_subvolumes; }
};

void make_root(MemoryTree &tree, const std::string &fstab)
{
    tree.file("/etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        .file("/etc/fstab", fstab)
        .directory("/usr/bin")
        .link("/bin", "usr/bin");
}

GuestInspection inspect_with(FakeMaker &maker, std::vector<VolumeFacts> volumes, const DiskFacts &disk = {})
{
    auto result = inspect_guest(maker, disk, volumes);
    EXPECT_TRUE(result) << describe(result.error());
    return *result;
}

}  // namespace

TEST(FindRoot, IsTheVolumeThatItsOwnFstabCallsRoot)
{
    FakeMaker maker;
    make_root(maker.tree("/dev/sda1"), "UUID=two / ext4 defaults 0 1\n");
    make_root(maker.tree("/dev/sda2"), "UUID=two / ext4 defaults 0 1\n");
    auto const found = inspect_with(maker, {partition(1, "ext4", "one"), partition(2, "ext4", "two")});
    ASSERT_TRUE(found.guest);
    EXPECT_EQ(found.guest->root_device, "/dev/sda2");
    EXPECT_EQ(found.guest->os.id, "debian");
}

TEST(FindRoot, OnALogicalVolume)
{
    FakeMaker maker;
    maker.lvm = {logical_volume("/dev/vg0/root", "xfs", "r")};
    make_root(maker.tree("/dev/vg0/root"), "/dev/mapper/vg0-root / xfs defaults 0 0\n");
    std::vector<VolumeFacts> volumes{partition(1, "LVM2_member", "pv")};
    auto const found = inspect_guest(maker, {}, volumes);
    ASSERT_TRUE(found && found->guest);
    EXPECT_EQ(found->guest->root_device, "/dev/vg0/root");
    EXPECT_EQ(volumes.size(), 2U) << "the caller sees it too";
}

TEST(FindRoot, InABtrfsSubvolume)
{
    FakeMaker maker;
    maker.btrfs_subvolumes = {"@", "@home", "@/.snapshots/1/snapshot"};
    std::string const fstab = "UUID=b / btrfs subvol=/@ 0 0\nUUID=b /home btrfs subvol=@home 0 0\n";
    maker.tree("/dev/sda1").directory("/@").directory("/@home");
    make_root(maker.tree("/dev/sda1:@"), fstab);
    make_root(maker.tree("/dev/sda1:@/.snapshots/1/snapshot"), fstab);
    maker.tree("/dev/sda1:@home").directory("/user");
    maker.tree("/dev/sda1:@")
        .directory("/boot")
        .file("/boot/grub/grub.cfg", "menuentry x {\n linux /@/boot/vmlinuz-1 root=UUID=b\n}\n")
        .file("/boot/vmlinuz-1", "k");
    auto const found = inspect_with(maker, {partition(1, "btrfs", "b")});
    ASSERT_TRUE(found.guest);
    ASSERT_EQ(found.guest->mountpoints.size(), 2U);
    EXPECT_EQ(found.guest->mountpoints[0].subvolume, "@");
    EXPECT_EQ(found.guest->mountpoints[1].subvolume, "@home");
    ASSERT_TRUE(found.guest->boot_loader);
    EXPECT_EQ(found.guest->boot_loader->entries.at(0).kernel, "/boot/vmlinuz-1");
    EXPECT_TRUE(found.guest->kernels.at(0).is_default);
}

TEST(FindRoot, InTheDeploymentOfOstreeThatStarts)
{
    FakeMaker maker;
    std::string const deploy = "/ostree/deploy/fedora-coreos/deploy/";
    auto &root = maker.tree("/dev/sda4");
    for (const char *sum : {"aaaa.0", "bbbb.0"}) {
        root.file(deploy + sum + "/etc/os-release",
                  sum == std::string("bbbb.0") ? "ID=fedora\nVERSION_ID=39\n" : "ID=fedora\nVERSION_ID=38\n")
            .file(deploy + sum + "/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
            .directory(deploy + sum + "/usr/bin")
            .directory(deploy + sum + "/boot");
    }
    root.file("/ostree/deploy/fedora-coreos/var/lib/here", "x")
        .link("/ostree/boot.1/fedora-coreos/ffff/0", "../../../deploy/fedora-coreos/deploy/bbbb.0");
    maker.tree("/dev/sda3")
        .file("/loader/entries/ostree-1.conf", "title x\nlinux /ostree/v/vmlinuz\noptions ostree=/ostree/boot.1/f/0\n")
        .file("/grub2/grub.cfg", "blscfg\n")
        .file("/ostree/v/vmlinuz", "k");
    auto boot = partition(3, "ext4", "b");
    boot.filesystem.label = "boot";
    auto const found = inspect_with(maker, {boot, partition(4, "xfs", "r")});
    ASSERT_TRUE(found.guest);
    EXPECT_EQ(found.guest->os.version, "39");
    EXPECT_EQ(found.guest->root_device, "/dev/sda4");
    ASSERT_EQ(found.guest->mountpoints.size(), 2U);
    EXPECT_EQ(found.guest->mountpoints[1].target, "/boot");
    ASSERT_TRUE(found.guest->boot_loader);
    EXPECT_EQ(found.guest->boot_loader->entries.at(0).kernel, "/boot/ostree/v/vmlinuz");
}

TEST(FindRoot, WithUsrOnAVolumeOfContainerLinux)
{
    FakeMaker maker;
    maker.tree("/dev/sda9")
        .file("/etc/passwd", "core:x:500:500::/home/core:/bin/bash\n")
        .link("/etc/os-release", "../usr/lib/os-release")
        .directory("/usr")
        .link("/bin", "usr/bin");
    maker.tree("/dev/sda3").file("/lib/os-release", "ID=coreos\nVERSION_ID=2512.3.0\n").directory("/bin");
    auto usr = partition(3, "ext4", "u");
    usr.partition_label = "USR-A";
    auto root = partition(9, "ext4", "r");
    root.filesystem.label = "ROOT";
    auto const found = inspect_with(maker, {usr, root});
    ASSERT_TRUE(found.guest);
    EXPECT_EQ(found.guest->os.id, "coreos");
    EXPECT_EQ(found.guest->root_device, "/dev/sda9");
    ASSERT_EQ(found.guest->mountpoints.size(), 2U);
    EXPECT_EQ(found.guest->mountpoints[1].device, "/dev/sda3");
}

namespace {

// A disk of Container Linux or Flatcar: /usr, the EFI system partition and the root filesystem.
std::vector<VolumeFacts> container_linux_volumes()
{
    auto esp = partition(1, "vfat", "e");
    esp.partition_label = "EFI-SYSTEM";
    auto usr = partition(3, "ext4", "u");
    usr.partition_label = "USR-A";
    auto root = partition(9, "ext4", "r");
    root.filesystem.label = "ROOT";
    return {esp, usr, root};
}

}  // namespace

TEST(FindRoot, OfAContainerLinuxBeforeItsFirstBoot)
{
    FakeMaker maker;
    maker.tree("/dev/sda9").directory("/lost+found");
    maker.tree("/dev/sda3")
        .file("/lib/os-release", "ID=coreos\nVERSION_ID=2512.3.0\n")
        .directory("/bin")
        .file("/lib/modules/4.19.106-coreos/modules.dep", "kernel/virtio_blk.ko:\n")
        .file("/share/baselayout/passwd", "root:x:0:0:root:/root:/bin/bash\n");
    maker.tree("/dev/sda1")
        .file("/coreos/grub/grub.cfg", "menuentry a {\n linux /coreos/vmlinuz-a root=LABEL=ROOT\n}\n")
        .file("/coreos/vmlinuz-a", "k");
    auto const found = inspect_with(maker, container_linux_volumes());
    ASSERT_TRUE(found.guest);
    EXPECT_EQ(found.guest->os.id, "coreos");
    EXPECT_EQ(found.guest->root_device, "/dev/sda9");
    ASSERT_TRUE(found.guest->boot_loader);
    EXPECT_EQ(found.guest->boot_loader->entries.at(0).kernel, "/boot/coreos/vmlinuz-a");
    ASSERT_TRUE(found.guest->accounts);
    EXPECT_EQ(found.guest->accounts->accounts.size(), 1U);
    EXPECT_EQ(found.guest->kernels.at(0).version, "4.19.106-coreos") << "/lib will be a link";
    EXPECT_EQ(found.guest->mountpoints.size(), 3U);
}

TEST(FindRoot, WithTheEtcOfFlatcarOverThatOfItsUsr)
{
    FakeMaker maker;
    maker.tree("/dev/sda3")
        .file("/lib/os-release", "ID=flatcar\nVERSION_ID=3815.2.0\n")
        .directory("/bin")
        .file("/share/flatcar/etc/hostname", "from-usr\n")
        .file("/share/flatcar/etc/systemd/network/10.network", "[Match]\nName=*\n[Network]\nDHCP=yes\n");
    maker.tree("/dev/sda1");
    maker.tree("/dev/sda9").directory("/lost+found");
    auto const first = inspect_with(maker, container_linux_volumes());
    ASSERT_TRUE(first.guest);
    EXPECT_EQ(first.guest->hostname, "from-usr");
    ASSERT_EQ(first.guest->network->interfaces.size(), 1U);
    // Changed on the instance, and a file beside it.
    maker.tree("/dev/sda9")
        .file("/etc/hostname", "changed\n")
        .file("/etc/systemd/network/20.network", "[Match]\nName=eth9\nDriver=x\n[Network]\nAddress=192.0.2.5/24\n");
    auto const changed = inspect_with(maker, container_linux_volumes());
    ASSERT_TRUE(changed.guest);
    EXPECT_EQ(changed.guest->hostname, "changed");
    EXPECT_EQ(changed.guest->os.id, "flatcar");
    ASSERT_EQ(changed.guest->network->interfaces.size(), 1U) << "the first is for every card";
    EXPECT_EQ(changed.guest->network->interfaces[0].method, "dhcp");
    // A file that was removed is a device there.
    maker.tree("/dev/sda9").device("/etc/systemd/network/10.network");
    auto const removed = inspect_with(maker, container_linux_volumes());
    ASSERT_EQ(removed.guest->network->interfaces.size(), 1U);
    EXPECT_EQ(removed.guest->network->interfaces[0].method, "static");
}

TEST(FindRoot, DataWithoutASystemIsNoGuest)
{
    FakeMaker maker;
    maker.tree("/dev/sda1").directory("/etc").file("/notes.txt", "x");
    auto const found = inspect_with(maker, {partition(1, "ext4", "one")});
    EXPECT_FALSE(found.guest);
    EXPECT_TRUE(found.problems.empty());
}

TEST(FindRoot, DamagedVolumeGroupsAndMissingPartsAreProblems)
{
    FakeMaker maker;
    maker.lvm = {logical_volume("/dev/vg0/root", "", "")};
    maker.lvm[0].filesystem.state = "a physical volume is missing";
    maker.lvm_problems = {"/dev/sda1: both metadata areas are damaged"};
    auto const found = inspect_with(maker, {partition(1, "LVM2_member", "pv")});
    EXPECT_FALSE(found.guest);
    EXPECT_THAT(found.problems,
                ::testing::ElementsAre("/dev/sda1: both metadata areas are damaged",
                                       "/dev/vg0/root cannot be looked into: a physical volume is missing"));
}

TEST(FindRoot, WhatCannotBeOpenedIsAProblemAndNotSilence)
{
    FakeMaker maker;
    auto const found = inspect_with(maker, {partition(1, "ext4", "one"), partition(2, "crypto_LUKS", "two")});
    EXPECT_FALSE(found.guest);
    ASSERT_EQ(found.problems.size(), 2U);
    EXPECT_NE(found.problems[0].find("crypto_LUKS"), std::string::npos);
    EXPECT_NE(found.problems[1].find("wrong superblock"), std::string::npos);
}

TEST(FindRoot, WindowsWithItsBootFilesOnAnotherVolume)
{
    FakeMaker maker;
    maker.tree("/dev/sda1")
        .file("/Boot/BCD", HiveMaker()
                               .number("Objects\\{a}\\Description", "Type", 0x10200003)
                               .text("Objects\\{a}\\Elements\\12000002", "Element", "\\Windows\\system32\\winload.exe")
                               .bytes());
    maker.tree("/dev/sda2")
        .file("/Windows/System32/config/SYSTEM",
              HiveMaker().number("Select", "Current", 1).key("ControlSet001\\Services").bytes())
        .file("/Windows/System32/config/SOFTWARE",
              HiveMaker()
                  .text("Microsoft\\Windows NT\\CurrentVersion", "ProductName", "Windows Server 2012 R2 Standard")
                  .text("Microsoft\\Windows NT\\CurrentVersion", "CurrentVersion", "6.3")
                  .bytes());
    auto const found = inspect_with(maker, {partition(1, "ntfs", "one"), partition(2, "ntfs", "two")});
    ASSERT_TRUE(found.guest && found.guest->windows);
    auto const &guest = *found.guest;
    EXPECT_EQ(guest.root_device, "/dev/sda2");
    EXPECT_EQ(guest.os.name, "Windows Server 2012 R2 Standard");
    EXPECT_EQ(guest.os.version, "6.3");
    ASSERT_TRUE(guest.boot_loader) << guest.boot_loader.reason();
    EXPECT_EQ(guest.boot_loader->kind, "bootmgr");
    ASSERT_TRUE(guest.windows->boot) << guest.windows->boot.reason();
    ASSERT_EQ(guest.windows->boot->entries.size(), 1U);
    EXPECT_EQ(guest.windows->boot->entries[0].store, "/Boot/BCD on /dev/sda1");
    EXPECT_FALSE(guest.fstab) << "Windows has none";
    EXPECT_FALSE(guest.windows->administrator_disabled) << "there is no SAM here";
}

TEST(Mounts, AreTheFstabsWithTheInnerOnesLast)
{
    FakeMaker maker;
    make_root(maker.tree("/dev/sda3"),
              "UUID=efi /boot/efi vfat umask=0077 0 1\nUUID=boot /boot ext4 defaults 0 2\n"
              "UUID=root / ext4 defaults 0 1\nUUID=sw none swap sw 0 0\nUUID=gone /srv ext4 defaults 0 2\n"
              "UUID=boot /other ext4 noauto 0 0\n");
    maker.tree("/dev/sda2")
        .directory("/efi")
        .directory("/grub")
        .file("/vmlinuz-6.1", "k")
        .file("/initrd.img-6.1", "i")
        .file("/grub/grub.cfg", "menuentry x {\n search --fs-uuid --set=root boot\n linux /vmlinuz-6.1 ro selinux=0\n "
                                "initrd /initrd.img-6.1\n}\n");
    maker.tree("/dev/sda1").file("/EFI/BOOT/BOOTX64.EFI", "MZ");
    DiskFacts disk;
    disk.partitions.resize(1);
    disk.partitions[0].number = 1;
    disk.partitions[0].type = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
    auto const found = inspect_with(maker,
                                    {partition(1, "vfat", "efi"), partition(2, "ext4", "boot"),
                                     partition(3, "ext4", "root"), partition(4, "swap", "sw")},
                                    disk);
    ASSERT_TRUE(found.guest);
    auto const &guest = *found.guest;
    ASSERT_EQ(guest.mountpoints.size(), 3U);
    EXPECT_EQ(guest.mountpoints[1].target, "/boot");
    EXPECT_EQ(guest.mountpoints[2].target, "/boot/efi");
    ASSERT_TRUE(guest.boot_loader) << guest.boot_loader.reason();
    EXPECT_EQ(guest.boot_loader->entries.at(0).kernel, "/boot/vmlinuz-6.1");
    EXPECT_THAT(guest.boot_loader->efi_files, ::testing::ElementsAre("/EFI/BOOT/BOOTX64.EFI"));
    ASSERT_EQ(guest.kernels.size(), 1U);
    EXPECT_TRUE(guest.kernels[0].is_default);
    EXPECT_EQ(guest.kernels[0].initramfs, "/boot/initrd.img-6.1");
    EXPECT_FALSE(guest.kernels[0].modules) << "one byte is no initramfs";
    EXPECT_TRUE(guest.gaps.empty());
    EXPECT_TRUE(found.problems.empty());
}

TEST(Mounts, ABootVolumeThatCannotBeOpenedMakesUnknownsNotAbsences)
{
    FakeMaker maker;
    make_root(maker.tree("/dev/sda2"), "UUID=root / ext4 defaults 0 1\nUUID=boot /boot ext4 defaults 0 2\n");
    maker.tree("/dev/sda2").directory("/boot");
    auto const found = inspect_with(maker, {partition(1, "ext4", "boot"), partition(2, "ext4", "root")});
    ASSERT_TRUE(found.guest);
    ASSERT_FALSE(found.guest->boot_loader);
    EXPECT_NE(found.guest->boot_loader.reason().find("/dev/sda1"), std::string::npos)
        << found.guest->boot_loader.reason();
    EXPECT_TRUE(found.guest->gaps.contains("kernels"));
    EXPECT_TRUE(found.guest->sshd) << "what lies elsewhere is known";
}

TEST(Mounts, AnEfiPartitionThatFstabLeavesOutIsReadAllTheSame)
{
    FakeMaker maker;
    make_root(maker.tree("/dev/sda2"), "UUID=root / ext4 defaults 0 1\n");
    maker.tree("/dev/sda1")
        .file("/EFI/systemd/systemd-bootx64.efi", "MZ")
        .file("/loader/entries/a.conf", "title A\nlinux /linux\n")
        .file("/linux", "k");
    maker.tree("/dev/sda2").directory("/efi");
    DiskFacts disk;
    disk.partitions.resize(1);
    disk.partitions[0].number = 1;
    disk.partitions[0].type = "ef";
    auto const found = inspect_with(maker, {partition(1, "vfat", "e"), partition(2, "ext4", "root")}, disk);
    ASSERT_TRUE(found.guest);
    EXPECT_EQ(found.guest->mountpoints.size(), 1U);
    ASSERT_TRUE(found.guest->boot_loader) << found.guest->boot_loader.reason();
    EXPECT_EQ(found.guest->boot_loader->kind, "systemd-boot");
    EXPECT_EQ(found.guest->boot_loader->entries.at(0).kernel, "/efi/linux");
}

TEST(FreeBsdGuest, OnUfsIsReadLikeAnyOther)
{
    FakeMaker maker;
    maker.tree("/dev/sda2")
        .file("/etc/os-release", "NAME=FreeBSD\nVERSION_ID=13.2\nID=freebsd\nPRETTY_NAME=\"FreeBSD 13.2-RELEASE\"\n")
        .file("/etc/passwd", "root:*:0:0:Charlie &:/root:/bin/sh\n")
        .file("/etc/master.passwd", "root:$6$x:0:0::0:0:Charlie &:/root:/bin/sh\n")
        .file("/etc/fstab", "/dev/gpt/part2\t/\tufs\trw\t1\t1\n")
        .file("/etc/rc.subr", "#\n")
        .file("/etc/rc.d/netif", "#\n")
        .file("/etc/rc.d/sshd", "#\n")
        .file("/etc/rc.conf", "hostname=\"bsd\"\nifconfig_vtnet0=\"DHCP\"\nsshd_enable=\"YES\"\npf_enable=\"YES\"\n"
                              "ntpd_enable=\"YES\"\n")
        .file("/usr/sbin/sshd", "x")
        .file("/bin/sh", "x")
        .file("/boot/kernel/kernel", "pci/virtio_pci virtio_pci/virtio_blk virtio_pci/vtnet");
    auto const found = inspect_with(maker, {partition(1, "", ""), partition(2, "ufs", "5f3c9f6a12345678")});
    ASSERT_TRUE(found.guest);
    auto const &guest = *found.guest;
    EXPECT_EQ(guest.os.id, "freebsd");
    EXPECT_EQ(guest.hostname, "bsd");
    EXPECT_EQ(guest.root_device, "/dev/sda2");
    EXPECT_EQ(guest.fstab->entries.at(0).resolved, "/dev/sda2");
    EXPECT_EQ(guest.network->interfaces.at(0).method, "dhcp");
    EXPECT_TRUE(guest.sshd->enabled);
    EXPECT_EQ(guest.accounts->accounts.at(0).password, "password");
    EXPECT_EQ(guest.firewalls->at(0).name, "pf");
    EXPECT_TRUE(guest.firewalls->at(0).enabled);
    EXPECT_EQ(guest.time->daemons.at(0).value, "ntp");
    EXPECT_EQ(guest.freebsd->drivers.at("virtio_blk"), "kernel");
    EXPECT_TRUE(guest.gaps.empty());
}

TEST(Windows, IsNamedAndEverythingElseIsUnknown)
{
    FakeMaker maker;
    maker.tree("/dev/sda1").file("/Windows/System32/config/SOFTWARE", "regf");
    auto const found = inspect_with(maker, {partition(1, "ntfs", "n")});
    ASSERT_TRUE(found.guest);
    EXPECT_EQ(found.guest->os.id, "windows");
    EXPECT_FALSE(found.guest->sshd);
}

TEST(WorthInspecting, ADiskWithoutFilesystemsIsNot)
{
    EXPECT_FALSE(worth_inspecting({}));
    EXPECT_FALSE(worth_inspecting({partition(1, "swap", "s"), partition(2, "vfat", "v"), partition(3, "", "")}));
    EXPECT_TRUE(worth_inspecting({partition(1, "xfs", "x")}));
    EXPECT_TRUE(worth_inspecting({partition(1, "LVM2_member", "x")}));
}
