#include "format/container.hpp"
#include "format/crc32c.hpp"
#include "format/image_builder.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
constexpr std::size_t metadata = 2 * mib;
constexpr std::size_t bat = 3 * mib;

constexpr std::size_t file_parameters = metadata + 64 * kib;
constexpr std::size_t disk_size = file_parameters + 8;
constexpr std::size_t sector_bytes = disk_size + 8;
constexpr std::size_t locator = sector_bytes + 8;

// A GUID from its text form: the first three groups are little-endian.
void put_guid(ImageBuilder &image, std::size_t at, std::uint32_t a, std::uint16_t b, std::uint16_t c, std::uint64_t d)
{
    image.le<std::uint32_t>(at, a).le<std::uint16_t>(at + 4, b).le<std::uint16_t>(at + 6, c).be<std::uint64_t>(at + 8,
                                                                                                               d);
}

void seal(ImageBuilder &image, std::size_t start, std::size_t length)
{
    image.le<std::uint32_t>(start + 4, 0);
    image.le<std::uint32_t>(start + 4, crc32c(0, image.part(start, length)));
}

void put_header(ImageBuilder &image, std::size_t start, std::uint64_t sequence)
{
    image.text(start, "head").le<std::uint64_t>(start + 8, sequence).le<std::uint16_t>(start + 66, 1);
    image.le<std::uint32_t>(start + 68, mib).le<std::uint64_t>(start + 72, mib);
    seal(image, start, 4 * kib);
}

void put_regions(ImageBuilder &image, std::size_t start)
{
    image.text(start, "regi").le<std::uint32_t>(start + 8, 2);
    put_guid(image, start + 16, 0x2dc27766, 0xf623, 0x4200, 0x9d64115e9bfd4a08);
    image.le<std::uint64_t>(start + 32, bat).le<std::uint32_t>(start + 40, mib).le<std::uint32_t>(start + 44, 1);
    put_guid(image, start + 48, 0x8b7ca206, 0x4790, 0x4b9a, 0xb8fe575f050f886e);
    image.le<std::uint64_t>(start + 64, metadata).le<std::uint32_t>(start + 72, mib).le<std::uint32_t>(start + 76, 1);
    seal(image, start, 64 * kib);
}

void put_item(ImageBuilder &image, std::size_t entry, std::size_t place, std::uint32_t length)
{
    std::size_t const at = metadata + 32 + entry * 32;
    image.le<std::uint32_t>(at + 16, static_cast<std::uint32_t>(place - metadata)).le<std::uint32_t>(at + 20, length);
    image.le<std::uint32_t>(at + 24, 4);
}

// A disk of 4 MiB in blocks of 1 MiB, of which the second is there.
ImageBuilder sound_image()
{
    ImageBuilder image(5 * mib);
    image.text(0, "vhdxfile");
    put_header(image, 64 * kib, 1);
    put_header(image, 128 * kib, 2);
    put_regions(image, 192 * kib);
    put_regions(image, 256 * kib);
    image.text(metadata, "metadata").le<std::uint16_t>(metadata + 10, 3);
    put_guid(image, metadata + 32, 0xcaa16737, 0xfa36, 0x4d43, 0xb3b633f0aa44e76b);
    put_item(image, 0, file_parameters, 8);
    put_guid(image, metadata + 64, 0x2fa54224, 0xcd1b, 0x4876, 0xb2115dbed83bf4b8);
    put_item(image, 1, disk_size, 8);
    put_guid(image, metadata + 96, 0x8141bf1d, 0xa96f, 0x4709, 0xba47f233a8faab5f);
    put_item(image, 2, sector_bytes, 4);
    image.le<std::uint32_t>(file_parameters, mib)
        .le<std::uint64_t>(disk_size, 4 * mib)
        .le<std::uint32_t>(sector_bytes, 512);
    image.le<std::uint64_t>(bat + 8, std::uint64_t{4} << 20 | 6);
    return image;
}

// A change of both region tables.
template <class Change>
ImageBuilder with_regions(const Change &change)
{
    auto image = sound_image();
    for (std::size_t const start : {192 * kib, 256 * kib}) {
        change(image, start);
        seal(image, start, 64 * kib);
    }
    return image;
}

std::string error_for(const ImageBuilder &image)
{
    return error_of(facts_of(vhdx_reader, image));
}

}  // namespace

// The values of RFC 3720, appendix B.4.
TEST(Crc32c, IsThatOfTheRfc)
{
    std::vector<std::byte> const zeros(32);
    EXPECT_EQ(crc32c(0, zeros), 0x8a9136aaU);
    EXPECT_EQ(crc32c(0, std::vector<std::byte>(32, std::byte{0xff})), 0x62a8ab43U);
    EXPECT_EQ(crc32c(crc32c(0, bytes_of("1234")), bytes_of("56789")), 0xe3069283U);
}

