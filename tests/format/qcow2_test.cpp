#include "format/container.hpp"

#include "format/image_builder.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::size_t cluster = 4096;

// Version 3, clusters of 4 KiB, a disk of 1 MiB: header, refcount table, refcount block, L1 table, L2 table, and one
// cluster of data.
ImageBuilder sound_image()
{
    ImageBuilder image(6 * cluster);
    image.text(0, "QFI\xfb").be<std::uint32_t>(4, 3).be<std::uint32_t>(20, 12).be<std::uint64_t>(24, 1 << 20);
    image.be<std::uint32_t>(36, 1).be<std::uint64_t>(40, 3 * cluster);  // L1
    image.be<std::uint64_t>(48, 1 * cluster).be<std::uint32_t>(56, 1);  // refcounts
    image.be<std::uint32_t>(96, 4).be<std::uint32_t>(100, 104);         // order, header length
    image.be<std::uint64_t>(1 * cluster, 2 * cluster);
    for (std::size_t i = 0; i < 6; ++i)
        image.be<std::uint16_t>(2 * cluster + i * 2, 1);
    image.be<std::uint64_t>(3 * cluster, std::uint64_t{1} << 63 | 4 * cluster);
    image.be<std::uint64_t>(4 * cluster, std::uint64_t{1} << 63 | 5 * cluster);
    return image;
}

ImageBuilder with_feature(std::uint64_t bits)
{
    return sound_image().be<std::uint64_t>(72, bits);
}

// A header extension right behind the header.
ImageBuilder with_extension(std::uint32_t type, std::string_view text)
{
    return sound_image()
        .be<std::uint32_t>(104, type)
        .be<std::uint32_t>(108, static_cast<std::uint32_t>(text.size()))
        .text(112, text);
}

ImageBuilder with_backing(std::string_view name)
{
    return sound_image()
        .be<std::uint64_t>(8, 1024)
        .be<std::uint32_t>(16, static_cast<std::uint32_t>(name.size()))
        .text(1024, name);
}

std::string error_for(const ImageBuilder &image)
{
    return error_of(facts_of(qcow2_reader, image));
}

}  // namespace

TEST(Qcow2, ASoundImageIsClean)
{
    auto const facts = facts_of(qcow2_reader, sound_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "v3");
    EXPECT_EQ(facts.virtual_size, 1U << 20);
    EXPECT_EQ(facts.details.qcow2->cluster_size, cluster);
    EXPECT_EQ(facts.details.qcow2->refcount_bits, 16U);
    EXPECT_EQ(facts.details.qcow2->compression, "zlib");
}

TEST(Qcow2, Version2HasNoFeatures)
{
    auto const facts = facts_of(qcow2_reader, sound_image().be<std::uint32_t>(4, 2).be<std::uint64_t>(72, 0));
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "v2");
}

TEST(Qcow2, VersionOneIsAnotherFormat)
{
    EXPECT_FALSE(is_recognised(qcow2_reader, sound_image().be<std::uint32_t>(4, 1)));
    EXPECT_TRUE(is_recognised(qcow_reader, sound_image().be<std::uint32_t>(4, 1)));
}

TEST(Qcow2, FieldsOutOfBoundsAreNamedWithTheirOffset)
{
    EXPECT_EQ(error_for(sound_image().be<std::uint32_t>(4, 4)), "malformed: offset 4, version: 4 is neither 2 nor 3");
    EXPECT_EQ(error_for(sound_image().be<std::uint32_t>(20, 8)),
              "malformed: offset 20, cluster_bits: 8 is not from 9 to 21");
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(20, 200)), HasSubstr("cluster_bits"));
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(32, 3)), HasSubstr("offset 32, crypt_method"));
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(96, 7)), HasSubstr("offset 96, refcount_order"));
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(100, 72)), HasSubstr("offset 100, header_length"));
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(100, 8192)), HasSubstr("offset 100, header_length"));
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(56, 0)), HasSubstr("offset 56, refcount_table_clusters"));
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(56, 0xffffffff)), HasSubstr("more than 8 MiB"));
    EXPECT_THAT(error_for(sound_image().be<std::uint64_t>(48, 100)), HasSubstr("offset 48, refcount_table_offset"));
}

