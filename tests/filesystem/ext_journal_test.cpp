// Journals that debugfs writes, replayed over the volume; e2fsck, which replays into a copy, is the oracle.
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "filesystem/cached_disk.hpp"
#include "filesystem/ext_tree.hpp"
#include "filesystem/overlay_disk.hpp"
#include "testing/disks.hpp"
#include "testing/tools.hpp"

namespace imgport {
namespace {

using testing::FileDisk;
using ::testing::HasSubstr;
using testing::MemoryDisk;
using testing::patch_file;
using testing::run_shell;
using testing::Workshop;

struct Replayed {
    std::string note;
    std::string text;  // of the file "f"
};

std::string big_endian(std::uint32_t value)
{
    std::string bytes(4, '\0');
    store_be<std::uint32_t>(std::as_writable_bytes(std::span(bytes)), 0, value);
    return bytes;
}

class ExtJournal : public ::testing::Test {
protected:
    // A file "f" of 8 blocks, and a journal with what debugfs's commands wrote into it. In them, B0 ... B7 stand for
    // the file's blocks. "new" has 4 blocks of random bytes, "magic" one that begins with the journal's magic.
    void make(const std::string &options, std::uint32_t block_size, std::string commands)
    {
        m_block_size = block_size;
        m_image = m_shop.image("disk", 16 << 20);
        run_shell(
            fmt::format("cd {} && mke2fs -q -F -b {} {} disk && dd if=/dev/urandom of=f bs={} count=8 2>/dev/null && "
                        "dd if=/dev/urandom of=new bs={} count=4 2>/dev/null && head -c {} new > magic && "
                        "printf '\\300\\073\\071\\230' | dd of=magic conv=notrunc 2>/dev/null && "
                        "debugfs -w -R 'write f f' disk",
                        m_shop.path(), block_size, options, block_size, block_size, block_size));
        for (int i = 0; i < 8; ++i) {
            std::string const name = fmt::format("B{}", i);
            auto const number = std::to_string(block_of("f", i));
            for (auto at = commands.find(name); at != std::string::npos; at = commands.find(name))
                commands.replace(at, name.size(), number);
        }
        std::ofstream(m_shop.path() + "/commands") << commands;
        run_shell("cd " + m_shop.path() + " && debugfs -w -f commands disk");
    }
    std::uint64_t block_of(const std::string &file, int index) const
    {
        return std::stoull(run_shell(fmt::format("debugfs -R 'bmap {} {}' {} 2>/dev/null", file, index, m_image)));
    }
    void patch_journal(int block, std::uint64_t offset, const std::string &bytes)
    {
        patch_file(m_image, block_of("<8>", block) * m_block_size + offset, bytes);
    }
    Replayed replay()
    {
        auto opened = open_ext(std::make_shared<CachedDisk>(FileDisk::open(m_image)));
        if (!opened) {
            ADD_FAILURE() << describe(opened.error());
            return {};
        }
        Replayed out{opened->note, std::string(std::size_t{8} * m_block_size, '\0')};
        auto const inode = opened->reader->look_up(opened->reader->root(), "f");
        if (!inode || !*inode) {
            ADD_FAILURE() << "there is no f";
            return out;
        }
        auto const stream = opened->reader->open(**inode);
        auto const read = (*stream)->read(std::as_writable_bytes(std::span(out.text)));
        EXPECT_EQ(read.value(), out.text.size());
        return out;
    }
    std::string text_of_f(const std::string &image) const
    {
        run_shell(fmt::format("cd {} && debugfs -R 'dump f out' {}", m_shop.path(), image));
        return host_file("out");
    }
    // As e2fsck leaves it in a copy. It answers 1 or 2 where it did something.
    std::string oracle() const
    {
        run_shell(fmt::format("cd {} && cp disk copy && (e2fsck -fy copy || [ $? -lt 4 ])", m_shop.path()));
        return text_of_f("copy");
    }
    std::string host_file(const std::string &name) const
    {
        std::ifstream file(m_shop.path() + "/" + name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    Workshop m_shop;
    std::string m_image;
    std::uint32_t m_block_size = 0;
};

// ---------------------------------------------------------------------------------------------------- replay

struct Format {
    const char *name;
    const char *options;
    std::uint32_t block_size;
    const char *open;
};

class ExtJournalFormats : public ExtJournal, public ::testing::WithParamInterface<Format> {};

TEST_P(ExtJournalFormats, IsReplayedAsE2fsckDoesIt)
{
    IMGPORT_NEEDS("mke2fs", "debugfs", "e2fsck");
    auto const &format = GetParam();
    make(format.options, format.block_size,
         std::string(format.open) + "\njw -b B0,B1,B2,B3 new\njw -b B4 magic\njw -r B1\njw -b B2 magic\n"
                                    "jw -b B5,B6 -c new\njc\n");
    auto const before = host_file("disk");
    auto const replayed = replay();
    EXPECT_THAT(replayed.note, HasSubstr("4 transactions, 4 blocks"));
    EXPECT_TRUE(replayed.text == oracle());
    EXPECT_FALSE(replayed.text == host_file("f"));
    std::size_t const unit = format.block_size;
    EXPECT_TRUE(replayed.text.substr(unit, unit) == host_file("f").substr(unit, unit));  // revoked
    EXPECT_TRUE(replayed.text.substr(4 * unit, unit) == host_file("magic"));             // escaped
    EXPECT_TRUE(replayed.text.substr(5 * unit) == host_file("f").substr(5 * unit));      // not committed
    EXPECT_TRUE(host_file("disk") == before);
}

INSTANTIATE_TEST_SUITE_P(
    All, ExtJournalFormats,
    ::testing::Values(Format{"plain", "-t ext3", 1024, "jo"}, Format{"plain_4k", "-t ext3", 4096, "jo"},
                      Format{"checksum_v2", "-t ext4 -O metadata_csum,^64bit", 1024, "jo -c -v 2"},
                      Format{"checksum_v2_wide", "-t ext4 -O metadata_csum,64bit", 1024, "jo -c -v 2"},
                      Format{"checksum_v3", "-t ext4 -O metadata_csum,^64bit", 4096, "jo -c -v 3"},
                      Format{"checksum_v3_wide", "-t ext4 -O metadata_csum,64bit", 1024, "jo -c -v 3"},
                      Format{"wide", "-t ext4 -O ^metadata_csum,64bit", 1024, "jo"}),
    [](auto const &format) { return format.param.name; });

// debugfs's sums of version 1 are wrong where there are revoke blocks.
TEST_F(ExtJournal, ChecksumsOfVersion1)
{
    IMGPORT_NEEDS("mke2fs", "debugfs", "e2fsck");
    make("-t ext3", 1024, "jo -c\njw -b B0,B1,B2,B3 new\njw -b B4 magic\njc\n");
    auto const replayed = replay();
    EXPECT_THAT(replayed.note, HasSubstr("2 transactions, 5 blocks"));
    EXPECT_TRUE(replayed.text == oracle());
    EXPECT_TRUE(replayed.text.substr(0, 5120) == host_file("new") + host_file("magic"));
}

TEST_F(ExtJournal, AnEmptyLogLeavesTheVolumeAsItIs)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("-t ext3", 1024, "feature needs_recovery\n");
    auto const replayed = replay();
    EXPECT_THAT(replayed.note, HasSubstr("0 transactions, 0 blocks"));
    EXPECT_TRUE(replayed.text == host_file("f"));
}

TEST_F(ExtJournal, ALogMayGoOnAtTheBeginningOfTheRing)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("-t ext3", 1024, "jo\njw -b B0,B1,B2,B3 new\njc\n");
    // The log of six blocks, from block 1, is moved: two blocks before the end of the ring, four at its beginning.
    auto const disk = host_file("disk");
    auto const log = disk.substr(block_of("<8>", 1) * 1024, 6 * 1024);
    auto const blocks = load_be<std::uint32_t>(bytes_of(disk), block_of("<8>", 0) * 1024 + 0x10);
    for (std::size_t i = 0; i < 6; ++i)
        patch_journal(static_cast<int>(i < 2 ? blocks - 2 + i : i - 1), 0, log.substr(i * 1024, 1024));
    patch_journal(0, 0x1c, big_endian(blocks - 2));
    auto const replayed = replay();
    EXPECT_THAT(replayed.note, HasSubstr("1 transactions, 4 blocks"));
    EXPECT_TRUE(replayed.text.substr(0, 4096) == host_file("new"));
}

// ---------------------------------------------------------------------------------------------------- damage

TEST_F(ExtJournal, StopsAtADamagedTransaction)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    // Blocks of the log: 1 descriptor, 2 to 5 data, 6 commit, 7 descriptor, 8 data, 9 commit.
    struct Case {
        int block;
        const char *what;
        const char *open;
    };
    for (auto const &[block, what, open] :
         {Case{7, "transaction 2 is incomplete or damaged", "jo -c -v 3"},
          Case{8, "transaction 2 is damaged", "jo -c -v 3"}, Case{9, "transaction 2 is damaged", "jo -c -v 3"},
          Case{8, "transaction 2 is damaged", "jo -c -v 2"}}) {
        make("-t ext4 -O metadata_csum", 1024, std::string(open) + "\njw -b B0,B1,B2,B3 new\njw -b B4 magic\njc\n");
        patch_journal(block, 600, "damage");
        auto const replayed = replay();
        EXPECT_THAT(replayed.note, HasSubstr("1 transactions, 4 blocks"));
        EXPECT_THAT(replayed.note, HasSubstr(what));
        EXPECT_TRUE(replayed.text == host_file("new") + host_file("f").substr(4096));
    }
    make("-t ext3", 1024, "jo -c\njw -b B0,B1,B2,B3 new\njw -b B4 magic\njc\n");
    patch_journal(8, 600, "damage");
    EXPECT_THAT(replay().note, HasSubstr("transaction 2 is damaged"));
}

TEST_F(ExtJournal, BlockNumbersOutsideAndWrongCountsAreDamage)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("-t ext3", 1024, "jo\njw -b B0,B1,B2,B3 new\njw -r B1\njc\n");
    auto const disk = host_file("disk");
    patch_journal(1, 12, big_endian(0x7fffffff));  // the first tag's t_blocknr
    auto const outside = replay();
    EXPECT_THAT(outside.note, HasSubstr("0 transactions, 0 blocks; transaction 1 is damaged"));
    EXPECT_TRUE(outside.text == host_file("f"));
    std::ofstream(m_image, std::ios::binary) << disk;
    patch_journal(7, 12, big_endian(100000));  // r_count
    EXPECT_THAT(replay().note, HasSubstr("1 transactions, 4 blocks; transaction 2 is damaged"));
}

