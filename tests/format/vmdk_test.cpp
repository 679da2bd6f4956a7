#include <fstream>

#include <unistd.h>

#include "format/container.hpp"
#include "format/image_builder.hpp"
#include "support/text.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::size_t sector = 512;

std::string descriptor_text(const std::string &create_type, const std::string &extents,
                            const std::string &parent = "ffffffff")
{
    return "# Disk DescriptorFile\nversion=1\nCID=49bcfa17\nparentCID=" + parent + "\ncreateType=\"" + create_type +
           "\"\n\n# Extent description\n" + extents + "\n# The Disk Data Base\n#DDB\n\nddb.adapterType = \"ide\"\n";
}

// Header, descriptor (20 sectors), grain directory, grain table, one grain: a disk of 256 sectors in grains of 128.
ImageBuilder sparse_image(const std::string &descriptor)
{
    ImageBuilder image(200 * sector);
    image.text(0, "KDMV").le<std::uint32_t>(4, 1).le<std::uint32_t>(8, 3).le<std::uint64_t>(12, 256);
    image.le<std::uint64_t>(20, 128).le<std::uint64_t>(28, 1).le<std::uint64_t>(36, 20).le<std::uint32_t>(44, 512);
    image.le<std::uint64_t>(56, 21).le<std::uint64_t>(64, 32).text(73, "\n \r\n");
    image.text(sector, descriptor);
    image.le<std::uint32_t>(21 * sector, 22).le<std::uint32_t>(22 * sector, 32);
    return image;
}

ImageBuilder sparse_image()
{
    return sparse_image(descriptor_text("monolithicSparse", "RW 256 SPARSE \"disk.vmdk\"\n"));
}

// The directory is at the end, behind it the footer between its two markers.
ImageBuilder stream_image()
{
    auto image = sparse_image(descriptor_text("streamOptimized", "RW 256 SPARSE \"disk.vmdk\"\n"));
    image.le<std::uint32_t>(8, 0x30001).le<std::uint16_t>(77, 1);
    ImageBuilder footer = image;
    footer.size(sector);
    image.le<std::uint64_t>(56, ~std::uint64_t{0});
    image.append(ImageBuilder(sector).le<std::uint64_t>(0, 1).le<std::uint32_t>(12, 3).bytes());
    image.append(footer.bytes());
    image.append(ImageBuilder(sector).bytes());
    return image;
}

ImageFacts text_facts(const std::string &text, const std::string &path = "", const AllowedFiles &allowed = {})
{
    MemoryContainer container(ImageBuilder(0).text(0, text).bytes(), path);
    EXPECT_TRUE(vmdk_reader.recognise(container));
    return facts_of(vmdk_reader, container, allowed);
}

std::string error_for(const ImageBuilder &image)
{
    return error_of(facts_of(vmdk_reader, image));
}

}  // namespace

TEST(Vmdk, ASoundSparseDiskIsClean)
{
    auto const facts = facts_of(vmdk_reader, sparse_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "monolithicSparse");
    EXPECT_EQ(facts.virtual_size, 256 * sector);
    EXPECT_TRUE(facts.details.vmdk->embedded_descriptor);
    EXPECT_EQ(facts.details.vmdk->extents.at(0).file, "disk.vmdk");
}

TEST(Vmdk, ASoundStreamIsClean)
{
    auto const facts = facts_of(vmdk_reader, stream_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "streamOptimized");
}

