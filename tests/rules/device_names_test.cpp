#include "rules/device_names.hpp"

#include <gtest/gtest.h>

using namespace imgport;

TEST(DeviceName, IsOneOfFiveKinds)
{
    struct {
        const char *text;
        DeviceNaming naming;
        const char *kind;
        const char *value;
    } const cases[] = {
        {"UUID=ab-12", DeviceNaming::tag, "UUID", "ab-12"},
        {"uuid=ab", DeviceNaming::tag, "UUID", "ab"},
        {"LABEL=\"my root\"", DeviceNaming::tag, "LABEL", "my root"},
        {"LABEL=my\\040root", DeviceNaming::tag, "LABEL", "my root"},
        {"\"PARTUUID=x\"", DeviceNaming::tag, "PARTUUID", "x"},
        {"/dev/disk/by-label/my\\x20root", DeviceNaming::tag, "LABEL", "my root"},
        {"/dev/disk/by-partlabel/root", DeviceNaming::tag, "PARTLABEL", "root"},
        {"/dev/disk/by-uuid/ab", DeviceNaming::tag, "UUID", "ab"},
        {"LABEL=bad\\x", DeviceNaming::tag, "LABEL", "bad\\x"},
        {"/dev/sda1", DeviceNaming::unstable, "", "/dev/sda1"},
        {"/dev/sdaa", DeviceNaming::unstable, "", "/dev/sdaa"},
        {"/dev/hda2", DeviceNaming::unstable, "", "/dev/hda2"},
        {"/dev/xvdf1", DeviceNaming::unstable, "", "/dev/xvdf1"},
        {"/dev/vda", DeviceNaming::unstable, "", "/dev/vda"},
        {"/dev/nvme0n1p1", DeviceNaming::unstable, "", "/dev/nvme0n1p1"},
        {"/dev/mmcblk0p2", DeviceNaming::unstable, "", "/dev/mmcblk0p2"},
        {"/dev/cciss/c0d0p1", DeviceNaming::unstable, "", "/dev/cciss/c0d0p1"},
        {"/dev/disk/by-path/pci-1", DeviceNaming::unstable, "", "/dev/disk/by-path/pci-1"},
        {"/dev/disk/by-id/wwn-1", DeviceNaming::unstable, "", "/dev/disk/by-id/wwn-1"},
        {"/dev/ada0p2", DeviceNaming::unstable, "", "/dev/ada0p2"},
        {"/dev/mapper/vg-root", DeviceNaming::mapper, "", "/dev/mapper/vg-root"},
        {"/dev/vg/root", DeviceNaming::mapper, "", "/dev/vg/root"},
        {"/dev/sdx/y", DeviceNaming::mapper, "", "/dev/sdx/y"},
        {"/dev/sr0", DeviceNaming::removable, "", "/dev/sr0"},
        {"/dev/fd0", DeviceNaming::removable, "", "/dev/fd0"},
        {"/dev/cdrom", DeviceNaming::removable, "", "/dev/cdrom"},
        {"/dev/md0", DeviceNaming::other, "", "/dev/md0"},
        {"/dev/gpt/rootfs", DeviceNaming::other, "", "/dev/gpt/rootfs"},
        {"/dev/a/b/c", DeviceNaming::other, "", "/dev/a/b/c"},
        {"proc", DeviceNaming::other, "", "proc"},
        {"nas:/export=1", DeviceNaming::other, "", "nas:/export=1"},
        {"/swapfile", DeviceNaming::other, "", "/swapfile"},
        {"", DeviceNaming::other, "", ""},
        {"/dev/", DeviceNaming::other, "", "/dev/"},
    };
    for (auto const &tested : cases) {
        DeviceName const name = parse_device_name(tested.text);
        EXPECT_EQ(name.naming, tested.naming) << tested.text;
        EXPECT_EQ(name.kind, tested.kind) << tested.text;
        EXPECT_EQ(name.value, tested.value) << tested.text;
    }
}

TEST(DeviceName, LeadsToItsVolume)
{
    Inspection inspection;
    inspection.volumes.resize(2);
    inspection.volumes[0].device = "/dev/my-vg/root-lv";
    inspection.volumes[0].kind = "lvm";
    inspection.volumes[0].filesystem.uuid = "AB-12";
    inspection.volumes[1].device = "/dev/sda2";
    inspection.volumes[1].kind = "partition";
    inspection.volumes[1].partition_uuid = "dead-02";
    auto const find = [&](const char *text) {
        const VolumeFacts *volume = find_volume(inspection, parse_device_name(text));
        return volume != nullptr ? volume->device : std::string();
    };
    EXPECT_EQ(find("UUID=ab-12"), "/dev/my-vg/root-lv") << "case does not matter";
    EXPECT_EQ(find("/dev/mapper/my--vg-root--lv"), "/dev/my-vg/root-lv");
    EXPECT_EQ(find("/dev/my-vg/root-lv"), "/dev/my-vg/root-lv");
    EXPECT_EQ(find("/dev/mapper/my-vg-root-lv"), "");
    EXPECT_EQ(find("PARTUUID=DEAD-02/PARTNROFF=1"), "/dev/sda2");
    EXPECT_EQ(find("LABEL="), "") << "an empty label is no label";
    EXPECT_EQ(find("/dev/sda2"), "") << "a device name means another disk elsewhere";
}
