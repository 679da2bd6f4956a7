#include "format/container.hpp"
#include "format/image_builder.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::size_t block = 2048;
constexpr std::size_t primary = 16 * block;
constexpr std::size_t boot_record = 17 * block;
constexpr std::size_t joliet = 18 * block;
constexpr std::size_t catalogue = 20 * block;

// Primary descriptor, terminator; 24 blocks.
ImageBuilder plain_image()
{
    ImageBuilder image(24 * block);
    image.byte(primary, 1).text(primary + 1, "CD001").text(primary + 40, "MY VOLUME                       ");
    image.le<std::uint32_t>(primary + 80, 24).le<std::uint16_t>(primary + 128, block);
    return image.byte(17 * block, 255).text(17 * block + 1, "CD001");
}

// With a boot record, a Joliet descriptor, and a catalogue of a BIOS and an EFI entry.
ImageBuilder bootable_image()
{
    auto image = plain_image();
    image.byte(boot_record, 0).text(boot_record + 7, "EL TORITO SPECIFICATION");
    image.le<std::uint32_t>(boot_record + 71, 20);
    image.byte(joliet, 2).text(joliet + 1, "CD001").text(joliet + 88, "%/E");
    image.byte(19 * block, 255).text(19 * block + 1, "CD001");
    image.byte(catalogue, 1).byte(catalogue + 30, 0x55).byte(catalogue + 31, 0xaa).byte(catalogue + 32, 0x88);
    return image.byte(catalogue + 64, 0x91).byte(catalogue + 65, 0xef).byte(catalogue + 66, 1);
}

ImageBuilder hybrid_image()
{
    auto image = plain_image().byte(510, 0x55).byte(511, 0xaa);
    return image.byte(446, 0x80).byte(450, 0x17).le<std::uint32_t>(458, 96);
}

}  // namespace

TEST(Iso, APlainImageIsClean)
{
    auto const facts = facts_of(iso_reader, plain_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "");
    EXPECT_EQ(facts.virtual_size, 24 * block);
    EXPECT_EQ(facts.details.content, "iso9660");
    EXPECT_EQ(facts.details.iso->volume_id, "MY VOLUME");
    EXPECT_FALSE(facts.details.iso->el_torito);
    EXPECT_FALSE(facts.details.iso->joliet);
}

TEST(Iso, BootEntriesAndJolietAreFound)
{
    auto const facts = facts_of(iso_reader, bootable_image());
    expect_clean(facts);
    EXPECT_TRUE(facts.details.iso->el_torito);
    EXPECT_TRUE(facts.details.iso->el_torito_efi);
    EXPECT_TRUE(facts.details.iso->joliet);
    auto const bios = facts_of(iso_reader, bootable_image().byte(catalogue + 65, 0));
    EXPECT_TRUE(bios.details.iso->el_torito);
    EXPECT_FALSE(bios.details.iso->el_torito_efi);
}

TEST(Iso, APartitionTableMakesItHybrid)
{
    auto const facts = facts_of(iso_reader, hybrid_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "hybrid");
    EXPECT_TRUE(facts.details.iso->hybrid);
    EXPECT_FALSE(facts_of(iso_reader, hybrid_image().byte(446, 0x12)).details.iso->hybrid);
}

TEST(Iso, ABridgeDiscBeginsWithItsUdfDescriptors)
{
    auto image = plain_image();
    image.text(primary, std::string_view("\0BEA01\1", 7))
        .byte(17 * block, 1)
        .le<std::uint16_t>(17 * block + 128, block);
    EXPECT_EQ(error_of(facts_of(iso_reader, image)), "");
}

TEST(Iso, OnlyUdfIsNoIso)
{
    auto image = ImageBuilder(24 * block).text(primary + 1, "BEA01").text(17 * block + 1, "NSR03");
    EXPECT_FALSE(is_recognised(iso_reader, image));
    EXPECT_EQ(facts_of(raw_reader, image).details.content, "udf");
}

TEST(Iso, AVolumeLargerThanTheFile)
{
    EXPECT_EQ(hazards_of(facts_of(iso_reader, plain_image().size(20 * block))), "truncated warn");
    EXPECT_EQ(hazards_of(facts_of(iso_reader, plain_image().size(16 * block + 1024))), "truncated warn");
}

TEST(Iso, ABootCataloguePastTheEndOfTheFile)
{
    auto const facts = facts_of(iso_reader, bootable_image().le<std::uint32_t>(boot_record + 71, 0xffffffff));
    EXPECT_EQ(hazards_of(facts), "truncated warn");
    EXPECT_FALSE(facts.details.iso->el_torito);
}

TEST(Iso, ACatalogueWithoutItsKeyIsNone)
{
    EXPECT_FALSE(facts_of(iso_reader, bootable_image().byte(catalogue + 30, 0)).details.iso->el_torito);
}

TEST(Iso, NoPrimaryDescriptor)
{
    EXPECT_THAT(error_of(facts_of(iso_reader, plain_image().byte(primary, 3))), HasSubstr("no primary volume"));
}

TEST(Iso, DescriptorsWithoutAnEnd)
{
    ImageBuilder image(200 * block);
    for (std::size_t i = 16; i < 200; ++i)
        image.byte(i * block, 3).text(i * block + 1, "CD001");
    EXPECT_THAT(error_of(facts_of(iso_reader, image)), HasSubstr("no primary volume"));
}

TEST(Iso, AStreamIsJudgedByWhatWasKept)
{
    auto stream = MemoryContainer::stream(bootable_image().size(19 * block).bytes());
    auto const facts = facts_of(iso_reader, stream);
    expect_clean(facts);
    EXPECT_FALSE(facts.virtual_size);
    EXPECT_TRUE(facts.details.iso->el_torito) << "the record alone says so";
}

TEST(Iso, AnyByteOfTheDescriptorsMayBeWrong)
{
    auto const image = bootable_image();
    for (std::size_t const start : {primary, boot_record, catalogue}) {
        for (std::size_t i = 8; i < 200; ++i) {
            auto changed = image;
            auto const facts = facts_of(iso_reader, changed.byte(start + i, 0xff));
            EXPECT_TRUE(facts.virtual_size) << start + i;
        }
    }
}