TEST(Vhdx, ASoundDiskIsClean)
{
    auto const facts = facts_of(vhdx_reader, sound_image());
    expect_clean(facts);
    EXPECT_EQ(facts.variant, "dynamic");
    EXPECT_EQ(facts.virtual_size, 4 * mib);
    EXPECT_EQ(facts.details.vhdx->block_size, mib);
    EXPECT_EQ(facts.details.vhdx->logical_sector_size, 512U);
    EXPECT_FALSE(facts.details.vhdx->log_pending);
}

TEST(Vhdx, BlocksLeftAllocatedMakeItFixed)
{
    EXPECT_EQ(facts_of(vhdx_reader, sound_image().le<std::uint32_t>(file_parameters + 4, 1)).variant, "fixed");
}

TEST(Vhdx, ALogToReplayIsSaidAndTheBatNotTrusted)
{
    auto image = sound_image().byte(128 * kib + 48, 1).le<std::uint64_t>(bat, std::uint64_t{900} << 20 | 6);
    seal(image, 128 * kib, 4 * kib);
    auto const facts = facts_of(vhdx_reader, image);
    EXPECT_EQ(error_of(facts), "");
    EXPECT_EQ(hazards_of(facts), "log-pending warn");
    EXPECT_TRUE(facts.details.vhdx->log_pending);
}

TEST(Vhdx, TheHeaderWithTheHigherNumberCounts)
{
    auto image = sound_image().byte(64 * kib + 48, 1);
    seal(image, 64 * kib, 4 * kib);
    EXPECT_FALSE(facts_of(vhdx_reader, image).details.vhdx->log_pending);
}

TEST(Vhdx, OneHeaderIsEnoughButNoneIsNot)
{
    auto image = sound_image().byte(128 * kib + 2000, 1);
    expect_clean(facts_of(vhdx_reader, image));
    EXPECT_THAT(error_for(image.byte(64 * kib + 2000, 1)), HasSubstr("offset 65536, header"));
}

TEST(Vhdx, OneRegionTableIsEnoughButNoneIsNot)
{
    auto image = sound_image().byte(192 * kib + 2000, 1);
    expect_clean(facts_of(vhdx_reader, image));
    EXPECT_THAT(error_for(image.byte(256 * kib + 2000, 1)), HasSubstr("region table"));
}

TEST(Vhdx, ADifferencingDiskIsRefusedWithItsParentsName)
{
    auto image = sound_image().le<std::uint32_t>(file_parameters + 4, 2).le<std::uint16_t>(metadata + 10, 4);
    put_guid(image, metadata + 128, 0xa8d35f2d, 0xb30b, 0x454d, 0xabf7d3d84834ab0c);
    put_item(image, 3, locator, 100);
    image.le<std::uint16_t>(locator + 18, 1).le<std::uint32_t>(locator + 20, 32).le<std::uint32_t>(locator + 24, 60);
    image.le<std::uint16_t>(locator + 28, 26).le<std::uint16_t>(locator + 30, 6);
    std::size_t at = locator + 32;
    for (char const c : std::string("relative_path"))
        image.le<std::uint16_t>(at, static_cast<std::uint16_t>(c)), at += 2;
    image.le<std::uint16_t>(locator + 60, 'p')
        .le<std::uint16_t>(locator + 62, '.')
        .le<std::uint16_t>(locator + 64, 'x');
    auto const facts = facts_of(vhdx_reader, image);
    EXPECT_EQ(hazards_of(facts), "missing-parent refuse");
    EXPECT_THAT(message_of(facts, "missing-parent"), HasSubstr("'p.x'"));
    EXPECT_EQ(facts.variant, "differencing");
}

TEST(Vhdx, ALocatorThatPointsOutsideItself)
{
    auto image = sound_image().le<std::uint32_t>(file_parameters + 4, 2).le<std::uint16_t>(metadata + 10, 4);
    put_guid(image, metadata + 128, 0xa8d35f2d, 0xb30b, 0x454d, 0xabf7d3d84834ab0c);
    put_item(image, 3, locator, 40);
    image.le<std::uint16_t>(locator + 18, 0xffff).le<std::uint32_t>(locator + 20, 0xfffffff0);
    EXPECT_EQ(hazards_of(facts_of(vhdx_reader, image)), "missing-parent refuse");
}