TEST(Qcow2, L1TableOfFourGigabytes)
{
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(36, 0xffffffff)), HasSubstr("more than 32 MiB"));
}

TEST(Qcow2, L1TableTooSmallForTheDisk)
{
    EXPECT_THAT(error_for(sound_image().be<std::uint64_t>(24, 64 << 20)), HasSubstr("too few"));
}

TEST(Qcow2, L1TableMisaligned)
{
    EXPECT_THAT(error_for(sound_image().be<std::uint64_t>(40, 3 * cluster + 512)), HasSubstr("not at a cluster"));
}

TEST(Qcow2, L1TablePastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(sound_image().be<std::uint64_t>(40, std::uint64_t{1} << 62)), HasSubstr("l1_table_offset"));
}

TEST(Qcow2, L2TablePastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(sound_image().be<std::uint64_t>(3 * cluster, 100 * cluster)),
                HasSubstr("offset 12288, L1 table"));
}

TEST(Qcow2, L2TableMisaligned)
{
    EXPECT_THAT(error_for(sound_image().be<std::uint64_t>(3 * cluster, 4 * cluster + 512)),
                HasSubstr("not at a cluster"));
}

TEST(Qcow2, DataPastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(sound_image().size(5 * cluster)), HasSubstr("offset 16384, L2 table"));
}

TEST(Qcow2, CompressedDataPastTheEndOfTheFile)
{
    auto const entry = std::uint64_t{1} << 62 | 100 * cluster;
    EXPECT_THAT(error_for(sound_image().be<std::uint64_t>(4 * cluster, entry)), HasSubstr("compressed cluster"));
}

TEST(Qcow2, TheLastClusterCutInTheMiddleIsSaid)
{
    auto const facts = facts_of(qcow2_reader, sound_image().size(5 * cluster + 100));
    EXPECT_EQ(error_of(facts), "");
    EXPECT_EQ(hazards_of(facts), "truncated warn");
    EXPECT_THAT(message_of(facts, "truncated"), HasSubstr("3996 bytes are missing"));
}

TEST(Qcow2, RefcountBlockPastTheEndIsCorruptButReadable)
{
    auto const facts = facts_of(qcow2_reader, sound_image().be<std::uint64_t>(cluster, 100 * cluster));
    EXPECT_EQ(error_of(facts), "");
    EXPECT_EQ(hazards_of(facts), "corrupt warn");
}

TEST(Qcow2, DataBehindTheLastClusterIsNoted)
{
    auto const facts = facts_of(qcow2_reader, sound_image().size(7 * cluster + 5));
    EXPECT_EQ(hazards_of(facts), "trailing-data note");
    EXPECT_THAT(message_of(facts, "trailing-data"), HasSubstr("4101 bytes"));
}

TEST(Qcow2, DiskOfAnExabyte)
{
    auto const facts = facts_of(qcow2_reader, sound_image().be<std::uint64_t>(24, std::uint64_t{1} << 60));
    EXPECT_EQ(severity_of(facts, "absurd-size"), "refuse");
}

