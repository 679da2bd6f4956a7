// XFS, held against xfs_db and xfs_logprint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "volume/xfs_log.hpp"
#include "volume_images.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

TEST(Xfs, CountsAsXfsDbPrintsThem)
{
    IMGPORT_NEEDS("mkfs.xfs", "xfs_db");
    Workshop const shop;
    auto const file = build(shop, "mkfs.xfs -q -m rmapbt=1,reflink=1 $FILE", 320 * mib);
    auto const said =
        key_values(run_tool({"xfs_db", "-r", "-c", "sb 0", "-c", "p blocksize dblocks icount ifree fdblocks", file}));
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.block_size, number(said.at("blocksize")));
    EXPECT_EQ(facts.size, number(said.at("dblocks")) * facts.block_size);
    EXPECT_EQ(facts.free, number(said.at("fdblocks")) * facts.block_size);
    EXPECT_EQ(facts.inodes, number(said.at("icount")));
    EXPECT_EQ(facts.free_inodes, number(said.at("ifree")));
    for (std::string const word : {"crc", "finobt", "rmapbt", "reflink", "ftype", "sparse"})
        EXPECT_THAT(facts.features, ::testing::Contains(word));
    EXPECT_EQ(facts.clean, true) << facts.state;
}

namespace {

// Where the log lies in a filesystem that mkfs.xfs made: bytes.
struct XfsLogPlace {
    std::uint64_t at;
    std::uint64_t length;
};
XfsLogPlace xfs_log_place(const std::string &file)
{
    auto const said = key_values(
        run_tool({"xfs_db", "-r", "-c", "sb 0", "-c", "p logstart logblocks agblocks agblklog blocksize", file}));
    std::uint64_t const shift = number(said.at("agblklog"));
    std::uint64_t const start = number(said.at("logstart"));
    std::uint64_t const block = (start >> shift) * number(said.at("agblocks")) + (start & ((1ULL << shift) - 1));
    return {block * number(said.at("blocksize")), number(said.at("logblocks")) * number(said.at("blocksize"))};
}

bool xfs_logprint_says_clean(const std::string &file)
{
    auto const said = run_shell("xfs_logprint -t " + file + " 2>&1");
    EXPECT_THAT(said, HasSubstr("state: <"));
    return said.find("<CLEAN>") != std::string::npos;
}

}  // namespace

TEST(Xfs, LogWithoutUnmountRecordAtItsHeadIsNotClean)
{
    IMGPORT_NEEDS("mkfs.xfs", "xfs_db", "xfs_logprint");
    Workshop const shop;
    auto const file = build(shop, "mkfs.xfs -q $FILE", 320 * mib);
    EXPECT_TRUE(xfs_logprint_says_clean(file));
    EXPECT_EQ(describe_file(file).clean, true);
    auto const log = xfs_log_place(file);
    // The flags of the first operation, in the block behind the record's header.
    patch_file(file, log.at + 512 + 9, std::string(1, '\0'));
    EXPECT_FALSE(xfs_logprint_says_clean(file));
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.clean, false);
    EXPECT_EQ(facts.state, "the log needs recovery");
}

TEST(Xfs, ZeroedLogIsClean)
{
    IMGPORT_NEEDS("mkfs.xfs", "xfs_db");
    Workshop const shop;
    auto const file = build(shop, "mkfs.xfs -q $FILE", 320 * mib);
    auto const log = xfs_log_place(file);
    patch_file(file, log.at, std::string(log.length, '\0'));
    EXPECT_EQ(describe_file(file).clean, true);
}

TEST(Xfs, LogFullOfNonsenseIsNotClean)
{
    IMGPORT_NEEDS("mkfs.xfs", "xfs_db");
    Workshop const shop;
    auto const file = build(shop, "mkfs.xfs -q $FILE", 320 * mib);
    auto const log = xfs_log_place(file);
    patch_file(file, log.at, std::string(log.length, '\x7f'));
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.clean, false);
    EXPECT_EQ(facts.state, "the log cannot be read");
}

TEST(HostileXfs, NumbersAtTheirExtremes)
{
    MemoryDisk disk(mib);
    disk.put(0, "XFSB");
    disk.put_be<std::uint32_t>(4, 4096);
    disk.put_be<std::uint16_t>(102, 512);
    for (std::size_t const at : {8U, 48U, 136U, 144U})
        disk.put_be<std::uint64_t>(at, ~std::uint64_t{0});
    disk.put_be<std::uint32_t>(84, 0xffffffff);
    disk.put_be<std::uint32_t>(96, 0xffffffff);
    disk.put_be<std::uint16_t>(100, 5);
    for (unsigned const shift : {0U, 31U}) {
        disk.put_be<std::uint8_t>(124, static_cast<std::uint8_t>(shift));
        auto const facts = describe_filesystem(disk);
        ASSERT_TRUE(facts);
        EXPECT_EQ(facts->type, "xfs");
        EXPECT_EQ(facts->size, std::nullopt);
        EXPECT_EQ(facts->clean, false);
    }
    disk.put_be<std::uint8_t>(124, 200);
    EXPECT_EQ(describe_filesystem(disk)->type, "");
}

