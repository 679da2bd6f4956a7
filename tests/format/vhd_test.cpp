#include "format/vhd_structure.hpp"

#include <gtest/gtest.h>

#include "format/image_builder.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::uint64_t disk_size = 4 << 20;
constexpr std::uint32_t block_size = 2 << 20;

// The checksum over `length` bytes at `start`, put where it belongs.
void seal(ImageBuilder &image, std::size_t start, std::size_t length, std::size_t checksum)
{
    image.be<std::uint32_t>(start + checksum, vhd_checksum(image.part(start, length), checksum));
}

ImageBuilder footer(std::uint32_t type, std::string_view creator = "win ")
{
    ImageBuilder image(512);
    image.text(0, "conectix").be<std::uint32_t>(8, 2).be<std::uint32_t>(12, 0x00010000);
    image.be<std::uint64_t>(16, type == 2 ? ~std::uint64_t{0} : 512).text(28, creator);
    image.be<std::uint64_t>(40, disk_size).be<std::uint64_t>(48, disk_size);
    image.be<std::uint16_t>(56, 120).byte(58, 4).byte(59, 17).be<std::uint32_t>(60, type);  // 4177920 bytes
    seal(image, 0, 512, 64);
    return image;
}

// Footer copy, dynamic header, a table of two blocks of which the first is there, the block, the footer.
ImageBuilder dynamic_image(std::uint32_t type = 3)
{
    ImageBuilder image = footer(type);
    image.size(1536);
    image.text(512, "cxsparse").be<std::uint64_t>(520, ~std::uint64_t{0}).be<std::uint64_t>(528, 1536);
    image.be<std::uint32_t>(536, 0x00010000).be<std::uint32_t>(540, 2).be<std::uint32_t>(544, block_size);
    seal(image, 512, 1024, 36);
    image.be<std::uint32_t>(1536, 4).be<std::uint32_t>(1540, 0xffffffff);
    image.size(4 * 512 + 512 + block_size);
    image.append(footer(type).bytes());
    return image;
}

std::size_t end_of(const ImageBuilder &image)
{
    return image.bytes().size() - 512;
}

ImageBuilder fixed_image(std::string_view creator = "win ")
{
    return ImageBuilder(disk_size).append(footer(2, creator).bytes());
}

ImageBuilder with_header_field(std::size_t offset, std::uint32_t value)
{
    auto image = dynamic_image().be<std::uint32_t>(512 + offset, value);
    seal(image, 512, 1024, 36);
    return image;
}

std::string error_for(const ImageBuilder &image)
{
    return error_of(facts_of(vhd_reader, image));
}

}  // namespace

TEST(Vhd, ASoundDynamicDiskIsClean)
{
    auto const facts = facts_of(vhd_reader, dynamic_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "dynamic");
    EXPECT_EQ(facts.virtual_size, disk_size);
    EXPECT_EQ(facts.details.vhd->block_size, block_size);
    EXPECT_EQ(facts.details.vhd->table_entries, 2U);
    EXPECT_TRUE(facts.details.vhd->footer_checksum_valid);
    EXPECT_EQ(facts.details.vhd->header_checksum_valid, true);
}

TEST(Vhd, AFixedDiskIsKnownByItsFooterAlone)
{
    auto const facts = facts_of(vhd_reader, fixed_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "fixed");
    EXPECT_EQ(facts.virtual_size, disk_size);
}

TEST(Vhd, AFooterOf511BytesIsAnOldOne)
{
    auto image = fixed_image();
    image.size(image.bytes().size() - 1);
    auto const facts = facts_of(vhd_reader, image);
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "fixed");
}

TEST(Vhd, TheContentOfAFixedDiskIsSaid)
{
    EXPECT_EQ(facts_of(vhd_reader, fixed_image().text(0, "XFSB")).details.content, "xfs");
}

TEST(Vhd, ARawDiskThatEndsInTheCookieIsNoVhd)
{
    EXPECT_FALSE(is_recognised(vhd_reader, ImageBuilder(8192).text(8192 - 512, "conectix")));
}

