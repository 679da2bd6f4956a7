#include "guest/fstab.hpp"

#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/device_spec.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

const std::vector<VolumeFacts> &volumes()
{
    static const std::vector<VolumeFacts> all{
        partition(1, "vfat", "1234-ABCD", "EFI"),
        partition(2, "ext4", "0f5a8fb1-3d5f-4a36-8a1f-3f6a5b4d2c11", "boot disk"),
        partition(5, "swap", "99999999-0000-0000-0000-000000000000"),
        logical_volume("/dev/vg0/root", "xfs", "aaaabbbb-0000-0000-0000-000000000000"),
        logical_volume("/dev/my-vg/lv-1", "ext4", "ccccdddd-0000-0000-0000-000000000000"),
    };
    return all;
}

std::string resolved(std::string_view spec)
{
    auto const *volume = resolve_device(spec, volumes());
    return volume == nullptr ? "" : volume->device;
}

}  // namespace

TEST(DeviceSpec, MeansTheVolumeOfTheImage)
{
    struct Case {
        const char *spec;
        const char *device;
    };
    constexpr Case cases[] = {
        {"UUID=0f5a8fb1-3d5f-4a36-8a1f-3f6a5b4d2c11", "/dev/sda2"},
        {"UUID=\"0F5A8FB1-3D5F-4A36-8A1F-3F6A5B4D2C11\"", "/dev/sda2"},
        {"UUID=1234-abcd", "/dev/sda1"},
        {"/dev/disk/by-uuid/1234-ABCD", "/dev/sda1"},
        {"LABEL=EFI", "/dev/sda1"},
        {"LABEL=efi", ""},
        {"/dev/disk/by-label/boot\\x20disk", "/dev/sda2"},
        {"PARTUUID=AAAAAAAA-02", "/dev/sda2"},
        {"PARTLABEL=part5", "/dev/sda5"},
        {"/dev/sda2", "/dev/sda2"},
        {"/dev/vda2", "/dev/sda2"},
        {"/dev/xvda5", "/dev/sda5"},
        {"/dev/hda1", "/dev/sda1"},
        {"/dev/nvme0n1p2", "/dev/sda2"},
        {"/dev/sdb2", ""},
        {"/dev/nvme1n1p2", ""},
        {"/dev/sda3", ""},
        {"/dev/sda", ""},
        {"/dev/sda99999999999999999999", ""},
        {"/dev/mapper/vg0-root", "/dev/vg0/root"},
        {"/dev/vg0/root", "/dev/vg0/root"},
        {"/dev/mapper/my--vg-lv--1", "/dev/my-vg/lv-1"},
        {"/dev/mapper/my-vg-lv-1", ""},
        {"UUID=", ""},
        {"LABEL=", ""},
        {"nfs.example.com:/srv", ""},
        {"tmpfs", ""},
    };
    for (auto const &[spec, device] : cases)
        EXPECT_EQ(resolved(spec), device) << spec;
}

TEST(DeviceSpec, FreeBsdsNames)
{
    std::vector<VolumeFacts> gpt{
        partition(1, "vfat", "1234-ABCD", "rootfs"),
        partition(2, "ufs", "6b03838d6b8b4567", "rootfs"),
        partition(3, "swap", ""),
        partition(4, "ufs", "00000000000000aa", "my data%"),
        partition(5, "ufs", ""),
    };
    gpt[2].partition_label = "swap fs";
    // A slice with a BSD disklabel in it, as list_volumes() tells it, and one that is a filesystem.
    std::vector<VolumeFacts> mbr{partition(2, "ufs", "bbbbbbbbbbbbbbbb"), partition(5, "ufs", "cccccccccccccccc"),
                                 partition(6, "", "")};
    mbr[0].partition_label.clear();
    mbr[1].partition_label = "s1a";
    mbr[2].partition_label = "s1b";
    struct Case {
        const std::vector<VolumeFacts> &volumes;
        const char *spec;
        const char *device;
    };
    Case const cases[] = {
        {gpt, "/dev/ada0p2", "/dev/sda2"},
        {gpt, "/dev/vtbd0p4", "/dev/sda4"},
        {gpt, "/dev/nda0p2", "/dev/sda2"},
        {gpt, "/dev/ada1p2", ""},
        {gpt, "/dev/ada0p9", ""},
        {gpt, "/dev/ada0p", ""},
        {gpt, "/dev/ada0x2", ""},
        {gpt, "/dev/ada0", ""},
        {gpt, "/dev/ufs/rootfs", "/dev/sda2"},
        {gpt, "/dev/msdosfs/rootfs", "/dev/sda1"},
        {gpt, "/dev/ufs/my%20data%25", "/dev/sda4"},
        {gpt, "/dev/ufs/my%20data%", "/dev/sda4"},
        {gpt, "/dev/ufs/", ""},
        {gpt, "/dev/ufsid/6b03838d6b8b4567", "/dev/sda2"},
        {gpt, "/dev/ufsid/1234-ABCD", ""},
        {gpt, "/dev/ufsid/", ""},
        {gpt, "/dev/gpt/swap%20fs", "/dev/sda3"},
        {gpt, "/dev/gptid/AAAAAAAA-02", "/dev/sda2"},
        {mbr, "/dev/da0s1a", "/dev/sda5"},
        {mbr, "/dev/ada0s1b", "/dev/sda6"},
        {mbr, "/dev/da0s1d", ""},
        {mbr, "/dev/da0s1", ""},
        {mbr, "/dev/da0s2", "/dev/sda2"},
        {mbr, "/dev/da0s2a", "/dev/sda2"},
    };
    for (auto const &one : cases) {
        auto const *volume = resolve_device(one.spec, one.volumes);
        EXPECT_EQ(volume == nullptr ? "" : volume->device, one.device) << one.spec;
    }
}