TEST(Vhdx, ABlockPastTheEndOfTheFile)
{
    EXPECT_THAT(error_for(sound_image().le<std::uint64_t>(bat, std::uint64_t{900} << 20 | 6)),
                HasSubstr("offset 3145728, BAT"));
    EXPECT_THAT(error_for(sound_image().size(5 * mib - 1)), HasSubstr("BAT"));
}

TEST(Vhdx, ABlockThatIsNotThereMayPointAnywhere)
{
    expect_clean(facts_of(vhdx_reader, sound_image().le<std::uint64_t>(bat, std::uint64_t{900} << 20 | 2)));
}

TEST(Vhdx, ABatTooSmallForTheDisk)
{
    EXPECT_THAT(error_for(sound_image().le<std::uint64_t>(disk_size, std::uint64_t{1} << 40)),
                HasSubstr("too few for 1048831 entries"));
}

TEST(Vhdx, MetadataOutOfBounds)
{
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(file_parameters, 0)), HasSubstr("BlockSize"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(file_parameters, 3 * mib)), HasSubstr("BlockSize"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(sector_bytes, 520)), HasSubstr("Logical Sector Size"));
    EXPECT_THAT(error_for(sound_image().le<std::uint64_t>(disk_size, 1000)), HasSubstr("Virtual Disk Size"));
    EXPECT_THAT(error_for(sound_image().le<std::uint64_t>(disk_size, 0)), HasSubstr("Virtual Disk Size"));
    EXPECT_THAT(error_for(sound_image().le<std::uint16_t>(metadata + 10, 2)),
                HasSubstr("Logical Sector Size: the item"));
    EXPECT_THAT(error_for(sound_image().le<std::uint16_t>(metadata + 10, 2048)), HasSubstr("EntryCount"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(metadata + 48, 0xffffffff)), HasSubstr("leaves the region"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(metadata + 52, 0x7fffffff)), HasSubstr("leaves the region"));
    EXPECT_THAT(error_for(sound_image().le<std::uint32_t>(metadata + 52, 4)), HasSubstr("too short"));
    EXPECT_THAT(error_for(sound_image().text(metadata, "METADATA")), HasSubstr("metadata table Signature"));
}

TEST(Vhdx, ADiskOfPetabytes)
{
    EXPECT_EQ(hazards_of(facts_of(vhdx_reader, sound_image().le<std::uint64_t>(disk_size, std::uint64_t{1} << 60))),
              "absurd-size refuse");
}

TEST(Vhdx, RegionsOutOfBounds)
{
    EXPECT_THAT(error_for(with_regions([](auto &image, auto at) { image.template le<std::uint64_t>(at + 32, 77); })),
                HasSubstr("whole MiB"));
    EXPECT_THAT(error_for(with_regions(
                    [](auto &image, auto at) { image.template le<std::uint64_t>(at + 32, std::uint64_t{1} << 60); })),
                HasSubstr("FileOffset: it points to"));
    EXPECT_THAT(error_for(with_regions([](auto &image, auto at) { image.template le<std::uint32_t>(at + 8, 2048); })),
                HasSubstr("EntryCount"));
    EXPECT_THAT(error_for(with_regions([](auto &image, auto at) { image.template le<std::uint32_t>(at + 8, 1); })),
                HasSubstr("no BAT or no metadata"));
}

TEST(Vhdx, WhatIsUnknownButRequiredIsRefused)
{
    auto const region = with_regions([](auto &image, auto at) {
        image.template le<std::uint32_t>(at + 8, 3).byte(at + 80, 1).template le<std::uint32_t>(at + 108, 1);
    });
    EXPECT_EQ(hazards_of(facts_of(vhdx_reader, region)), "unknown-feature refuse");
    auto const item =
        sound_image().le<std::uint16_t>(metadata + 10, 4).byte(metadata + 128, 1).le<std::uint32_t>(metadata + 152, 4);
    EXPECT_EQ(hazards_of(facts_of(vhdx_reader, item)), "unknown-feature refuse");
}

TEST(Vhdx, AStreamThatEndedBeforeTheMetadataHasNoSize)
{
    auto stream = MemoryContainer::stream(sound_image().size(mib).bytes());
    auto const facts = facts_of(vhdx_reader, stream);
    expect_clean(facts);
    EXPECT_FALSE(facts.virtual_size);
}

TEST(Vhdx, AnyByteOfTheMetadataMayBeWrong)
{
    auto const image = sound_image();
    for (std::size_t const start : {metadata, file_parameters}) {
        for (std::size_t i = 0; i < 40; ++i) {
            auto changed = image;
            auto const facts = facts_of(vhdx_reader, changed.byte(start + i, 0xff));
            EXPECT_TRUE(facts.virtual_size || facts.refused()) << start + i;
        }
    }
}