TEST(Vmdk, FieldsOutOfBoundsAreNamedWithTheirOffset)
{
    EXPECT_EQ(error_for(sparse_image().le<std::uint32_t>(4, 4)), "malformed: offset 4, version: 4 is not from 1 to 3");
    EXPECT_THAT(error_for(sparse_image().le<std::uint64_t>(12, 0)), HasSubstr("offset 12, capacity"));
    EXPECT_THAT(error_for(sparse_image().le<std::uint64_t>(20, 0)), HasSubstr("offset 20, grainSize"));
    EXPECT_THAT(error_for(sparse_image().le<std::uint64_t>(20, 1 << 30)), HasSubstr("offset 20, grainSize"));
    EXPECT_THAT(error_for(sparse_image().le<std::uint64_t>(28, ~std::uint64_t{0})), HasSubstr("descriptorOffset"));
    EXPECT_THAT(error_for(sparse_image().le<std::uint64_t>(36, 1 << 20)), HasSubstr("offset 36, descriptorSize"));
    EXPECT_THAT(error_for(sparse_image().le<std::uint32_t>(44, 0)), HasSubstr("offset 44, numGTEsPerGT"));
    EXPECT_THAT(error_for(sparse_image().le<std::uint32_t>(44, 1 << 20)), HasSubstr("offset 44, numGTEsPerGT"));
    EXPECT_THAT(error_for(sparse_image().le<std::uint64_t>(56, 1000)), HasSubstr("offset 56, gdOffset"));
    EXPECT_THAT(error_for(sparse_image().le<std::uint16_t>(77, 9)), HasSubstr("compressAlgorithm"));
    EXPECT_THAT(error_for(sparse_image().size(100)), HasSubstr("header"));
}

TEST(Vmdk, ADescriptorWhereOtherReadersDoNotLook)
{
    auto image = sparse_image(descriptor_text("monolithicSparse", "RW 256 SPARSE \"a\"\n", "12345678"));
    image.text(40 * sector, descriptor_text("monolithicSparse", "RW 256 SPARSE \"a\"\n"));
    EXPECT_THAT(error_for(image.le<std::uint64_t>(28, 40)), HasSubstr("offset 28, descriptorOffset: 40 is not 1"));
}

TEST(Vmdk, ATransferInTextModeIsDetected)
{
    EXPECT_THAT(error_for(sparse_image().text(73, "\n \n\n")), HasSubstr("text mode"));
}

TEST(Vmdk, AGrainDirectoryWithoutMeasure)
{
    auto const grains = facts_of(
        vmdk_reader,
        sparse_image().le<std::uint64_t>(12, std::uint64_t{1} << 36).le<std::uint64_t>(20, 1).le<std::uint32_t>(44, 1));
    EXPECT_EQ(severity_of(grains, "absurd-size"), "refuse");
    auto const size = facts_of(vmdk_reader, sparse_image().le<std::uint64_t>(12, ~std::uint64_t{0}));
    EXPECT_EQ(severity_of(size, "absurd-size"), "refuse");
}

TEST(Vmdk, AGrainTablePastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(sparse_image().le<std::uint32_t>(21 * sector, 5000)),
                HasSubstr("offset 10752, grain directory"));
}

TEST(Vmdk, AGrainPastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(sparse_image().le<std::uint32_t>(22 * sector + 4, 5000)),
                HasSubstr("offset 11268, grain table"));
}

TEST(Vmdk, AGrainCutInTheMiddle)
{
    EXPECT_THAT(error_for(sparse_image().size(100 * sector)), HasSubstr("grain table"));
}

TEST(Vmdk, AnUncleanShutdownIsDirty)
{
    EXPECT_EQ(hazards_of(facts_of(vmdk_reader, sparse_image().byte(72, 1))), "dirty warn");
}

TEST(Vmdk, AStreamWithoutItsFooterIsCutShort)
{
    auto image = stream_image();
    image.size(image.bytes().size() - sector);
    EXPECT_THAT(error_for(image), HasSubstr("no footer before the end"));
}

TEST(Vmdk, AFooterThatPointsToAnotherFooter)
{
    auto image = stream_image();
    image.le<std::uint64_t>(image.bytes().size() - 2 * sector + 56, ~std::uint64_t{0});
    EXPECT_THAT(error_for(image), HasSubstr("another footer"));
}

TEST(Vmdk, AFooterThatDescribesAnotherDisk)
{
    auto image = stream_image();
    image.le<std::uint64_t>(image.bytes().size() - 2 * sector + 12, 1 << 20);
    EXPECT_EQ(hazards_of(facts_of(vmdk_reader, image)), "header-footer-mismatch refuse");
}

TEST(Vmdk, AStreamWithoutItsEndMarker)
{
    auto image = stream_image();
    image.byte(image.bytes().size() - sector + 12, 1);
    EXPECT_THAT(error_for(image), HasSubstr("end-of-stream marker"));
}

