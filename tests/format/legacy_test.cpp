#include "format/container.hpp"
#include "format/image_builder.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

ImageBuilder qcow_image()
{
    ImageBuilder image(4096);
    image.text(0, "QFI\xfb").be<std::uint32_t>(4, 1).be<std::uint64_t>(24, 1 << 20).byte(32, 12).byte(33, 9);
    return image.be<std::uint64_t>(40, 48);
}

ImageBuilder qed_image()
{
    ImageBuilder image(3 * 4096);
    image.text(0, std::string_view("QED\0", 4)).le<std::uint32_t>(4, 4096).le<std::uint32_t>(8, 2);
    return image.le<std::uint32_t>(12, 1).le<std::uint64_t>(40, 4096).le<std::uint64_t>(48, 1 << 20);
}

ImageBuilder parallels_image(std::string_view magic = "WithouFreSpacExt")
{
    ImageBuilder image(4096);
    image.text(0, magic).le<std::uint32_t>(16, 2).le<std::uint32_t>(28, 2048).le<std::uint32_t>(32, 2);
    return image.le<std::uint64_t>(36, 4096);
}

ImageBuilder dmg_image()
{
    ImageBuilder image(4096);
    std::size_t const at = 4096 - 512;
    image.text(at, "koly").be<std::uint32_t>(at + 4, 4).be<std::uint32_t>(at + 8, 512).be<std::uint64_t>(at + 32, 3000);
    return image.be<std::uint64_t>(at + 492, 10240);
}

std::string error_for(const FormatReader &reader, const ImageBuilder &image)
{
    return error_of(facts_of(reader, image));
}

std::string hazards_for(const FormatReader &reader, const ImageBuilder &image, const AllowedFiles &allowed = {})
{
    return hazards_of(facts_of(reader, image, allowed));
}

}  // namespace

TEST(Qcow, ASoundImageIsClean)
{
    auto const facts = facts_of(qcow_reader, qcow_image());
    expect_clean(facts);
    EXPECT_EQ(facts.virtual_size, 1U << 20);
}

TEST(Qcow, BackingFilesAndEncryptionAreRefused)
{
    auto const backed = qcow_image().be<std::uint64_t>(8, 1000).be<std::uint32_t>(16, 4).text(1000, "base");
    EXPECT_EQ(hazards_for(qcow_reader, backed), "backing-file refuse");
    EXPECT_EQ(hazards_for(qcow_reader, backed, {{"base"}, {}}), "backing-file note");
    EXPECT_EQ(hazards_for(qcow_reader, qcow_image().be<std::uint32_t>(36, 1)), "encrypted refuse");
}

TEST(Qcow, FieldsOutOfBounds)
{
    EXPECT_THAT(error_for(qcow_reader, qcow_image().byte(32, 63)), HasSubstr("offset 32, cluster_bits"));
    EXPECT_THAT(error_for(qcow_reader, qcow_image().byte(33, 63)), HasSubstr("offset 33, l2_bits"));
    EXPECT_THAT(error_for(qcow_reader, qcow_image().be<std::uint64_t>(40, 4096)), HasSubstr("offset 40"));
    EXPECT_THAT(error_for(qcow_reader, qcow_image().be<std::uint64_t>(8, 4090).be<std::uint32_t>(16, 20)),
                HasSubstr("backing file name"));
    EXPECT_THAT(error_for(qcow_reader, qcow_image().be<std::uint64_t>(8, 60).be<std::uint32_t>(16, 2000)),
                HasSubstr("offset 16"));
    EXPECT_EQ(hazards_for(qcow_reader, qcow_image().be<std::uint64_t>(24, ~std::uint64_t{0})), "absurd-size refuse");
}

TEST(Qed, ASoundImageIsClean)
{
    auto const facts = facts_of(qed_reader, qed_image());
    expect_clean(facts);
    EXPECT_EQ(facts.virtual_size, 1U << 20);
}

TEST(Qed, FeaturesBecomeHazards)
{
    EXPECT_EQ(hazards_for(qed_reader, qed_image().le<std::uint64_t>(16, 2)), "dirty warn");
    EXPECT_EQ(hazards_for(qed_reader, qed_image().le<std::uint64_t>(16, 8)), "unknown-feature refuse");
    EXPECT_EQ(hazards_for(qed_reader,
                          qed_image().le<std::uint64_t>(16, 1).le<std::uint32_t>(56, 64).le<std::uint32_t>(60, 4).text(
                              64, "base")),
              "backing-file refuse");
}