TEST(Vhd, AFooterWithAWrongChecksumIsMalformed)
{
    auto image = fixed_image();
    image.byte(end_of(image) + 200, 1);
    EXPECT_EQ(error_for(image), "malformed: offset 4194368, checksum: the checksum of the footer is wrong");
}

TEST(Vhd, AFixedDiskCutShort)
{
    EXPECT_THAT(error_for(ImageBuilder(disk_size - 4096).append(footer(2).bytes())), HasSubstr("cut short"));
}

TEST(Vhd, AFixedDiskWithBytesBeforeTheFooter)
{
    auto const facts = facts_of(vhd_reader, ImageBuilder(disk_size + 4096).append(footer(2).bytes()));
    EXPECT_EQ(hazards_of(facts), "trailing-data note");
}

TEST(Vhd, GeometryCountsForVirtualPc)
{
    auto const facts = facts_of(vhd_reader, fixed_image("vpc "));
    EXPECT_EQ(facts.virtual_size, 120U * 4 * 17 * 512);
    EXPECT_EQ(facts.details.vhd->current_size, disk_size);
    EXPECT_EQ(hazards_of(facts), "geometry-size warn");
}

TEST(Vhd, CurrentSizeCountsForTheOthers)
{
    using namespace std::string_view_literals;
    for (auto const creator : {"win "sv, "qem2"sv, "d2v\0"sv, "tap\0"sv, "CXS\0"sv, "wa\0\0"sv, "vbox"sv}) {
        auto const facts = facts_of(vhd_reader, fixed_image(creator));
        EXPECT_EQ(facts.virtual_size, disk_size) << creator;
        expect_clean(facts);
    }
}

TEST(Vhd, AGeometryAtItsLimitSaysNothing)
{
    VhdFooter footer;
    footer.creator_application = "vpc ";
    footer.current_size = std::uint64_t{300} << 30;
    footer.cylinders = 65535;
    footer.heads = 16;
    footer.sectors_per_track = 255;
    EXPECT_EQ(vhd_virtual_size(footer).bytes, footer.current_size);
    EXPECT_FALSE(vhd_virtual_size(footer).by_geometry);
}

TEST(Vhd, ADifferencingDiskIsRefusedWithItsParentsName)
{
    auto image = dynamic_image(4);
    image.be<std::uint16_t>(512 + 64, 'p').be<std::uint16_t>(512 + 66, 0x4e2d).be<std::uint16_t>(512 + 68, 'x');
    seal(image, 512, 1024, 36);
    auto const facts = facts_of(vhd_reader, image);
    EXPECT_EQ(hazards_of(facts), "missing-parent refuse");
    EXPECT_EQ(facts.variant, "differencing");
    EXPECT_EQ(facts.details.vhd->parent, "p中x");
}

TEST(Vhd, FooterAndCopyThatDisagreeOnTheSize)
{
    auto image = dynamic_image();
    image.be<std::uint64_t>(end_of(image) + 48, disk_size / 2);
    seal(image, end_of(image), 512, 64);
    EXPECT_EQ(hazards_of(facts_of(vhd_reader, image)), "header-footer-mismatch refuse");
}

TEST(Vhd, FooterAndCopyThatDisagreeOnTheType)
{
    auto image = dynamic_image();
    image.be<std::uint32_t>(end_of(image) + 60, 4);
    seal(image, end_of(image), 512, 64);
    EXPECT_EQ(hazards_of(facts_of(vhd_reader, image)), "header-footer-mismatch refuse");
}

TEST(Vhd, FooterAndCopyThatDisagreeOnWhereTheHeaderIs)
{
    auto image = dynamic_image();
    image.be<std::uint64_t>(end_of(image) + 16, 1024);
    seal(image, end_of(image), 512, 64);
    EXPECT_EQ(hazards_of(facts_of(vhd_reader, image)), "header-footer-mismatch refuse");
}