// Each block of the ring is a revoke block of the first transaction: there is no end but that of the ring.
TEST_F(ExtJournal, ARingWithoutAnEnd)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("-t ext4 -O ^metadata_csum", 1024, "jo\njw -r B1\njc\n");
    auto const disk = host_file("disk");
    auto const journal = block_of("<8>", 0);
    auto const first = disk.substr(block_of("<8>", 1) * 1024, 1024);
    std::string ring;
    for (int i = 1; i < 200; ++i)
        ring += first;
    ASSERT_EQ(block_of("<8>", 199), journal + 199) << "the journal is no longer contiguous";
    patch_file(m_image, (journal + 1) * 1024, ring);
    patch_journal(0, 0x10, big_endian(200));
    EXPECT_THAT(replay().note, HasSubstr("0 transactions, 0 blocks"));
}

TEST_F(ExtJournal, WhatCannotBeReplayedIsReadAsItLies)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("-t ext3", 1024, "jo\njw -b B0,B1,B2,B3 new\njc\n");
    auto const disk = host_file("disk");
    struct Case {
        std::uint64_t offset;
        std::uint32_t value;
        const char *what;
    };
    for (auto const &[offset, value, what] :
         {Case{0x0, 0, "no superblock"}, Case{0xc, 4096, "blocks of 4096 bytes"},
          Case{0x10, 0x7fffffff, "blocks, the filesystem"}, Case{0x14, 0, "s_first"}, Case{0x14, 100000, "s_first"},
          Case{0x1c, 100000, "s_start"}, Case{0x28, 0x80, "incompat 0x80"}, Case{0x28, 0x18, "s_feature_incompat"},
          Case{0x28, 0x10, "checksum type 0"}}) {
        std::ofstream(m_image, std::ios::binary) << disk;
        patch_journal(0, offset, big_endian(value));
        auto const replayed = replay();
        EXPECT_THAT(replayed.note, HasSubstr("read as it lies"));
        EXPECT_THAT(replayed.note, HasSubstr(what));
        EXPECT_TRUE(replayed.text == host_file("f"));
    }
    std::ofstream(m_image, std::ios::binary) << disk;
    run_shell("debugfs -w -R 'ssv journal_inum 0' " + m_image);
    EXPECT_THAT(replay().note, HasSubstr("another device"));
}

