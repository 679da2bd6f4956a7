#include "format/boot_sector.hpp"
#include "format/container.hpp"
#include "format/image_builder.hpp"

using namespace imgport;
using namespace imgport::testing;
using namespace std::string_view_literals;
using ::testing::HasSubstr;

namespace {

constexpr std::size_t mib = 1 << 20;

ImageBuilder mbr_disk(std::uint32_t first = 2048, std::uint32_t sectors = 2048, std::uint8_t type = 0x83)
{
    ImageBuilder image(2 * mib);
    image.byte(510, 0x55).byte(511, 0xaa).byte(450, type);
    return image.le<std::uint32_t>(454, first).le<std::uint32_t>(458, sectors);
}

// 4096 sectors: header and entries in front, the backup in the last one.
ImageBuilder gpt_disk(std::size_t block = 512)
{
    auto image = mbr_disk(1, 0xffffffff, 0xee);
    std::uint64_t const last = 2 * mib / block - 1;
    image.text(block, "EFI PART").le<std::uint64_t>(block + 32, last).le<std::uint64_t>(block + 48, last - 33);
    image.le<std::uint64_t>(block + 72, 2).le<std::uint32_t>(block + 80, 128).le<std::uint32_t>(block + 84, 128);
    image.byte(2 * block, 1).le<std::uint64_t>(2 * block + 32, 34).le<std::uint64_t>(2 * block + 40, last - 33);
    return image;
}

ImageBuilder fat_floppy()
{
    ImageBuilder image(64 * 1024);
    image.byte(0, 0xeb).byte(1, 0x3c).byte(2, 0x90).le<std::uint16_t>(11, 512).byte(13, 1).le<std::uint16_t>(14, 1);
    image.byte(16, 2).le<std::uint16_t>(17, 224).le<std::uint16_t>(19, 2880).byte(21, 0xf0).le<std::uint16_t>(22, 9);
    return image.byte(510, 0x55).byte(511, 0xaa);
}

ImageBuilder ext_image(std::uint32_t compatible, std::uint32_t incompatible, std::uint32_t read_only)
{
    ImageBuilder image(64 * 1024);
    image.le<std::uint16_t>(1024 + 0x38, 0xef53).le<std::uint32_t>(1024 + 0x5c, compatible);
    return image.le<std::uint32_t>(1024 + 0x60, incompatible).le<std::uint32_t>(1024 + 0x64, read_only);
}

std::string content(const ImageBuilder &image)
{
    return content_of(image.bytes());
}

}  // namespace

TEST(Content, IsKnownByItsMagic)
{
    struct Case {
        std::size_t offset;
        std::string_view magic;
        const char *name;
    };
    for (auto const &[offset, magic, name] : {
             Case{0, "XFSB"sv, "xfs"},
             Case{0, "LUKS\xba\xbe"sv, "crypto_LUKS"},
             Case{0x10040, "_BHRfS_M"sv, "btrfs"},
             Case{3, "-FVE-FS-"sv, "BitLocker"},
             Case{3, "NTFS    "sv, "ntfs"},
             Case{3, "EXFAT   "sv, "exfat"},
             Case{4086, "SWAPSPACE2"sv, "swap"},
             Case{65526, "SWAPSPACE2"sv, "swap"},
             Case{0x1000, "\xfc\x4e\x2b\xa9\1\0\0\0"sv, "linux_raid_member"},
             Case{0x400, "\x10\x20\xf5\xf2"sv, "f2fs"},
             Case{0x400, "\xe2\xe1\xf5\xe0"sv, "erofs"},
             Case{0x20, "NXSB"sv, "apfs"},
             Case{0x8001, "CD001"sv, "iso9660"},
             Case{0x8801, "NSR02"sv, "udf"},
             Case{0x20000, "\x0c\xb1\xba\0\0\0\0\0"sv, "zfs_member"},
             Case{512, "EFI PART"sv, "gpt"},
             Case{4096, "EFI PART"sv, "gpt"},
         })
        EXPECT_EQ(content(ImageBuilder(256 * 1024).text(offset, magic)), name);
    EXPECT_EQ(content(ImageBuilder(2048).text(512, "LABELONE").text(536, "LVM2 001")), "LVM2_member");
    EXPECT_EQ(content(ImageBuilder(96).text(0, "hsqs").le<std::uint16_t>(28, 4)), "squashfs");
    EXPECT_EQ(content(ImageBuilder(96).text(0, "hsqs").le<std::uint16_t>(28, 3)), "squashfs3");
}

TEST(Content, ExtIsToldApartByItsFeatures)
{
    EXPECT_EQ(content(ext_image(0, 0x2, 0x1)), "ext2");
    EXPECT_EQ(content(ext_image(0x4, 0x2 | 0x4, 0x1)), "ext3");
    EXPECT_EQ(content(ext_image(0x4, 0x2 | 0x40, 0x1)), "ext4");
    EXPECT_EQ(content(ext_image(0, 0x2, 0x400)), "ext4");
    EXPECT_EQ(content(ext_image(0, 0x8, 0)), "jbd");
}

TEST(Content, ABootSectorIsNoPartitionTable)
{
    EXPECT_EQ(content(mbr_disk()), "mbr");
    EXPECT_EQ(content(fat_floppy()), "vfat");
    // Boot code where the table would be.
    EXPECT_EQ(content(fat_floppy().byte(446, 0x80).byte(450, 6).le<std::uint32_t>(458, 7)), "vfat");
    EXPECT_EQ(content(mbr_disk().byte(446, 0x7f)), "") << "a boot flag that is none";
}