TEST(Vhd, FooterAndCopyThatDisagreeOnTheTimeOnly)
{
    auto image = dynamic_image();
    image.be<std::uint32_t>(end_of(image) + 24, 77);
    seal(image, end_of(image), 512, 64);
    auto const facts = facts_of(vhd_reader, image);
    EXPECT_EQ(hazards_of(facts), "header-footer-mismatch warn");
    EXPECT_THAT(message_of(facts, "header-footer-mismatch"), HasSubstr("time stamp"));
}

TEST(Vhd, OneWrongChecksumOfTwoIsAWarning)
{
    auto const copy = facts_of(vhd_reader, dynamic_image().byte(100, 1));
    EXPECT_EQ(hazards_of(copy), "header-footer-mismatch warn");
    EXPECT_EQ(error_of(copy), "");
    auto image = dynamic_image();
    image.byte(end_of(image) + 100, 1);
    EXPECT_EQ(hazards_of(facts_of(vhd_reader, image)), "header-footer-mismatch warn");
    EXPECT_THAT(error_for(image.byte(100, 1)), HasSubstr("checksum of the footer is wrong"));
}

TEST(Vhd, TheFooterAtTheEndIsMissing)
{
    auto image = dynamic_image();
    image.size(end_of(image));
    EXPECT_EQ(hazards_of(facts_of(vhd_reader, image)), "truncated warn");
}

TEST(Vhd, ABlockPastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(dynamic_image().be<std::uint32_t>(1536, 5000)),
                HasSubstr("offset 1536, block allocation table"));
}

TEST(Vhd, ATableOfAThousandMillionEntries)
{
    EXPECT_THAT(error_for(with_header_field(28, 1073741825)), HasSubstr("offset 540, max table entries"));
}

TEST(Vhd, ATableTooSmallForTheDisk)
{
    EXPECT_THAT(error_for(with_header_field(28, 1)), HasSubstr("too few"));
}

TEST(Vhd, ATablePastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(with_header_field(20, 0x7fffffff)), HasSubstr("offset 528, table offset"));
}

TEST(Vhd, ABlockSizeThatIsNoPowerOfTwo)
{
    EXPECT_THAT(error_for(with_header_field(32, 0)), HasSubstr("offset 544, block size"));
    EXPECT_THAT(error_for(with_header_field(32, 3 << 20)), HasSubstr("block size"));
}

TEST(Vhd, ADynamicHeaderWithAWrongChecksum)
{
    EXPECT_THAT(error_for(dynamic_image().byte(512 + 900, 1)), HasSubstr("checksum of the dynamic disk header"));
}

TEST(Vhd, ADynamicHeaderElsewhere)
{
    auto image = dynamic_image().be<std::uint64_t>(16, std::uint64_t{1} << 63);
    seal(image, 0, 512, 64);
    EXPECT_THAT(error_for(image), HasSubstr("offset 16, data offset"));
}

TEST(Vhd, ATypeThatIsReserved)
{
    auto image = ImageBuilder(disk_size).append(footer(5).bytes());
    EXPECT_THAT(error_for(image), HasSubstr("disk type: 5 is neither 2, 3 nor 4"));
}

TEST(Vhd, ADiskLargerThanAVhdCanBe)
{
    auto image = dynamic_image();
    for (std::size_t const start : {std::size_t{0}, end_of(image)}) {
        image.be<std::uint64_t>(start + 48, std::uint64_t{3} << 40);
        seal(image, start, 512, 64);
    }
    EXPECT_EQ(hazards_of(facts_of(vhd_reader, image)), "absurd-size refuse");
}

TEST(Vhd, AStreamIsJudgedByItsHead)
{
    auto stream = MemoryContainer::stream(dynamic_image().size(1600).bytes());
    auto const facts = facts_of(vhd_reader, stream);
    expect_clean(facts);
    EXPECT_EQ(facts.virtual_size, disk_size);
}

TEST(Vhd, AnyByteOfTheHeadersMayBeWrong)
{
    auto small = dynamic_image();
    small.size(4096);
    expect_an_answer_for_any_byte(vhd_reader, small, 1600);
}

TEST(Vhd, TheFileMayEndAnywhere)
{
    expect_an_answer_for_any_length(vhd_reader, dynamic_image().size(4096), 37);
}