TEST(Fstab, FieldsOptionsAndEscapes)
{
    Guest guest;
    guest.file("/etc/fstab", "# comment\n"
                             "UUID=1234-ABCD\t/boot/efi  vfat umask=0077,noatime 0 2\n"
                             "\n"
                             "/dev/sda2 /mnt/with\\040blank/ ext4 defaults\n"
                             "LABEL=boot\\040disk /b ext4 ro 0 1 # trailing\n"
                             "too short\n"
                             "/dev/sda5 none swap sw 0 0\n");
    auto const fstab = read_fstab(guest.tree, volumes());
    ASSERT_TRUE(fstab) << fstab.reason();
    EXPECT_TRUE(fstab->present);
    ASSERT_EQ(fstab->entries.size(), 4U);
    EXPECT_EQ(fstab->entries[0].target, "/boot/efi");
    EXPECT_EQ(fstab->entries[0].options, (std::vector<std::string>{"umask=0077", "noatime"}));
    EXPECT_EQ(fstab->entries[0].pass, 2U);
    EXPECT_EQ(fstab->entries[0].line, 2U);
    EXPECT_EQ(fstab->entries[0].resolved, "/dev/sda1");
    EXPECT_EQ(fstab->entries[1].target, "/mnt/with blank");
    EXPECT_EQ(fstab->entries[1].pass, 0U);
    EXPECT_EQ(fstab->entries[2].device, "LABEL=boot disk");
    EXPECT_EQ(fstab->entries[2].resolved, "/dev/sda2");
    EXPECT_EQ(fstab->entries[3].target, "none");
    EXPECT_EQ(mount_option(fstab->entries[0], "umask"), "0077");
    EXPECT_EQ(mount_option(fstab->entries[0], "noatime"), "");
}

TEST(Fstab, AbsentIsAFactAndGarbageIsUnknown)
{
    Guest absent;
    ASSERT_TRUE(read_fstab(absent.tree, volumes()));
    EXPECT_FALSE(read_fstab(absent.tree, volumes())->present);
    Guest zeroes;
    zeroes.file("/etc/fstab", std::string(1024, '\0'));
    auto const unknown = read_fstab(zeroes.tree, volumes());
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.reason(), "/etc/fstab: not a text file: a NUL byte at offset 0");
    Guest noise;
    noise.file("/etc/fstab", "\x8f\x92\x11\nxx\n");
    EXPECT_FALSE(read_fstab(noise.tree, volumes()));
    Guest many;
    std::string lines;
    for (int i = 0; i < 2000; ++i)
        lines += "/dev/sda2 /m" + std::to_string(i) + " ext4 defaults\n";
    many.file("/etc/fstab", lines);
    EXPECT_FALSE(read_fstab(many.tree, volumes()));
    Guest line;
    line.file("/etc/fstab", std::string(1 << 20, 'x'));
    EXPECT_FALSE(read_fstab(line.tree, volumes()));
}

TEST(Crypttab, OneLinePerMapping)
{
    Guest guest;
    guest.file("/etc/crypttab", "# <target> <source>\nsda3_crypt UUID=abc none luks\n");
    auto const mappings = read_crypttab(guest.tree);
    ASSERT_TRUE(mappings);
    ASSERT_EQ(mappings->size(), 1U);
    EXPECT_EQ((*mappings)[0].line, 2U);
    EXPECT_EQ((*mappings)[0].value, "sda3_crypt UUID=abc none luks");
}
