#include "format/container.hpp"
#include "format/image_builder.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::uint32_t mib = 1 << 20;

// A disk of 2 MiB in two blocks, of which the second is there.
ImageBuilder sound_image()
{
    ImageBuilder image(1024 + mib);
    image.text(0, "<<< Oracle VM VirtualBox Disk Image >>>\n").le<std::uint32_t>(64, 0xbeda107f);
    image.le<std::uint32_t>(68, 0x00010001).le<std::uint32_t>(72, 400).le<std::uint32_t>(76, 1);
    image.le<std::uint32_t>(340, 512).le<std::uint32_t>(344, 1024).le<std::uint32_t>(360, 512);
    image.le<std::uint64_t>(368, 2 * mib).le<std::uint32_t>(376, mib).le<std::uint32_t>(384, 2);
    image.le<std::uint32_t>(388, 1).le<std::uint32_t>(512, 0xffffffff).le<std::uint32_t>(516, 0);
    return image;
}

std::string error_for(const ImageBuilder &image)
{
    return error_of(facts_of(vdi_reader, image));
}

}  // namespace

TEST(Vdi, ASoundDiskIsClean)
{
    auto const facts = facts_of(vdi_reader, sound_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "dynamic");
    EXPECT_EQ(facts.virtual_size, 2 * mib);
}

TEST(Vdi, ADiskThatIsNoWholeSectorIsRoundedUp)
{
    EXPECT_EQ(facts_of(vdi_reader, sound_image().le<std::uint64_t>(368, 1000)).virtual_size, 1024U);
}

TEST(Vdi, DifferencesToAnotherDiskAreRefused)
{
    EXPECT_EQ(hazards_of(facts_of(vdi_reader, sound_image().le<std::uint32_t>(76, 4))), "missing-parent refuse");
    EXPECT_EQ(hazards_of(facts_of(vdi_reader, sound_image().le<std::uint32_t>(76, 3))), "missing-parent refuse");
    EXPECT_EQ(hazards_of(facts_of(vdi_reader, sound_image().byte(440, 1))), "missing-parent refuse");
}

TEST(Vdi, FieldsOutOfBoundsAreNamedWithTheirOffset)
{
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(68, 1)), HasSubstr("offset 68, version"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(76, 5)), HasSubstr("offset 76, image type"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(340, 100)), HasSubstr("offset 340, block map offset"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(340, 0xfffffe00)), HasSubstr("block map offset"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(344, 7)), HasSubstr("offset 344, data offset"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(360, 4096)), HasSubstr("offset 360, sector size"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(376, 0)), HasSubstr("offset 376, block size"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(388, 3)), HasSubstr("offset 388, blocks allocated"));
    EXPECT_THAT(error_for(sound_image().size(300)), HasSubstr("header"));
}

TEST(Vdi, ADiskLargerThanItsBlocks)
{
    EXPECT_THAT(error_for(sound_image().le<std::uint64_t>(368, 3 * mib)), HasSubstr("too few"));
}

TEST(Vdi, AMapOfFourThousandMillionBlocks)
{
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(384, 0xffffffff)), HasSubstr("block map offset"));
}

TEST(Vdi, ABlockThatDoesNotExist)
{
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(512, 2)), HasSubstr("offset 512, block map: block 2"));
}

TEST(Vdi, ABlockPastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(512, 1)), HasSubstr("offset 512, block map: it points to"));
    EXPECT_THAT(error_for(sound_image().size(1024 + mib - 1)), HasSubstr("offset 516, block map"));
}

TEST(Vdi, ADiskOfExabytes)
{
    EXPECT_EQ(
        severity_of(facts_of(vdi_reader, sound_image().le<std::uint64_t>(368, std::uint64_t{1} << 60)), "absurd-size"),
        "refuse");
}

TEST(Vdi, AnyByteOfTheHeaderMayBeWrong)
{
    expect_an_answer_for_any_byte(vdi_reader, sound_image().size(2048), 520);
}

TEST(Vdi, TheFileMayEndAnywhere)
{
    expect_an_answer_for_any_length(vdi_reader, sound_image().size(4096), 37);
}