// The journal replaces the superblock by one that cannot be opened.
TEST_F(ExtJournal, AReplayThatLeavesNoFilesystemIsNotUsed)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("-t ext3", 1024, "jo\njw -b 1 new\njc\n");
    auto const replayed = replay();
    EXPECT_THAT(replayed.note, HasSubstr("after the replay it would not open"));
    EXPECT_TRUE(replayed.text == host_file("f"));
}

// The fast commit area: the last 256 blocks, one block behind the end of the log.
TEST_F(ExtJournal, FastCommitsAreLeftOutAndSaidSo)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("-t ext3 -J size=2", 1024, "jo\njw -b B0,B1,B2,B3 new\njc\n");
    patch_journal(0, 0x28, big_endian(0x21));
    EXPECT_THAT(replay().note, HasSubstr("1 transactions, 4 blocks"));
    std::string head("\x09\0\x08\0\0\0\0\0\x02\0\0\0", 12);  // EXT4_FC_TAG_HEAD of transaction 2
    patch_journal(2048 - 256 + 1, 0, head);
    auto const replayed = replay();
    EXPECT_THAT(replayed.note, HasSubstr("the fast commits of transaction 2 are left out"));
    EXPECT_TRUE(replayed.text.substr(0, 4096) == host_file("new"));
}

// ---------------------------------------------------------------------------------------------------- the overlay

TEST(OverlayDisk, PiecesOfAllKindsOfBlocks)
{
    auto const below = std::make_shared<MemoryDisk>(64);
    for (std::size_t i = 0; i < 64; ++i)
        below->put_le<std::uint8_t>(i, static_cast<std::uint8_t>('0' + i));
    std::vector<ReplacedBlock> blocks(2);
    blocks[0].block = 1;
    blocks[0].source = 5;
    blocks[1].block = 2;
    blocks[1].source = 6;
    blocks[1].escaped = 1;
    OverlayDisk overlay(below, 8, "!?", std::move(blocks));
    std::string const expected = "01234567XYZ[\\]^_!?bcdefgHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmno";
    for (std::size_t from = 0; from < 64; ++from) {
        for (std::size_t length = 1; from + length <= 64; ++length) {
            std::string read(length, '\0');
            ASSERT_TRUE(overlay.read(from, std::as_writable_bytes(std::span(read))));
            ASSERT_EQ(read, expected.substr(from, length));
        }
    }
    std::byte byte{};
    EXPECT_FALSE(overlay.read(64, {&byte, 1}));
}

}  // namespace
}  // namespace imgport
