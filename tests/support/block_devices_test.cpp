#include "support/block_devices.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/temp_dir.hpp"

using namespace imgport;
using imgport::testing::Folder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

constexpr std::string_view answer = "imgport-1 devices\n"
                                    "sda 8:0\n"
                                    "sda1 8:1\n"
                                    "sda2 8:2\n"
                                    "sdb 8:16\n"
                                    "sdb1 8:17\n"
                                    "dm-0 253:0\n"
                                    "dm-1 253:1\n"
                                    "md0 9:0\n"
                                    "sdc 8:32\n"
                                    "imgport-1 partitions\n"
                                    "/sys/block/sda/sda1/partition\n"
                                    "/sys/block/sda/sda2/partition\n"
                                    "/sys/block/sdb/sdb1/partition\n"
                                    "/sys/block/*/*/partition\n"
                                    "imgport-1 slaves\n"
                                    "/sys/class/block/dm-0/slaves/sda2\n"
                                    "/sys/class/block/dm-1/slaves/sda2\n"
                                    "/sys/class/block/md0/slaves/sdc\n"
                                    "imgport-1 mounts\n"
                                    "22 1 253:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw\n"
                                    "23 22 8:1 / /my\\040boot rw - ext4 /dev/sda1 rw\n"
                                    "24 22 0:45 / /data rw - btrfs /dev/sdb1 rw\n"
                                    "25 22 0:20 / /proc rw - proc proc rw\n"
                                    "imgport-1 swaps\n"
                                    "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n"
                                    "/dev/dm-1 partition 1000 0 -2\n"
                                    "/swap.img file 1000 0 -3\n";

}  // namespace

TEST(BlockDevices, ADiskIsInUseByWhatIsOnItAndWhatIsMadeOfIt)
{
    auto const devices = parse_block_devices(answer, "imgport-1 ");
    auto const use = use_of(devices, "sda");
    EXPECT_THAT(use.uses, ElementsAre("/dev/mapper/vg-root is mounted on /", "/dev/sda1 is mounted on /my boot",
                                      "/dev/dm-1 is used for swapping"));
    EXPECT_EQ(use.disk, "");
}

TEST(BlockDevices, BtrfsIsKnownByItsSource)
{
    auto const devices = parse_block_devices(answer, "imgport-1 ");
    EXPECT_THAT(use_of(devices, "sdb").uses, ElementsAre("/dev/sdb1 is mounted on /data"));
}

TEST(BlockDevices, APartitionSaysWhichDiskItIsOn)
{
    auto const devices = parse_block_devices(answer, "imgport-1 ");
    auto const use = use_of(devices, "sda1");
    EXPECT_EQ(use.disk, "sda");
    EXPECT_THAT(use.uses, ElementsAre("/dev/sda1 is mounted on /my boot"));
}

TEST(BlockDevices, OneThatRestsHasNoUse)
{
    auto const devices = parse_block_devices(answer, "imgport-1 ");
    EXPECT_THAT(use_of(devices, "sdc").uses, IsEmpty());
    EXPECT_THAT(use_of(devices, "unheard-of").uses, IsEmpty());
}

TEST(BlockDevices, ManyUsesAreCutShort)
{
    DeviceUse const use{"", {"a", "b", "c", "d", "e"}};
    EXPECT_EQ(use.text(), "a; b; c; and 2 more");
}

TEST(BlockDevices, GarbageIsNoDevice)
{
    auto const devices = parse_block_devices("x\nimgport-1 devices\nsda\n\nsda 8:0 more\n\xff\xff 1\n"
                                             "imgport-1 partitions\n/\nimgport-1 slaves\n\nimgport-1 mounts\n- -\n",
                                             "imgport-1 ");
    EXPECT_THAT(use_of(devices, "sda").uses, IsEmpty());
}

TEST(BlockDevices, ThisMachinesAreReadFromItsTree)
{
    Folder const folder;
    namespace fs = std::filesystem;
    fs::path const root = folder / "";
    fs::create_directories(root / "sys/class/block");
    fs::create_directories(root / "sys/devices/pci/block/vda/vda1");
    fs::create_directories(root / "sys/devices/virtual/block/dm-0/slaves/vda1");
    fs::create_directories(root / "proc/self");
    fs::create_directory_symlink("../../devices/pci/block/vda", root / "sys/class/block/vda");
    fs::create_directory_symlink("../../devices/pci/block/vda/vda1", root / "sys/class/block/vda1");
    fs::create_directory_symlink("../../devices/virtual/block/dm-0", root / "sys/class/block/dm-0");
    folder.write("sys/devices/pci/block/vda/dev", "254:0\n");
    folder.write("sys/devices/pci/block/vda/vda1/dev", "254:1\n");
    folder.write("sys/devices/pci/block/vda/vda1/partition", "1\n");
    folder.write("sys/devices/virtual/block/dm-0/dev", "253:0\n");
    folder.write("proc/self/mountinfo", "22 1 253:0 / /srv rw - xfs /dev/mapper/x rw\n");
    auto const devices = local_block_devices(root.parent_path().string());
    EXPECT_THAT(use_of(devices, "vda").uses, ElementsAre("/dev/mapper/x is mounted on /srv"));
    EXPECT_EQ(use_of(devices, "vda1").disk, "vda");
}