TEST(Qcow2, SizeThatIsNoWholeSector)
{
    auto const facts = facts_of(qcow2_reader, sound_image().be<std::uint64_t>(24, 100'000));
    EXPECT_EQ(facts.virtual_size, 99'840U);
    EXPECT_EQ(hazards_of(facts), "odd-size warn");
}

TEST(Qcow2, BackingFileIsRefusedUnlessAllowedByName)
{
    auto const refused = facts_of(qcow2_reader, with_backing("base.qcow2"));
    EXPECT_EQ(hazards_of(refused), "backing-file refuse");
    EXPECT_THAT(message_of(refused, "backing-file"), HasSubstr("--allow-backing base.qcow2"));
    EXPECT_EQ(refused.details.qcow2->backing_file, "base.qcow2");

    auto const allowed = facts_of(qcow2_reader, with_backing("base.qcow2"), {{"base.qcow2"}, {}});
    EXPECT_EQ(hazards_of(allowed), "backing-file note");
    EXPECT_FALSE(allowed.refused());
}

TEST(Qcow2, BackingFileWithAPathIsRefusedEvenWhenNamed)
{
    for (std::string const name : {"/etc/shadow", "../base.qcow2", "a/b", "..", "a\\b"})
        EXPECT_EQ(hazards_of(facts_of(qcow2_reader, with_backing(name), {{name}, {}})), "backing-file refuse") << name;
}

TEST(Qcow2, BackingNameOutOfBounds)
{
    EXPECT_THAT(error_for(with_backing("a").be<std::uint32_t>(16, 1024)), HasSubstr("offset 16, backing_file_size"));
    EXPECT_THAT(error_for(with_backing("a").be<std::uint32_t>(16, 0)), HasSubstr("offset 16, backing_file_size"));
    EXPECT_THAT(error_for(with_backing("a").be<std::uint64_t>(8, 8)), HasSubstr("offset 8, backing_file_offset"));
    EXPECT_THAT(error_for(with_backing("ab").be<std::uint64_t>(8, cluster - 1)), HasSubstr("backing_file_offset"));
    EXPECT_THAT(error_for(with_backing("a").be<std::uint64_t>(8, ~std::uint64_t{0})), HasSubstr("backing_file_offset"));
}

TEST(Qcow2, ExternalDataFileIsRefused)
{
    auto const facts = facts_of(qcow2_reader, with_extension(0x44415441, "/etc/passwd").be<std::uint64_t>(72, 4));
    EXPECT_EQ(hazards_of(facts), "external-data-file refuse");
    EXPECT_EQ(facts.details.qcow2->data_file, "/etc/passwd");
}

TEST(Qcow2, ExternalDataFileNamedWithoutItsBitIsRefusedToo)
{
    EXPECT_EQ(hazards_of(facts_of(qcow2_reader, with_extension(0x44415441, "x.raw"))), "external-data-file refuse");
}

TEST(Qcow2, ExternalDataFileWithoutAName)
{
    EXPECT_EQ(hazards_of(facts_of(qcow2_reader, with_feature(4))), "external-data-file refuse");
}

TEST(Qcow2, HeaderExtensionsAreRead)
{
    auto const facts = facts_of(qcow2_reader, with_extension(0xe2792aca, "raw"));
    expect_clean(facts);
    EXPECT_EQ(facts.details.qcow2->backing_format, "raw");
    expect_clean(facts_of(qcow2_reader, with_extension(0x12345678, "nobody knows this")));
}

TEST(Qcow2, HeaderExtensionThatLeavesTheHeader)
{
    EXPECT_THAT(error_for(with_extension(0xe2792aca, "raw").be<std::uint32_t>(108, 0xfffffff0)),
                HasSubstr("offset 104, header extension"));
    EXPECT_THAT(error_for(with_extension(0xe2792aca, "raw").be<std::uint32_t>(108, 2000)), HasSubstr("too long"));
}

TEST(Qcow2, FeaturesBecomeHazards)
{
    EXPECT_EQ(hazards_of(facts_of(qcow2_reader, with_feature(1))), "dirty warn");
    EXPECT_EQ(hazards_of(facts_of(qcow2_reader, with_feature(2))), "corrupt warn");
    EXPECT_EQ(hazards_of(facts_of(qcow2_reader, with_feature(32))), "unknown-feature refuse");
    EXPECT_EQ(hazards_of(facts_of(qcow2_reader, with_feature(std::uint64_t{1} << 63))), "unknown-feature refuse");
    EXPECT_EQ(severity_of(facts_of(qcow2_reader, with_feature(16)), "extended-l2"), "note");
}

TEST(Qcow2, CompressionTypeMustAgreeWithItsBit)
{
    auto const zstd = sound_image().be<std::uint64_t>(72, 8).be<std::uint32_t>(100, 112).byte(104, 1);
    auto const facts = facts_of(qcow2_reader, zstd);
    EXPECT_EQ(hazards_of(facts), "zstd note");
    EXPECT_EQ(facts.details.qcow2->compression, "zstd");
    EXPECT_THAT(error_for(with_feature(8)), HasSubstr("offset 104, compression_type"));
    EXPECT_THAT(error_for(sound_image().be<std::uint32_t>(100, 112).byte(104, 1)), HasSubstr("compression_type"));
    EXPECT_EQ(hazards_of(facts_of(qcow2_reader, ImageBuilder(zstd).byte(104, 2))), "unknown-feature refuse");
}

TEST(Qcow2, EncryptionIsRefused)
{
    EXPECT_EQ(hazards_of(facts_of(qcow2_reader, sound_image().be<std::uint32_t>(32, 1))), "encrypted refuse");
    auto const luks = facts_of(qcow2_reader, sound_image().be<std::uint32_t>(32, 2));
    EXPECT_THAT(message_of(luks, "encrypted"), HasSubstr("LUKS"));
}

TEST(Qcow2, SnapshotsAreCounted)
{
    auto const image = sound_image().be<std::uint32_t>(60, 1).be<std::uint64_t>(64, 5 * cluster).size(7 * cluster);
    auto const facts = facts_of(qcow2_reader, image);
    EXPECT_EQ(severity_of(facts, "snapshots"), "warn");
    EXPECT_EQ(facts.details.qcow2->snapshots, 1U);
    EXPECT_EQ(error_of(facts), "");
}

TEST(Qcow2, FileMayEndWithTheLastSnapshotsName)
{
    auto const image = sound_image()
                           .be<std::uint32_t>(60, 1)
                           .be<std::uint64_t>(64, 5 * cluster)
                           .be<std::uint16_t>(5 * cluster + 12, 1)
                           .be<std::uint16_t>(5 * cluster + 14, 2);
    EXPECT_EQ(error_of(facts_of(qcow2_reader, ImageBuilder(image).size(5 * cluster + 43))), "");
    EXPECT_THAT(error_for(ImageBuilder(image).size(5 * cluster + 42)), HasSubstr("snapshots_offset"));
}

TEST(Qcow2, SnapshotTableOutOfBounds)
{
    auto const two = sound_image().be<std::uint32_t>(60, 2).be<std::uint64_t>(64, 5 * cluster);
    EXPECT_THAT(error_for(ImageBuilder(two).be<std::uint32_t>(60, 0xffffffff)), HasSubstr("offset 60, nb_snapshots"));
    EXPECT_THAT(error_for(ImageBuilder(two).be<std::uint64_t>(64, 17)), HasSubstr("offset 64, snapshots_offset"));
    EXPECT_THAT(error_for(ImageBuilder(two).be<std::uint64_t>(64, 1000 * cluster)), HasSubstr("snapshot table"));
    EXPECT_THAT(error_for(ImageBuilder(two).be<std::uint32_t>(5 * cluster + 8, 0xffffffff)),
                HasSubstr("offset 20480, snapshot table"));
    EXPECT_THAT(error_for(ImageBuilder(two).be<std::uint32_t>(5 * cluster + 36, 5000)), HasSubstr("extra data"));
}

TEST(Qcow2, HeaderCutShort)
{
    EXPECT_THAT(error_for(sound_image().size(40)), HasSubstr("malformed: offset 0, header"));
}

TEST(Qcow2, AStreamIsJudgedByWhatWasKept)
{
    auto stream = MemoryContainer::stream(sound_image().size(2048).bytes());
    auto const facts = facts_of(qcow2_reader, stream);
    expect_clean(facts);
    EXPECT_EQ(facts.virtual_size, 1U << 20);
}

TEST(Qcow2, AnyByteOfTheHeaderMayBeWrong)
{
    expect_an_answer_for_any_byte(qcow2_reader, with_backing("base.qcow2"), 128);
}

TEST(Qcow2, TheFileMayEndAnywhere)
{
    expect_an_answer_for_any_length(qcow2_reader, sound_image(), 37);
}