TEST(Content, ABootLoaderThatLooksLikeAJumpIsNoFat)
{
    EXPECT_EQ(content(mbr_disk().byte(0, 0xeb).byte(1, 0x63).byte(2, 0x90)), "mbr");
}

TEST(Content, OfNothingIsNothing)
{
    EXPECT_EQ(content(ImageBuilder(0)), "");
    EXPECT_EQ(content(ImageBuilder(1)), "");
    EXPECT_EQ(content(ImageBuilder(mib)), "");
}

TEST(Content, AnEmptyTableIsATableStill)
{
    EXPECT_EQ(content(ImageBuilder(4096).byte(510, 0x55).byte(511, 0xaa)), "mbr");
}

TEST(Content, APieceOfAnySizeIsSafeToAskAbout)
{
    ImageBuilder image = gpt_disk().text(0x10040, "_BHRfS_M").text(1024 + 0x38, "\x53\xef");
    for (std::size_t length = 0; length < 70'000; length += 61) {
        std::string const name = content(ImageBuilder(image).size(length));
        EXPECT_TRUE(name.empty() || name == "gpt" || name == "mbr") << length << ": " << name;
    }
}

TEST(Raw, ASoundDiskIsClean)
{
    auto const facts = facts_of(raw_reader, mbr_disk());
    expect_clean(facts);
    EXPECT_EQ(facts.virtual_size, 2 * mib);
    EXPECT_EQ(facts.details.content, "mbr");
    expect_clean(facts_of(raw_reader, gpt_disk()));
    EXPECT_EQ(facts_of(raw_reader, gpt_disk()).details.content, "gpt");
    expect_clean(facts_of(raw_reader, gpt_disk(4096)));
    EXPECT_FALSE(facts_of(raw_reader, ImageBuilder(mib)).details.content);
}

TEST(Raw, ALengthThatIsNoWholeSector)
{
    EXPECT_EQ(hazards_of(facts_of(raw_reader, ImageBuilder(5000))), "truncated warn");
}

TEST(Raw, LessThanASectorIsNoDisk)
{
    EXPECT_THAT(error_of(facts_of(raw_reader, ImageBuilder(0).text(0, "not a disk"))),
                HasSubstr("10 bytes are no disk"));
    EXPECT_THAT(error_of(facts_of(raw_reader, ImageBuilder(0))), HasSubstr("0 bytes are no disk"));
}

TEST(Raw, AnMbrPartitionPastTheEnd)
{
    auto const facts = facts_of(raw_reader, mbr_disk(2048, 2049));
    EXPECT_EQ(hazards_of(facts), "truncated warn");
    EXPECT_THAT(message_of(facts, "truncated"), HasSubstr("partition 1"));
    EXPECT_EQ(hazards_of(facts_of(raw_reader, mbr_disk(0xffffffff, 0xffffffff))), "truncated warn");
}

TEST(Raw, AGptDiskCutShort)
{
    EXPECT_EQ(hazards_of(facts_of(raw_reader, gpt_disk().size(2 * mib - 512))), "truncated warn");
    EXPECT_EQ(hazards_of(facts_of(raw_reader, gpt_disk().size(mib))), "truncated warn");
    EXPECT_EQ(hazards_of(facts_of(raw_reader, gpt_disk().le<std::uint64_t>(1024 + 40, 4096))), "truncated warn");
}

TEST(Raw, AGptTableOfAbsurdSizeIsNotRead)
{
    expect_clean(facts_of(raw_reader, gpt_disk().le<std::uint32_t>(512 + 80, 0xffffffff)));
    expect_clean(facts_of(raw_reader, gpt_disk().le<std::uint64_t>(512 + 72, ~std::uint64_t{0})));
}

TEST(Raw, AnEncryptedDiskIsNoted)
{
    EXPECT_EQ(hazards_of(facts_of(raw_reader, ImageBuilder(mib).text(0, "LUKS\xba\xbe"))), "encrypted-content note");
}

TEST(Raw, ARaidMemberIsKnownByItsEnd)
{
    auto const old = ImageBuilder(mib).le<std::uint32_t>(mib - 65536, 0xa92b4efc);
    EXPECT_EQ(facts_of(raw_reader, old).details.content, "linux_raid_member");
    auto const newer = ImageBuilder(mib).le<std::uint32_t>(mib - 8192, 0xa92b4efc).le<std::uint32_t>(mib - 8188, 1);
    EXPECT_EQ(facts_of(raw_reader, newer).details.content, "linux_raid_member");
}

TEST(Raw, ContainersOfOtherProgramsAreNoDisks)
{
    for (auto const &[magic, variant] :
         {std::pair{"Bochs Virtual HD Image"sv, "bochs"},
          std::pair{"#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0"sv, "cloop"}, std::pair{"MSWIM\0\0\0"sv, "wim"}}) {
        auto const facts = facts_of(raw_reader, ImageBuilder(mib).text(0, magic));
        EXPECT_EQ(facts.format, Format::unknown);
        EXPECT_EQ(facts.variant, variant);
        EXPECT_EQ(hazards_of(facts), "unsupported refuse");
    }
}

TEST(Raw, AStreamOfUnknownLengthHasNoSize)
{
    auto stream = MemoryContainer::stream(mbr_disk(2048, 0xffffff).bytes());
    auto const facts = facts_of(raw_reader, stream);
    expect_clean(facts);
    EXPECT_FALSE(facts.virtual_size);
    EXPECT_EQ(facts.details.content, "mbr");
}

TEST(Raw, AnyByteOfTheTablesMayBeWrong)
{
    expect_an_answer_for_any_byte(raw_reader, gpt_disk().size(8192), 1200);
}