TEST(Vmdk, AnExtentWithoutItsDescriptorIsNoDisk)
{
    auto const facts = facts_of(vmdk_reader, sparse_image(""));
    EXPECT_EQ(hazards_of(facts), "no-descriptor refuse");
    EXPECT_EQ(facts.virtual_size, 256 * sector);
    EXPECT_EQ(hazards_of(facts_of(vmdk_reader, sparse_image("").le<std::uint64_t>(28, 0))), "no-descriptor refuse");
}

TEST(Vmdk, AnEmbeddedDescriptorMayNotLeadElsewhere)
{
    auto const facts = [](const std::string &type, const std::string &extents) {
        return hazards_of(facts_of(vmdk_reader, sparse_image(descriptor_text(type, extents))));
    };
    EXPECT_EQ(facts("monolithicSparse", "RW 256 FLAT \"/etc/passwd\" 0\n"), "extent-file refuse");
    EXPECT_EQ(facts("monolithicSparse", "RW 1 SPARSE \"a\"\nRW 1 SPARSE \"b\"\n"), "extent-file refuse");
    EXPECT_EQ(facts("monolithicSparse", ""), "extent-file refuse");
    EXPECT_EQ(facts("monolithicFlat", "RW 256 FLAT \"a\" 0\n"), "unsupported refuse");
}

TEST(Vmdk, AnExportOfAmazonNamesAPathThatNobodyFollows)
{
    auto const facts =
        facts_of(vmdk_reader,
                 sparse_image(descriptor_text("monolithicSparse", "RDONLY 256 SPARSE \"/mnt/export-ami-1.vmdk\"\n")));
    EXPECT_EQ(hazards_of(facts), "extent-path note");
    EXPECT_FALSE(facts.refused());
}

TEST(Vmdk, ADeltaIsRefusedWithItsParentsName)
{
    auto const facts =
        facts_of(vmdk_reader, sparse_image(descriptor_text("monolithicSparse", "RW 256 SPARSE \"a\"\n", "12345678") +
                                           "parentFileNameHint=\"base.vmdk\"\n"));
    EXPECT_EQ(hazards_of(facts), "missing-parent refuse");
    EXPECT_EQ(facts.details.vmdk->parent, "base.vmdk");
}

TEST(Vmdk, AnEncryptedDiskIsRefused)
{
    EXPECT_EQ(
        hazards_of(facts_of(vmdk_reader, sparse_image(descriptor_text("monolithicSparse", "RW 256 SPARSE \"a\"\n") +
                                                      "encryption.keySafe = \"vmware:key\"\n"))),
        "encrypted refuse");
}

TEST(Vmdk, TheKindsThatOnlyEsxWritesAreKnownByName)
{
    auto const cowd =
        facts_of(vmdk_reader, ImageBuilder(2048).text(0, "COWD").le<std::uint32_t>(4, 1).le<std::uint32_t>(12, 2048));
    EXPECT_EQ(cowd.variant, "vmfsSparse");
    EXPECT_EQ(cowd.virtual_size, 1U << 20);
    EXPECT_EQ(hazards_of(cowd), "unsupported refuse");
    auto const sesparse = facts_of(vmdk_reader, ImageBuilder(2048)
                                                    .le<std::uint64_t>(0, 0xcafebabe)
                                                    .le<std::uint64_t>(8, 0x0000000200000001)
                                                    .le<std::uint64_t>(16, 2048));
    EXPECT_EQ(sesparse.variant, "seSparse");
    EXPECT_EQ(hazards_of(sesparse), "unsupported refuse");
}

// --------------------------------------------------------------------------------------------- descriptor files

TEST(VmdkDescriptor, IsKnownByItsFirstLineOrItsVersion)
{
    EXPECT_TRUE(is_recognised(vmdk_reader, ImageBuilder(0).text(0, "# Disk DescriptorFile\n")));
    EXPECT_TRUE(is_recognised(vmdk_reader, ImageBuilder(0).text(0, "\xef\xbb\xbf\r\n# disk descriptorfile\r\n")));
    EXPECT_TRUE(is_recognised(vmdk_reader, ImageBuilder(0).text(0, "# anything\nversion=1\ncreateType=\"x\"\n")));
    EXPECT_FALSE(is_recognised(vmdk_reader, ImageBuilder(0).text(0, "#!/bin/sh\necho version=1\n")));
    EXPECT_FALSE(is_recognised(vmdk_reader, ImageBuilder(4096)));
}

