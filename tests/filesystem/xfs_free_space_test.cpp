// The free blocks of XFS: xfs_db says how many there are, and xfs_repair is content whatever they hold.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "filesystem/free_space.hpp"
#include "support/bytes.hpp"
#include "testing/free_space_images.hpp"
#include "xfs_images.hpp"

namespace imgport {
namespace {

using namespace testing;
using ::testing::HasSubstr;

template <class T>
std::string big(T value)
{
    std::string text(sizeof(T), '\0');
    store_be<T>(std::as_writable_bytes(std::span(text)), 0, value);
    return text;
}

class XfsFreeSpace : public ::testing::Test {
protected:
    void SetUp() override { IMGPORT_NEEDS("mkfs.xfs", "xfs_db", "xfs_repair"); }

    std::string make(const std::string &options) const
    {
        Proto proto(m_shop);
        for (int i = 0; i < 20; ++i)
            proto.file("file" + std::to_string(i), std::string(static_cast<std::size_t>(7000 * i), 'f'));
        proto.begin("node").links("entry-", 3000).end();
        return proto.make(options);
    }

    static Result<std::vector<ByteRange>> free_in(const std::string &image)
    {
        return free_space(std::make_shared<CachedDisk>(FileDisk::open(image)));
    }

    static std::string refusal(const std::string &image)
    {
        auto const free = free_in(image);
        return free ? "none" : std::string(to_string(free.error().code)) + ": " + free.error().message;
    }

    Workshop m_shop;
};

TEST_F(XfsFreeSpace, InEveryGeometry)
{
    for (std::string const options : {"", "-m crc=0", "-b size=1024", "-m crc=0 -b size=512", "-m rmapbt=0,reflink=0",
                                      "-m rmapbt=1,reflink=1", "-s size=4096 -i size=1024"}) {
        SCOPED_TRACE(options);
        auto const image = make(options);
        auto const free = free_in(image);
        ASSERT_TRUE(free) << describe(free.error());
        expect_apart(*free);
        std::uint64_t blocks = 0;
        for (std::uint64_t group = 0; group < xfs_number(image, "sb 0", "agcount"); ++group)
            blocks += xfs_number(image, fmt::format("agf {}", group), "freeblks");
        EXPECT_EQ(sum_of(*free), blocks * xfs_number(image, "sb 0", "blocksize"));
        put_rubbish(image, *free);
        run_tool({"xfs_repair", "-n", "-f", image});
    }
}

// Version 4 has no checksums, so that what stands behind them can be changed. Blocks of 4096 bytes, sectors of 512.
class XfsFreeSpace4 : public XfsFreeSpace {
protected:
    void SetUp() override
    {
        XfsFreeSpace::SetUp();
        if (!IsSkipped())
            m_image = make("-m crc=0");
    }
    std::uint64_t agf(const std::string &field) const { return xfs_number(m_image, "agf 0", field); }

