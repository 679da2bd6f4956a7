// The boot sectors of real packages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/disks.hpp"
#include "testing/tools.hpp"
#include "volume/boot_sector.hpp"
#include "volume/volumes.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

const std::string grub_files = "/usr/lib/grub/i386-pc/";

std::string file_text(const std::string &path)
{
    auto const text = read_text_file(path, 1 << 20);
    return text ? *text : "";
}

std::vector<std::string> loaders_of(std::string sector)
{
    sector.resize(512);
    return boot_sector_loaders(bytes_of(sector));
}

}  // namespace

TEST(BootSector, GrubAndItsCoreInTheGap)
{
    if (file_text(grub_files + "boot.img").empty())
        GTEST_SKIP() << "grub-pc-bin is not installed";
    MemoryDisk disk(1 << 20);
    disk.put(0, file_text(grub_files + "boot.img"));
    auto facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_TRUE(facts->boot_code);
    EXPECT_THAT(facts->boot_sector_loaders, ElementsAre("grub2"));
    EXPECT_EQ(facts->grub_core_found, false);

    disk.put(512, file_text(grub_files + "diskboot.img"));
    facts = describe_disk(disk);
    EXPECT_EQ(facts->grub_core_found, true) << "boot.img looks in sector 1 until grub-install says otherwise";

    disk.put_le<std::uint64_t>(0x5c, 100);
    EXPECT_EQ(describe_disk(disk)->grub_core_found, false);
    disk.put(100 * 512, file_text(grub_files + "diskboot.img"));
    EXPECT_EQ(describe_disk(disk)->grub_core_found, true);
}

TEST(BootSector, GrubCoreThatLiesOutsideTheDisk)
{
    if (file_text(grub_files + "boot.img").empty())
        GTEST_SKIP() << "grub-pc-bin is not installed";
    MemoryDisk disk(1 << 20);
    disk.put(0, file_text(grub_files + "boot.img"));
    for (std::uint64_t const sector : {std::uint64_t{0}, std::uint64_t{2048}, ~std::uint64_t{0}}) {
        disk.put_le<std::uint64_t>(0x5c, sector);
        EXPECT_EQ(describe_disk(disk)->grub_core_found, false);
    }
}

TEST(BootSector, Syslinux)
{
    auto const mbr = file_text("/usr/lib/EXTLINUX/mbr.bin");
    auto const gptmbr = file_text("/usr/lib/EXTLINUX/gptmbr.bin");
    if (mbr.empty() || gptmbr.empty())
        GTEST_SKIP() << "extlinux is not installed";
    EXPECT_THAT(loaders_of(mbr), ElementsAre("syslinux"));
    EXPECT_THAT(loaders_of(gptmbr), ElementsAre("syslinux"));
}

TEST(BootSector, OthersByTheirOwnWords)
{
    using namespace std::string_literals;
    std::string windows(512, '\x90');
    windows.replace(0x163, 24, "Invalid partition table\0"s);
    windows.replace(0x17b, 31, "Error loading operating system\0"s);
    windows.replace(0x19a, 25, "Missing operating system\0"s);
    EXPECT_THAT(loaders_of(windows), ElementsAre("generic")) << "the messages alone";
    windows.replace(0x1b5, 3, "\x63\x7b\x9a");
    EXPECT_THAT(loaders_of(windows), ElementsAre("windows"));

    std::string legacy(512, '\0');
    legacy.replace(0x3e, 2, "\x03\x02");
    legacy.replace(0x180, 34, "GRUB \0Geom\0Hard Disk\0Read\0 Error\0"s);
    EXPECT_THAT(loaders_of(legacy), ElementsAre("grub-legacy"));

    std::string lilo(512, '\0');
    lilo.replace(6, 4, "LILO");
    EXPECT_THAT(loaders_of(lilo), ElementsAre("lilo"));
    EXPECT_THAT(loaders_of("..isolinux.bin missing or corrupt.\r\n"), ElementsAre("isolinux"));
    EXPECT_THAT(loaders_of(std::string(512, '\x90')), IsEmpty());
    EXPECT_THAT(loaders_of(""), IsEmpty());
}
