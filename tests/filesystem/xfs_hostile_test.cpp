// XFS filesystems that break their own format, or have what is not read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/crc32c.hpp"
#include "support/bytes.hpp"
#include "xfs_images.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

template <class T>
std::string big(T value)
{
    std::string text(sizeof(T), '\0');
    store_be<T>(std::as_writable_bytes(std::span(text)), 0, value);
    return text;
}

// A version 4 filesystem, which has no checksums that would hide what lies behind them: blocks of 4096 bytes, inodes of
// 512.
class XfsVersion4 : public ::testing::Test {
protected:
    void SetUp() override
    {
        IMGPORT_NEEDS("mkfs.xfs", "xfs_db");
        Proto proto(m_shop);
        proto.file("file", std::string(40'000, 'f')).link("link", "target");
        proto.begin("short").links("s", 3).end();
        proto.begin("block").links("entry-", 100).end();
        proto.begin("node").links("entry-", 3000).end();
        m_file = proto.make("-m crc=0 -i size=512");
    }
    std::uint64_t inode_at(const std::string &path) const
    {
        auto const said = run_tool({"xfs_db", "-r", "-c", "path " + path, "-c", "inode", m_file});
        std::uint64_t const number = std::stoull(said.substr(said.rfind(' ') + 1));  // "current inode number is 131"
        std::uint64_t const shift = xfs_number(m_file, "sb 0", "agblklog") + 3;      // 8 inodes are in a block
        std::uint64_t const group = xfs_number(m_file, "sb 0", "agblocks") * 4096;
        return (number >> shift) * group + (number & ((std::uint64_t{1} << shift) - 1)) * 512;
    }
    // Byte of the block at `block` of the file.
    std::uint64_t block_at(const std::string &path, std::uint64_t block) const
    {
        auto const said = run_tool(
            {"xfs_db", "-r", "-c", "path " + path, "-c", fmt::format("dblock {}", block), "-c", "daddr", m_file});
        return std::stoull(said.substr(said.rfind(' ') + 1)) * 512;  // "current daddr is 96"
    }
    std::uint64_t block_number(const std::string &path, std::uint64_t block) const
    {
        return block_at(path, block) / 4096;
    }
    void patch(std::uint64_t at, const std::string &bytes) const { patch_file(m_file, at, bytes); }
    std::unique_ptr<InodeTree> tree() const
    {
        auto opened = open_xfs_image(m_file);
        EXPECT_TRUE(opened) << opened.error().message;
        return opened ? std::move(*opened) : nullptr;
    }
    void expect_open_fails(ErrorCode code, const std::string &words) const
    {
        auto const opened = open_xfs_image(m_file);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, code);
        EXPECT_THAT(opened.error().message, HasSubstr(words));
    }
    template <class T>
    static void expect_malformed(const Result<T> &result, const std::string &words)
    {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, ErrorCode::malformed);
        EXPECT_THAT(result.error().message, HasSubstr(words));
    }
    static Result<void> read_all(RawTree &tree, const std::string &path)
    {
        auto const stream = tree.open(path);
        if (!stream)
            return fail(stream.error());
        std::vector<std::byte> piece(1 << 20);
        for (;;) {
            auto const got = (*stream)->read(piece);
            if (!got)
                return fail(got.error());
            if (*got == 0)
                return {};
        }
    }

    static constexpr std::uint64_t index_block = 8'388'608;  // 32 GiB
    Workshop m_shop;
    std::string m_file;
};

}  // namespace

TEST_F(XfsVersion4, SuperblockThatContradictsItself)
{
    struct Case {
        std::uint64_t at;
        std::string bytes;
        std::string words;
    };
    auto const whole = Fd(::open(m_file.c_str(), O_RDONLY | O_CLOEXEC));
    for (auto const &one :
         {Case{0, "XFSC", "XFSB"}, Case{4, big<std::uint32_t>(4097), "sb_blocksize"}, Case{120, "\x0b", "sb_blocksize"},
          Case{102, big<std::uint16_t>(3), "sb_sectsize"}, Case{104, big<std::uint16_t>(128), "sb_inodesize"},
          Case{123, "\x09", "sb_inopblog"}, Case{192, "\x40", "sb_dirblklog"},
          Case{84, big<std::uint32_t>(0), "sb_agblocks"}, Case{124, "\x3f", "sb_agblklog"},
          Case{88, big<std::uint32_t>(~0U), "sb_dblocks"}, Case{88, big<std::uint32_t>(0), "sb_dblocks"},
          Case{126, "\x01", "mkfs"}, Case{56, big<std::uint64_t>(~0ULL), "outside the filesystem"}}) {
        std::string before(one.bytes.size(), '\0');
        ASSERT_EQ(::pread(whole.get(), before.data(), before.size(), static_cast<off_t>(one.at)),
                  static_cast<ssize_t>(before.size()));
        patch(one.at, one.bytes);
        expect_open_fails(ErrorCode::malformed, one.words);
        patch(one.at, before);
    }
    EXPECT_TRUE(tree());
}