    std::string m_image;
};

constexpr std::uint64_t agf_at = 512;
constexpr std::uint64_t bno_root = agf_at + 16;
constexpr std::uint64_t bno_level = agf_at + 28;
constexpr std::uint64_t free_blocks = agf_at + 52;

TEST_F(XfsFreeSpace4, ATreeOfSeveralLevels)
{
    auto const before = free_in(m_image).value();
    // A root above the only leaf, in a block that the free list holds ready for it.
    auto const leaf = static_cast<std::uint32_t>(agf("bnoroot"));
    auto const root = xfs_number(m_image, "agfl 0", fmt::format("bno[{}]", agf("flfirst")));
    auto const first = static_cast<std::uint32_t>(before[0].offset / 4096);
    std::size_t const most = (4096 - 16) / 12;
    patch_file(m_image, root * 4096,
               "ABTB" + big<std::uint16_t>(1) + big<std::uint16_t>(1) + std::string(8, '\xff') +
                   big<std::uint32_t>(first));
    patch_file(m_image, root * 4096 + 16 + most * 8, big<std::uint32_t>(leaf));
    patch_file(m_image, bno_root, big<std::uint32_t>(static_cast<std::uint32_t>(root)));
    patch_file(m_image, bno_level, big<std::uint32_t>(2));
    EXPECT_EQ(free_in(m_image).value(), before);

    // A key that is not its child's, and a child that is its own parent.
    patch_file(m_image, root * 4096 + 16, big<std::uint32_t>(first + 1));
    EXPECT_THAT(refusal(m_image), HasSubstr("it does not begin where the one above it says"));
    patch_file(m_image, root * 4096 + 16, big<std::uint32_t>(first));
    patch_file(m_image, root * 4096 + 16 + most * 8, big<std::uint32_t>(static_cast<std::uint32_t>(root)));
    EXPECT_THAT(refusal(m_image), HasSubstr("its magic number or its level is wrong"));
    patch_file(m_image, bno_level, big<std::uint32_t>(4000));
    EXPECT_THAT(refusal(m_image), HasSubstr("agf_levels is 4000"));
}

TEST_F(XfsFreeSpace4, WhatContradictsItselfIsNotBelieved)
{
    auto const leaf = agf("bnoroot") * 4096;
    auto const free = static_cast<std::uint32_t>(agf("freeblks"));
    auto const start = free_in(m_image).value()[0].offset / 4096;
    // Each change alone.
    struct Change {
        std::uint64_t at;
        std::string bytes;
        const char *message;
    };
    auto const flfirst = agf("flfirst");
    for (auto const &[at, bytes, message] : {
             Change{agf_at, "XAGX", "it has no AGF"},
             Change{agf_at + 8, big<std::uint32_t>(1), "the AGF belongs to another group"},
             Change{free_blocks, big<std::uint32_t>(free - 1), "blocks are free, "},
             Change{leaf + 16, big<std::uint32_t>(0), "free blocks at 0 do not fit"},
             Change{leaf + 20, big<std::uint32_t>(0xffffffff), "4294967295 free blocks at"},
             Change{leaf + 6, big<std::uint16_t>(60000), "it has 60000 records"},
             Change{bno_root, big<std::uint32_t>(0x7fffffff), "a block of the tree of free blocks is at 2147483647"},
             Change{3 * 512 + flfirst * 4, big<std::uint32_t>(static_cast<std::uint32_t>(start)),
                    "of the AGFL is free or lies elsewhere"},
         }) {
        SCOPED_TRACE(message);
        std::string const copy = m_image + ".copy";
        run_shell("cp --sparse=always " + m_image + " " + copy);
        patch_file(copy, at, bytes);
        EXPECT_THAT(refusal(copy), HasSubstr(std::string("malformed: allocation group 0: ")));
        EXPECT_THAT(refusal(copy), HasSubstr(message));
    }
}

TEST_F(XfsFreeSpace4, TheTreesOwnBlockIsNeverFree)
{
    // The last free extent begins so much earlier as to hold the root of the tree; the counts agree.
    auto const leaf = static_cast<std::uint32_t>(agf("bnoroot"));
    auto const free = static_cast<std::uint32_t>(agf("freeblks"));
    auto const range = free_in(m_image).value()[0];
    auto const first = static_cast<std::uint32_t>(range.offset / 4096);
    auto const count = static_cast<std::uint32_t>(range.length / 4096);
    ASSERT_LT(leaf, first);
    patch_file(m_image, leaf * 4096ULL + 16, big<std::uint32_t>(leaf) + big<std::uint32_t>(count + first - leaf));
    patch_file(m_image, free_blocks, big<std::uint32_t>(free + first - leaf));
    patch_file(m_image, free_blocks + 4,
               big<std::uint32_t>(std::max(count + first - leaf, static_cast<std::uint32_t>(agf("longest")))));
    EXPECT_THAT(refusal(m_image), ::testing::AnyOf(HasSubstr("is free and in the tree of free blocks"),
                                                   HasSubstr("of the AGFL is free")));
}

TEST_F(XfsFreeSpace4, NoRealtimeDevices)
{
    patch_file(m_image, 16, big<std::uint64_t>(1000));
    EXPECT_EQ(refusal(m_image), "unsupported: it has a realtime device");
}

TEST_F(XfsFreeSpace, DamageIsNoticedByChecksum)
{
    auto const image = make("");
    patch_file(image, agf_at + 52, "\1");
    EXPECT_THAT(refusal(image), HasSubstr("the checksum or the UUID of the AGF is wrong"));
    auto const other = make("");
    patch_file(other, xfs_number(other, "agf 0", "bnoroot") * 4096 + 60, "\1");
    EXPECT_THAT(refusal(other), HasSubstr("its checksum, place, UUID or group is wrong"));
}

}  // namespace
}  // namespace imgport