TEST(VmdkDescriptor, NamingAHostFileIsRefused)
{
    for (std::string const name : {"/etc/passwd", "../secret", "sub/disk.vmdk", "C:\\disk.vmdk"}) {
        auto const facts = text_facts(descriptor_text("monolithicFlat", "RW 16 FLAT \"" + name + "\" 0\n"),
                                      "/nowhere/disk.vmdk", {{}, {name}});
        EXPECT_EQ(hazards_of(facts), "extent-path refuse") << name;
    }
}

TEST(VmdkDescriptor, NamingADeviceIsRefused)
{
    EXPECT_EQ(hazards_of(text_facts(descriptor_text("monolithicFlat", "RW 16 FLAT \"/dev/sda\" 0\n"))),
              "extent-device refuse");
    EXPECT_EQ(hazards_of(text_facts(descriptor_text("vmfs", "RW 16 VMFSRAW \"lun\"\n"))), "extent-device refuse");
    EXPECT_EQ(hazards_of(text_facts(descriptor_text("fullDevice", "RW 16 FLAT \"\\\\.\\PhysicalDrive0\" 0\n"))),
              "extent-device refuse, extent-device refuse");
}

TEST(VmdkDescriptor, AnExtentBesideItMustBeThereAndAllowed)
{
    Folder const folder;
    std::string const text = descriptor_text("monolithicFlat", "RW 16 FLAT \"disk-flat.vmdk\" 0\n");
    EXPECT_EQ(hazards_of(text_facts(text, folder / "disk.vmdk")), "missing-extent refuse");

    folder.write("disk-flat.vmdk", std::string(16 * sector, 'x'));
    auto const refused = text_facts(text, folder / "disk.vmdk");
    EXPECT_EQ(hazards_of(refused), "extent-file refuse");
    EXPECT_THAT(message_of(refused, "extent-file"), HasSubstr("--allow-extent disk-flat.vmdk"));

    auto const allowed = text_facts(text, folder / "disk.vmdk", {{}, {"disk-flat.vmdk"}});
    EXPECT_EQ(hazards_of(allowed), "extent-file note");
    EXPECT_EQ(allowed.virtual_size, 16 * sector);
    EXPECT_EQ(allowed.variant, "monolithicFlat");
    EXPECT_FALSE(allowed.details.vmdk->embedded_descriptor);
}

TEST(VmdkDescriptor, AnExtentThatIsASymbolicLinkIsMissing)
{
    Folder const folder;
    ASSERT_EQ(::symlink("/etc/passwd", (folder / "disk-flat.vmdk").c_str()), 0);
    EXPECT_EQ(hazards_of(text_facts(descriptor_text("monolithicFlat", "RW 1 FLAT \"disk-flat.vmdk\" 0\n"),
                                    folder / "disk.vmdk", {{}, {"disk-flat.vmdk"}})),
              "missing-extent refuse");
}

TEST(VmdkDescriptor, AFlatExtentCutShort)
{
    Folder const folder;
    folder.write("disk-flat.vmdk", std::string(16 * sector, 'x'));
    auto const facts = text_facts(descriptor_text("monolithicFlat", "RW 16 FLAT \"disk-flat.vmdk\" 1\n"),
                                  folder / "disk.vmdk", {{}, {"disk-flat.vmdk"}});
    EXPECT_THAT(error_of(facts), HasSubstr("extent description: 'disk-flat.vmdk' has 8192 bytes"));
}

TEST(VmdkDescriptor, InsideOfAnArchiveNothingIsFollowed)
{
    auto const facts = text_facts(descriptor_text("monolithicFlat", "RW 16 FLAT \"disk-flat.vmdk\" 0\n"), "",
                                  {{}, {"disk-flat.vmdk"}});
    EXPECT_EQ(hazards_of(facts), "extent-file refuse");
    EXPECT_THAT(message_of(facts, "extent-file"), HasSubstr("unpack"));
}