TEST_F(XfsVersion4, FeaturesThatAreNotReadAreNamed)
{
    patch(100, big<std::uint16_t>(0xb4a4 | 0x4000));
    expect_open_fails(ErrorCode::unsupported, "ignore case");
    patch(100, big<std::uint16_t>(0xb4a4 & ~0x2000));
    expect_open_fails(ErrorCode::unsupported, "version 1 directories");
    patch(100, big<std::uint16_t>(0xb4a3));
    expect_open_fails(ErrorCode::unsupported, "superblock version 3");
    patch(100, big<std::uint16_t>(0xb4a4));
    patch(200, big<std::uint32_t>(0x40000));
    expect_open_fails(ErrorCode::unsupported, "features2 bit 0x40000");
}

TEST_F(XfsVersion4, InodesThatAreNone)
{
    auto const at = inode_at("/file");
    patch(at + 2, big<std::uint16_t>(0));
    expect_malformed(tree()->lstat("/file"), "not in use");
    patch(at + 2, big<std::uint16_t>(0170644));
    expect_malformed(tree()->lstat("/file"), "di_mode");
    patch(at + 2, big<std::uint16_t>(0100644));
    patch(at + 5, "\x09");
    expect_malformed(tree()->lstat("/file"), "di_format");
    patch(at + 5, "\x01");
    expect_malformed(tree()->open("/file"), "extents");
    patch(at + 5, "\x02");
    patch(at + 82, "\xff");
    expect_malformed(tree()->lstat("/file"), "di_forkoff");
    patch(at + 82, std::string(1, '\0'));
    patch(at + 56, big<std::uint64_t>(1ULL << 63));
    expect_malformed(tree()->lstat("/file"), "di_size");
    patch(at + 56, big<std::uint64_t>(40'000));
    patch(at, "XX");
    expect_malformed(tree()->lstat("/file"), "there is no inode");
}

TEST_F(XfsVersion4, FileOnTheRealtimeDeviceIsNamed)
{
    patch(inode_at("/file") + 90, big<std::uint16_t>(1));
    auto const opened = tree()->open("/file");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unsupported);
    EXPECT_THAT(opened.error().message, HasSubstr("realtime"));
}

TEST_F(XfsVersion4, ExtentsThatAreWrong)
{
    auto const at = inode_at("/file");
    patch(at + 76, big<std::uint32_t>(26));  // the inode has room for 25
    expect_malformed(tree()->open("/file"), "no room for 26");
    patch(at + 76, big<std::uint32_t>(2));  // the second is all zero: no blocks
    expect_malformed(tree()->open("/file"), "out of order");
    patch(at + 76, big<std::uint32_t>(1));
    patch(at + 100 + 8, big<std::uint64_t>(~0ULL));
    expect_malformed(tree()->open("/file"), "outside the filesystem");
}

namespace {

std::string extent(std::uint64_t offset, std::uint64_t block, std::uint64_t count)
{
    return big<std::uint64_t>(offset << 9 | block >> 43) + big<std::uint64_t>(block << 21 | count);
}
// A root in an inode of 512 bytes with room for 25 records, and one child.
std::string tree_root(std::uint16_t level, std::uint64_t child)
{
    return big<std::uint16_t>(level) + big<std::uint16_t>(1) + big<std::uint64_t>(0) + std::string(24 * 8, '\0') +
           big<std::uint64_t>(child);
}
std::string tree_header(std::uint16_t level, std::uint16_t count)
{
    return "BMAP" + big(level) + big(count) + big(~0ULL) + big(~0ULL);
}

}  // namespace

TEST_F(XfsVersion4, TreeOfExtents)
{
    auto const at = inode_at("/file");
    std::uint64_t const data = block_number("/file", 0);
    // The free end of the first allocation group.
    std::uint64_t const node = xfs_number(m_file, "sb 0", "agblocks") - 2;
    std::uint64_t const leaf = node + 1;
    patch(at + 5, "\x03");
    patch(at + 64, big<std::uint64_t>(30));  // di_nblocks and di_nextents: xfs_db wants enough for a tree
    patch(at + 76, big<std::uint32_t>(30));
    patch(at + 100, tree_root(2, node));
    // Room for 254 records: the pointers lie behind the keys.
    patch(node * 4096, tree_header(1, 1) + big<std::uint64_t>(0));
    patch(node * 4096 + 24 + 254 * 8, big(leaf));
    patch(leaf * 4096, tree_header(0, 2) + extent(0, data + 5, 1) + extent(3, data, 1));
    patch((data + 5) * 4096, std::string(4096, 'a'));
    patch(data * 4096, std::string(4096, 'b'));
    auto const sound = tree();
    EXPECT_TRUE(content_of(*sound, "/file") == std::string(4096, 'a') + std::string(8192, '\0') +
                                                   std::string(4096, 'b') + std::string(40'000 - 4 * 4096, '\0'));
    auto const bmap = run_tool({"xfs_db", "-r", "-c", "path /file", "-c", "bmap", m_file});
    EXPECT_THAT(bmap, HasSubstr(fmt::format("data offset 3 startblock {}", data)));

    // A node that is its own child, and other wrong ones.
    patch(node * 4096 + 24 + 254 * 8, big(node));
    expect_malformed(read_all(*tree(), "/file"), "no block of level 0");
    patch(node * 4096 + 24 + 254 * 8, big(~0ULL >> 12));
    expect_malformed(read_all(*tree(), "/file"), "outside the filesystem");
    patch(node * 4096 + 24 + 254 * 8, big(leaf));
    patch(node * 4096 + 6, big<std::uint16_t>(255));
    expect_malformed(read_all(*tree(), "/file"), "bb_numrecs");
    patch(node * 4096 + 6, big<std::uint16_t>(1));
    patch(leaf * 4096 + 6, big<std::uint16_t>(0));
    expect_malformed(read_all(*tree(), "/file"), "bb_numrecs of a leaf is 0");
    patch(leaf * 4096, tree_header(0, 2) + extent(3, data, 1) + extent(3, data, 1));
    expect_malformed(read_all(*tree(), "/file"), "out of order");
    patch(at + 100, big<std::uint16_t>(0xffff));
    expect_malformed(read_all(*tree(), "/file"), "bb_level of the root");
}

TEST_F(XfsVersion4, ShortFormThatLeavesItsInode)
{
    auto const at = inode_at("/short");
    patch(at + 100, "\xff");
    expect_malformed(tree()->list("/short"), "leaves the short form");
    patch(at + 56, big<std::uint64_t>(1));
    expect_malformed(tree()->list("/short"), "no short form");
    patch(at + 56, big<std::uint64_t>(5000));
    expect_malformed(tree()->list("/short"), "di_size");
}

TEST_F(XfsVersion4, DirectoryBlocksThatAreWrong)
{
    auto const at = block_at("/block", 0);
    // "." is at 16, ".." at 32, the first name at 48; its tag ends it. "entry-0" takes 24 bytes.
    patch(at + 48 + 22, big<std::uint16_t>(7));
    expect_malformed(tree()->list("/block"), "wrong tag at byte 48");
    patch(at + 48 + 22, big<std::uint16_t>(48));
    patch(at + 48 + 9, "/");
    expect_malformed(tree()->list("/block"), "no name");
    patch(at + 48, big<std::uint16_t>(0xffff) + big<std::uint16_t>(0));
    expect_malformed(tree()->list("/block"), "unused part");
    patch(at + 4088, big<std::uint32_t>(~0U));
    expect_malformed(tree()->list("/block"), "index entries");
    patch(at, "XXXX");
    expect_malformed(tree()->list("/block"), "no directory block");
    expect_malformed(tree()->lstat("/block/entry-1"), "no directory block");
}

TEST_F(XfsVersion4, DirectoryIndexThatGoesRound)
{
    auto const root = block_at("/node", index_block);
    EXPECT_TRUE(tree()->lstat("/node/entry-1").value());
    // Every child of the root is the root.
    for (std::uint64_t i = 0; i < 50; ++i)
        patch(root + 16 + i * 8 + 4, big<std::uint32_t>(index_block));
    expect_malformed(tree()->lstat("/node/entry-1"), "no index block of the expected level");
    // A leaf without end: all names have one hash, and the next leaf is itself.
    auto const leaf = block_at("/node", index_block + 1);
    std::string entries;
    for (int i = 0; i < 500; ++i)
        entries += big<std::uint32_t>(0x41) + big<std::uint32_t>(0);
    patch(leaf, big<std::uint32_t>(index_block + 1) + big<std::uint32_t>(0) + big<std::uint16_t>(0xd2ff) +
                    big<std::uint16_t>(0) + big<std::uint16_t>(500) + big<std::uint16_t>(500) + entries);
    for (std::uint64_t i = 0; i < 50; ++i)
        patch(root + 16 + i * 8 + 4, big<std::uint32_t>(index_block + 1));
    auto const found = tree()->lstat("/node/A");  // its hash is 0x41
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::unsupported);
    EXPECT_THAT(found.error().message, HasSubstr("names of one hash"));
    patch(leaf + 12, big<std::uint16_t>(0xffff));
    expect_malformed(tree()->lstat("/node/A"), "number of index records");
    patch(leaf + 12, big<std::uint16_t>(1));
    patch(leaf + 16 + 4, big<std::uint32_t>(~0U));
    expect_malformed(tree()->lstat("/node/A"), "there is a hole");
}

TEST_F(XfsVersion4, SymbolicLinksOfAWrongLength)
{
    auto const at = inode_at("/link");
    for (std::uint64_t const size : {0, 1025, 1024}) {
        patch(at + 56, big(size));
        expect_malformed(tree()->read_link("/link"), fmt::format("di_size is {}", size));
    }
}

TEST_F(XfsVersion4, VolumeThatIsCutShort)
{
    std::filesystem::resize_file(m_file, block_at("/file", 1));
    auto const cut = tree();
    EXPECT_TRUE(cut->lstat("/file").value());
    EXPECT_FALSE(read_all(*cut, "/file"));
    std::filesystem::resize_file(m_file, 300);
    EXPECT_FALSE(open_xfs_image(m_file));
}

TEST(XfsVersion5, UnknownIncompatibleFeatureIsNamed)
{
    IMGPORT_NEEDS("mkfs.xfs", "xfs_db");
    Workshop const shop;
    auto const file = Proto(shop).make("");
    auto const write_features = [&](std::uint32_t bits) {
        patch_file(file, 216, big(bits));
        std::vector<std::byte> sector(512);
        ASSERT_TRUE(FileDisk::open(file)->read(0, sector));
        store_le<std::uint32_t>(sector, 224, 0);
        store_le<std::uint32_t>(sector, 224, crc32c(0, sector));
        patch_file(file, 0, text_of(sector));
    };
    auto const known = static_cast<std::uint32_t>(xfs_number(file, "sb 0", "features_incompat"));
    for (std::uint32_t const bit : {0x10U, 0x100U, 0x80000000U}) {
        write_features(known | bit);
        auto const opened = open_xfs_image(file);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::unsupported);
        EXPECT_THAT(opened.error().message, HasSubstr(fmt::format("incompatible feature bit {:#x}", bit)));
    }
    write_features(known | 0x40 | 0x80);  // exchange, parent: they change nothing of what is read
    EXPECT_TRUE(open_xfs_image(file));
}

TEST(XfsVersion5, WrongChecksumsAndPlacesAreFound)
{
    IMGPORT_NEEDS("mkfs.xfs", "xfs_db");
    Workshop const shop;
    Proto proto(shop);
    proto.begin("node").links("entry-", 3000).end();
    auto const file = proto.make("");
    auto const at = [&](const std::string &where) {
        auto const said = run_tool({"xfs_db", "-r", "-c", "path /node", "-c", where, "-c", "daddr", file});
        return std::stoull(said.substr(said.rfind(' ') + 1)) * 512;
    };
    auto const damage = [&](std::uint64_t offset, const std::string &words, auto &&use) {
        std::string byte(1, '\0');
        Fd const fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
        ASSERT_EQ(::pread(fd.get(), byte.data(), 1, static_cast<off_t>(offset)), 1);
        patch_file(file, offset, std::string(1, static_cast<char>(byte[0] ^ 1)));
        auto opened = open_xfs_image(file);
        Result<void> result;
        if (opened)
            result = use(**opened);
        else
            result = fail(opened.error());
        ASSERT_FALSE(result) << words;
        EXPECT_EQ(result.error().code, ErrorCode::malformed);
        EXPECT_THAT(result.error().message, HasSubstr(words));
        EXPECT_THAT(result.error().message, HasSubstr("checksum is wrong"));
        patch_file(file, offset, byte);
    };
    auto const list = [](InodeTree &tree) -> Result<void> {
        auto const listed = tree.list("/node");
        return listed ? Result<void>() : fail(listed.error());
    };
    auto const look_up = [](InodeTree &tree) -> Result<void> {
        auto const found = tree.lstat("/node/entry-7");
        return found ? Result<void>() : fail(found.error());
    };
    damage(108, "superblock", list);  // its label
    damage(xfs_number(file, "sb 0", "rootino") * 512 + 300, "inode", list);
    damage(at("dblock 1") + 100, "directory block", list);
    damage(at("dblock 8388608") + 100, "directory block", look_up);

    // A sound block of the directory, but at the place of another.
    Fd const fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    std::string block(4096, '\0');
    ASSERT_EQ(::pread(fd.get(), block.data(), block.size(), static_cast<off_t>(at("dblock 2"))), 4096);
    patch_file(file, at("dblock 1"), block);
    auto const listed = open_xfs_image(file).value()->list("/node");
    ASSERT_FALSE(listed);
    EXPECT_THAT(listed.error().message, HasSubstr("written for another place"));
}