TEST(HostileXfs, LogRecordsThatClaimTooMuch)
{
    // A log of 8 blocks at 4096 whose only record says that it is larger than any record.
    for (std::uint32_t const claim : {0xffffffffU, 512U * 20}) {
        MemoryDisk disk(mib);
        disk.put(0, "XFSB");
        disk.put_be<std::uint32_t>(4, 4096);
        disk.put_be<std::uint64_t>(8, 10);
        disk.put_be<std::uint64_t>(48, 1);
        disk.put_be<std::uint32_t>(84, 10);
        disk.put_be<std::uint32_t>(96, 1);
        disk.put_be<std::uint16_t>(100, 4);
        disk.put_be<std::uint16_t>(102, 512);
        disk.put_be<std::uint8_t>(124, 4);
        disk.put_be<std::uint32_t>(4096, 0xfeedbabe);
        disk.put_be<std::uint32_t>(4096 + 4, 1);
        disk.put_be<std::uint32_t>(4096 + 8, 2);
        disk.put_be<std::uint32_t>(4096 + 12, claim);
        disk.put_be<std::uint32_t>(4096 + 40, 1);
        disk.put_be<std::uint32_t>(4096 + 320, claim);
        disk.put_be<std::uint32_t>(4096 + 512, 1);
        disk.put_be<std::uint8_t>(4096 + 512 + 9, 0x20);
        EXPECT_EQ(describe_filesystem(disk)->state, "the log needs recovery");
        disk.put_be<std::uint32_t>(4096 + 12, 512);
        disk.put_be<std::uint32_t>(4096 + 320, 32768);
        EXPECT_EQ(describe_filesystem(disk)->clean, true) << "the same record with a true length";
    }
}

namespace {

// A log of 16 blocks with all blocks before `head` of cycle 2 and the others of cycle 1, and at `record` the header
// of an unmount record of one block.
XfsLogState ring_state(std::uint64_t head, std::uint64_t record)
{
    MemoryDisk disk(16 * 512);
    for (std::size_t i = 0; i < 16; ++i)
        disk.put_be<std::uint32_t>(i * 512, i < head ? 2 : 1);
    std::uint32_t const cycle = record < head ? 2 : 1;
    disk.put_be<std::uint32_t>(record * 512, 0xfeedbabe);
    disk.put_be<std::uint32_t>(record * 512 + 4, cycle);
    disk.put_be<std::uint32_t>(record * 512 + 8, 2);
    disk.put_be<std::uint32_t>(record * 512 + 12, 512);
    disk.put_be<std::uint32_t>(record * 512 + 40, 1);
    disk.put_be<std::uint8_t>((record + 1) % 16 * 512 + 9, 0x20);
    VolumeReader reader(disk);
    return xfs_log_state(reader, 0, disk.size());
}

}  // namespace

TEST(XfsLog, HeadAnywhereInTheRing)
{
    EXPECT_EQ(ring_state(2, 0), XfsLogState::clean);
    EXPECT_EQ(ring_state(6, 4), XfsLogState::clean);
    EXPECT_EQ(ring_state(15, 13), XfsLogState::clean);
    EXPECT_EQ(ring_state(16, 14), XfsLogState::clean) << "it ends where the ring closes";
    EXPECT_EQ(ring_state(1, 15), XfsLogState::clean) << "its header is the last block, its data the first";
    EXPECT_EQ(ring_state(6, 3), XfsLogState::dirty) << "something was written behind it";
    EXPECT_EQ(ring_state(6, 8), XfsLogState::dirty) << "it is of the cycle before";
}

TEST(XfsLog, OutsideTheVolume)
{
    MemoryDisk disk(4096);
    VolumeReader reader(disk);
    EXPECT_EQ(xfs_log_state(reader, 0, 8192), XfsLogState::damaged);
    EXPECT_EQ(xfs_log_state(reader, ~std::uint64_t{0}, 4096), XfsLogState::damaged);
    EXPECT_EQ(xfs_log_state(reader, 0, 512), XfsLogState::damaged);
}