TEST(VmdkDescriptor, ExtentsThatReadersPassOverAreRefused)
{
    for (std::string const line : {"RW 16 ZERO", "RDONLY 16 FLAT \"a\" 0", "NOACCESS 16 SPARSE \"a\"",
                                   "RW 16 SESPARSE \"a\"", "RW 16 VMFSSPARSE \"a\""})
        EXPECT_EQ(hazards_of(text_facts(descriptor_text("vmfs", line + "\n"))), "unsupported refuse") << line;
}

TEST(VmdkDescriptor, TypesThatAreNotReadAreRefused)
{
    for (std::string const type : {"custom", "seSparse", "vmfsSparse", "monolithicSparse"})
        EXPECT_EQ(severity_of(text_facts(descriptor_text(type, "RW 16 SPARSE \"a\"\n")), "unsupported"), "refuse")
            << type;
}

TEST(VmdkDescriptor, TheSizeIsThatOfAllExtents)
{
    auto const facts = text_facts(
        descriptor_text("twoGbMaxExtentSparse", "RW 4192256 SPARSE \"a-s001.vmdk\"\nRW 1000 SPARSE \"a-s002.vmdk\"\n"));
    EXPECT_EQ(facts.virtual_size, (4192256ULL + 1000) * sector);
    EXPECT_EQ(facts.details.vmdk->extents.size(), 2U);
}

TEST(VmdkDescriptor, ASizeThatOverflows)
{
    auto const facts =
        text_facts(descriptor_text("vmfs", "RW 18446744073709551615 VMFS \"a\"\nRW 18446744073709551615 VMFS \"b\"\n"));
    EXPECT_EQ(severity_of(facts, "absurd-size"), "refuse");
}

TEST(VmdkDescriptor, EveryLineMustMakeSense)
{
    auto const error = [](const std::string &line) {
        return error_of(text_facts(descriptor_text("monolithicFlat", line + "\n")));
    };
    EXPECT_THAT(error("json:{\"driver\":\"file\"}"), HasSubstr("neither a comment, an extent nor key=value"));
    EXPECT_THAT(error("RW x FLAT \"a\" 0"), HasSubstr("size in sectors"));
    EXPECT_THAT(error("RW -1 FLAT \"a\" 0"), HasSubstr("size in sectors"));
    EXPECT_THAT(error("RW 0 FLAT \"a\" 0"), HasSubstr("size in sectors"));
    EXPECT_THAT(error("RW 1 FLUT \"a\" 0"), HasSubstr("no type of extent"));
    EXPECT_THAT(error("RW 1 FLAT a 0"), HasSubstr("no file name in quotes"));
    EXPECT_THAT(error("RW 1 FLAT \"a"), HasSubstr("no file name in quotes"));
    EXPECT_THAT(error("RW 1 FLAT \"\" 0"), HasSubstr("empty"));
    EXPECT_THAT(error("RW 1 FLAT \"a\""), HasSubstr("no offset"));
    EXPECT_THAT(error("RW 1 FLAT \"a\" z"), HasSubstr("no number"));
    EXPECT_THAT(error(""), HasSubstr("no extent"));
    EXPECT_THAT(error_of(text_facts("# Disk DescriptorFile\nversion=1\n")), HasSubstr("no createType"));
}

TEST(VmdkDescriptor, TenThousandExtents)
{
    std::string lines;
    for (int i = 0; i < 10'000; ++i)
        lines += "RW 1 SPARSE \"a\"\n";
    EXPECT_THAT(error_of(text_facts(descriptor_text("twoGbMaxExtentSparse", lines))), HasSubstr("more than 4096"));
}

TEST(VmdkDescriptor, ATextOfMegabytes)
{
    EXPECT_THAT(error_of(text_facts("# Disk DescriptorFile\n" + std::string(2 << 20, '#'))),
                HasSubstr("more than 1 MiB"));
}

TEST(Vmdk, AnyByteOfTheHeaderMayBeWrong)
{
    expect_an_answer_for_any_byte(vmdk_reader, sparse_image(), 600);
    expect_an_answer_for_any_byte(vmdk_reader, stream_image(), 100);
}

TEST(Vmdk, TheFileMayEndAnywhere)
{
    expect_an_answer_for_any_length(vmdk_reader, stream_image(), 131);
}