TEST(Qed, FieldsOutOfBounds)
{
    EXPECT_THAT(error_for(qed_reader, qed_image().le<std::uint32_t>(4, 0)), HasSubstr("offset 4, cluster_size"));
    EXPECT_THAT(error_for(qed_reader, qed_image().le<std::uint32_t>(8, 32)), HasSubstr("offset 8, table_size"));
    EXPECT_THAT(error_for(qed_reader, qed_image().le<std::uint32_t>(12, 0)), HasSubstr("offset 12, header_size"));
    EXPECT_THAT(error_for(qed_reader, qed_image().le<std::uint64_t>(40, 5000)), HasSubstr("offset 40"));
    EXPECT_THAT(error_for(qed_reader, qed_image().size(8192)), HasSubstr("offset 40, l1_table_offset: it points to"));
    EXPECT_THAT(error_for(qed_reader, qed_image().le<std::uint64_t>(48, 1000)), HasSubstr("offset 48, image_size"));
    EXPECT_THAT(error_for(qed_reader,
                          qed_image().le<std::uint64_t>(16, 1).le<std::uint32_t>(60, 4).le<std::uint32_t>(56, 5000)),
                HasSubstr("offset 56"));
}

TEST(Parallels, BothKindsAreKnown)
{
    auto const extended = facts_of(parallels_reader, parallels_image());
    expect_clean(extended);
    EXPECT_EQ(extended.virtual_size, 2U << 20);
    auto const old = facts_of(parallels_reader, parallels_image("WithoutFreeSpace").le<std::uint32_t>(40, 99));
    expect_clean(old);
    EXPECT_EQ(old.virtual_size, 2U << 20) << "the upper half is not part of the size there";
}

TEST(Parallels, HazardsAndBounds)
{
    EXPECT_EQ(hazards_for(parallels_reader, parallels_image().le<std::uint32_t>(44, 0x746f6e59)), "dirty warn");
    EXPECT_THAT(error_for(parallels_reader, parallels_image().le<std::uint32_t>(28, 0)),
                HasSubstr("offset 28, tracks"));
    EXPECT_THAT(error_for(parallels_reader, parallels_image().le<std::uint32_t>(32, 1)), HasSubstr("too few"));
    EXPECT_THAT(error_for(parallels_reader, parallels_image().le<std::uint32_t>(32, 0xffffffff)),
                HasSubstr("offset 32, bat_entries: it points to"));
    EXPECT_THAT(error_for(parallels_reader, parallels_image().le<std::uint32_t>(16, 3)), HasSubstr("version"));
    EXPECT_EQ(hazards_for(parallels_reader, parallels_image().le<std::uint64_t>(36, ~std::uint64_t{0})),
              "absurd-size refuse");
}

TEST(Dmg, IsKnownByItsTrailer)
{
    auto const facts = facts_of(dmg_reader, dmg_image());
    expect_clean(facts);
    EXPECT_EQ(facts.virtual_size, 5U << 20);
    EXPECT_FALSE(is_recognised(dmg_reader, dmg_image().size(4095)));
    EXPECT_FALSE(is_recognised(dmg_reader, dmg_image().be<std::uint32_t>(4096 - 508, 5)));
}

TEST(Dmg, HazardsAndBounds)
{
    EXPECT_THAT(error_for(dmg_reader, dmg_image().be<std::uint64_t>(4096 - 512 + 32, 5000)),
                HasSubstr("DataForkOffset"));
    EXPECT_THAT(error_for(dmg_reader, dmg_image().be<std::uint64_t>(4096 - 512 + 216, ~std::uint64_t{0})),
                HasSubstr("XMLOffset"));
    EXPECT_EQ(hazards_for(dmg_reader, dmg_image().be<std::uint32_t>(4096 - 512 + 60, 3)), "unsupported refuse");
    EXPECT_EQ(hazards_for(dmg_reader, ImageBuilder(4096).text(0, "encrcdsa")), "encrypted refuse");
}

TEST(Legacy, AnyByteOfTheHeaderMayBeWrong)
{
    expect_an_answer_for_any_byte(qcow_reader, qcow_image(), 48);
    expect_an_answer_for_any_byte(qed_reader, qed_image(), 64);
    expect_an_answer_for_any_byte(parallels_reader, parallels_image(), 64);
    expect_an_answer_for_any_byte(dmg_reader, dmg_image(), 4096);
}

TEST(Legacy, TheFileMayEndAnywhere)
{
    expect_an_answer_for_any_length(qcow_reader, qcow_image(), 7);
    expect_an_answer_for_any_length(qed_reader, qed_image(), 37);
    expect_an_answer_for_any_length(parallels_reader, parallels_image(), 7);
}
