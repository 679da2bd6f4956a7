// ext2, ext3 and ext4 images by mke2fs, read back; debugfs is the oracle and the vandal.
#include "filesystem/ext_tree.hpp"

#include <fstream>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "filesystem/cached_disk.hpp"
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

Result<ExtOpened> open_image(const std::string &image)
{
    return open_ext(std::make_shared<CachedDisk>(FileDisk::open(image)));
}

std::unique_ptr<InodeTree> tree_of(const std::string &image)
{
    auto opened = open_image(image);
    if (!opened) {
        ADD_FAILURE() << describe(opened.error());
        return nullptr;
    }
    EXPECT_EQ(opened->note, "");
    return std::make_unique<InodeTree>(std::move(opened->reader), "/dev/sda1");
}

Result<std::string> content(RawTree &tree, const std::string &path)
{
    auto const stream = tree.open(path);
    if (!stream)
        return fail(stream.error());
    std::string text;
    std::vector<std::byte> buffer(1 << 20);
    while (true) {
        auto const read = (*stream)->read(buffer);
        if (!read)
            return fail(read.error());
        if (*read == 0)
            return text;
        text += text_of(Bytes(buffer).first(*read));
    }
}

std::string error_of(const Result<std::string> &result)
{
    return result ? "" : result.error().message;
}

std::string read_host(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A folder with some of everything.
std::string make_sources(const Workshop &shop)
{
    std::string const folder = shop.path() + "/src";
    run_shell("mkdir -p " + folder + "/d/empty && cd " + folder +
              " && printf 'hello\\n' > d/small && : > d/nothing && printf 'exactly sixty-one bytes, one more than the "
              "block area of 60.' > d/mid && chmod 640 d/mid && dd if=/dev/urandom of=big bs=100k count=10 2>/dev/null"
              " && truncate -s 20M sparse && printf x >> sparse && ln -s d/small fast && ln -s " +
              std::string(150, 'y') +
              " slow && ln d/small hard && mkfifo pipe && mkdir many && cd many && "
              "seq -f a-file-with-quite-some-name-%g 700 | xargs touch");
    return folder;
}

struct Layout {
    const char *name;
    const char *options;
};

class ExtLayouts : public ::testing::TestWithParam<Layout> {};

TEST_P(ExtLayouts, FilesAreReadAsTheyWereWritten)
{
    IMGPORT_NEEDS("mke2fs");
    Workshop const shop;
    auto const folder = make_sources(shop);
    auto const image = shop.image("disk", 64 << 20);
    run_shell(fmt::format("mke2fs -q -F {} -d {} {}", GetParam().options, folder, image));
    auto const tree = tree_of(image);
    ASSERT_TRUE(tree);
    for (std::string const file : {"d/small", "d/nothing", "d/mid", "big", "sparse", "hard"}) {
        auto const read = content(*tree, "/" + file);
        ASSERT_TRUE(read) << file << ": " << read.error().message;
        EXPECT_TRUE(*read == read_host(folder + "/" + file)) << file;
    }
    EXPECT_EQ(*tree->read_link("/fast"), "d/small");
    EXPECT_EQ(*tree->read_link("/slow"), std::string(150, 'y'));
    EXPECT_EQ((*tree->lstat("/d/mid"))->mode, 0640U);
    EXPECT_EQ((*tree->lstat("/pipe"))->kind, FileKind::fifo);
    EXPECT_EQ((*tree->lstat("/sparse"))->size, (20U << 20) + 1);
    EXPECT_FALSE(*tree->lstat("/d/none"));
    EXPECT_TRUE(tree->list("/d/empty")->empty());
    auto const many = tree->list("/many");
    ASSERT_TRUE(many);
    ASSERT_EQ(many->size(), 700U);
    for (auto const &entry : *many) {
        EXPECT_EQ(entry.kind, FileKind::regular);
        EXPECT_TRUE(*tree->lstat("/many/" + entry.name)) << entry.name;
    }
}

INSTANTIATE_TEST_SUITE_P(Options, ExtLayouts,
                         ::testing::Values(Layout{"ext2_1k", "-t ext2 -b 1024"}, Layout{"ext3", "-t ext3 -b 4096"},
                                           Layout{"ext4", "-t ext4 -b 4096"}, Layout{"ext4_1k", "-t ext4 -b 1024"},
                                           Layout{"inline_data", "-t ext4 -O inline_data -I 512"},
                                           Layout{"meta_bg", "-t ext4 -b 1024 -O meta_bg,^resize_inode"},
                                           Layout{"bigalloc", "-t ext4 -O bigalloc -C 16384"},
                                           Layout{"bigalloc_1k", "-t ext4 -b 1024 -O bigalloc -C 16384"},
                                           Layout{"narrow", "-t ext4 -O ^64bit,^metadata_csum,^dir_index"},
                                           Layout{"no_types", "-t ext2 -O ^filetype"},
                                           Layout{"large_blocks", "-t ext4 -b 65536"}),
                         [](auto const &layout) { return layout.param.name; });

TEST(Ext, NamesItsGeneration)
{
    IMGPORT_NEEDS("mke2fs");
    Workshop const shop;
    for (std::string const type : {"ext2", "ext3", "ext4"}) {
        auto const image = shop.image(type, 8 << 20);
        run_shell("mke2fs -q -F -t " + type + " " + image);
        EXPECT_EQ(open_image(image)->reader->name(), type);
    }
}

TEST(Ext, OwnersAndFlagsComeOutOfTheInode)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    Workshop const shop;
    auto const image = shop.image("disk", 8 << 20);
    run_shell(
        "mke2fs -q -F -t ext4 " + image + " && cd " + shop.path() +
        " && echo x > f && printf 'write f f\nwrite f g\nsif f uid 70000\nsif f gid 100000\nsif f flags 0x80030\n'"
        " | debugfs -w " +
        image);
    auto const tree = tree_of(image);
    ASSERT_TRUE(tree);
    EXPECT_EQ((*tree->lstat("/f"))->uid, 70000U);
    EXPECT_EQ((*tree->lstat("/f"))->gid, 100000U);
    EXPECT_TRUE((*tree->flags("/f"))->immutable);
    EXPECT_TRUE((*tree->flags("/f"))->append_only);
    EXPECT_FALSE((*tree->flags("/g"))->immutable);
}

// Every other block of a file is taken away, so that the tree has thousands of extents on two levels.
TEST(Ext, AFileInThousandsOfExtents)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    Workshop const shop;
    auto const image = shop.image("disk", 32 << 20);
    std::string text(12U << 20, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>('a' + i / 1024 % 26);
    std::ofstream(shop.path() + "/f", std::ios::binary) << text;
    std::string commands = "write f f\n";
    for (std::size_t block = 1; block < text.size() / 1024; block += 2) {
        commands += fmt::format("punch f {} {}\n", block, block);
        std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(block * 1024), 1024, '\0');
    }
    std::ofstream(shop.path() + "/commands") << commands;
    run_shell("cd " + shop.path() +
              " && mke2fs -q -F -t ext4 -b 1024 -O ^has_journal disk && debugfs -w -f commands disk");
    auto const tree = tree_of(image);
    ASSERT_TRUE(tree);
    auto const read = content(*tree, "/f");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(*read == text);
}

TEST(Ext, ReservedExtentsReadAsZeroes)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    Workshop const shop;
    auto const image = shop.image("disk", 8 << 20);
    run_shell("cd " + shop.path() +
              " && mke2fs -q -F -t ext4 -b 1024 disk && echo x > f && "
              "printf 'write f f\nfallocate f 1 99\nsif f size 102400\n' | debugfs -w disk");
    auto const tree = tree_of(image);
    ASSERT_TRUE(tree);
    auto const read = content(*tree, "/f");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(*read == "x\n" + std::string(102398, '\0'));
}

TEST(Ext, UnsupportedFeaturesAreNamed)
{
    IMGPORT_NEEDS("mke2fs");
    Workshop const shop;
    auto const image = shop.image("disk", 8 << 20);
    std::map<std::uint32_t, std::string> const features{
        {0x1, "compression"}, {0x8, "journal_dev"}, {0x1000, "dirdata"}, {0x80000000, "0x80000000"}};
    for (auto const &[bit, name] : features) {
        run_shell("mke2fs -q -F -t ext2 " + image);
        std::string bytes(4, '\0');
        store_le<std::uint32_t>(std::as_writable_bytes(std::span(bytes)), 0, 0x2 | bit);
        patch_file(image, 1024 + 0x60, bytes);
        auto const opened = open_image(image);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::unsupported);
        EXPECT_THAT(opened.error().message, HasSubstr(name));
    }
}

TEST(Ext, UnsupportedFilesAreNamed)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    Workshop const shop;
    auto const image = shop.image("disk", 8 << 20);
    run_shell("cd " + shop.path() +
              " && mke2fs -q -F -t ext4 -O casefold,encrypt,verity disk && echo x > f && "
              "printf 'write f crypt\nwrite f verity\nmkdir fold\nsif crypt flags 0x80800\nsif verity flags 0x180000\n"
              "sif fold flags 0x40080000\n' | debugfs -w disk");
    auto const tree = tree_of(image);
    ASSERT_TRUE(tree);
    EXPECT_THAT(error_of(content(*tree, "/crypt")), HasSubstr("fscrypt"));
    EXPECT_THAT(error_of(content(*tree, "/verity")), HasSubstr("fs-verity"));
    auto const listed = tree->list("/fold");
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().code, ErrorCode::unsupported);
    EXPECT_THAT(listed.error().message, HasSubstr("casefold"));
}

// ---------------------------------------------------------------------------------------------------- damage

TEST(ExtDamage, TheSuperblock)
{
    IMGPORT_NEEDS("mke2fs");
    Workshop const shop;
    auto const image = shop.image("disk", 8 << 20);
    std::string const make = "mke2fs -q -F -t ext4 " + image;
    auto const message = [&] {
        auto const opened = open_image(image);
        EXPECT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::malformed);
        return opened ? "" : opened.error().message;
    };
    run_shell(make);
    patch_file(image, 1024 + 0x38, std::string(2, '\0'));
    EXPECT_THAT(message(), HasSubstr("magic"));
    run_shell(make);
    patch_file(image, 1024 + 0x78, "label");
    EXPECT_THAT(message(), HasSubstr("checksum"));
    run_shell("mke2fs -q -F -t ext2 " + image);
    patch_file(image, 1024 + 0x28, std::string(4, '\0'));  // s_inodes_per_group
    EXPECT_THAT(message(), HasSubstr("superblock"));
    run_shell(make + " && truncate -s 5M " + image);
    EXPECT_THAT(message(), HasSubstr("more than the volume"));
    run_shell("truncate -s 1500 " + image);
    EXPECT_THAT(message(), HasSubstr("too small"));
}

class Damaged : public ::testing::Test {
protected:
    // A file `f` of 100 blocks of 1024 bytes, and a directory `d`, without checksums.
    void make(const std::string &type, const std::string &vandalism)
    {
        m_image = m_shop.image("disk", 8 << 20);
        run_shell("cd " + m_shop.path() + " && mke2fs -q -F -b 1024 -t " + type +
                  " -O ^metadata_csum,^has_journal disk && "
                  "dd if=/dev/urandom of=f bs=1k count=400 2>/dev/null && printf 'write f f\nmkdir d\nmkdir d/e\n" +
                  vandalism + "' | debugfs -w disk");
    }
    std::string complaint(const std::string &path)
    {
        auto const tree = tree_of(m_image);
        return tree ? error_of(content(*tree, path)) : "";
    }
    std::uint64_t first_block_of(const std::string &path)
    {
        return std::stoull(run_shell("debugfs -R 'bmap " + path + " 0' " + m_image + " 2>/dev/null"));
    }

    Workshop m_shop;
    std::string m_image;
};

TEST_F(Damaged, ABlockMapThatLeadsOutside)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("ext2", "sif f block[0] 99999999\n");
    EXPECT_THAT(complaint("/f"), HasSubstr("block 0 of inode 12 is at block 99999999"));
    make("ext2", "sif f block[IND] 99999999\n");
    EXPECT_THAT(complaint("/f"), HasSubstr("outside the volume"));
}

// The triple indirect block points at itself: three levels, and then a block that is data.
TEST_F(Damaged, ABlockMapThatIsACircle)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("ext2", "sif f block[TIND] 3000\nsif f size 0x100000000\n");
    std::string pointers(1024, '\0');
    for (std::size_t i = 0; i < 256; ++i)
        store_le<std::uint32_t>(std::as_writable_bytes(std::span(pointers)), 4 * i, 3000);
    patch_file(m_image, 3000 * 1024, pointers);
    auto const tree = tree_of(m_image);
    ASSERT_TRUE(tree);
    auto const stream = tree->open("/f");
    ASSERT_TRUE(stream);
    std::vector<std::byte> buffer(1 << 20);
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ((*stream)->read(buffer).value(), buffer.size());
    EXPECT_EQ(load_le<std::uint32_t>(buffer, 0), 3000U);
}

TEST_F(Damaged, AnExtentTreeThatIsTooDeepOrACircle)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    // The header is 0xf30a, the number of entries and their maximum, and the depth.
    make("ext4", "sif f block[1] 0x00070004\n");
    EXPECT_THAT(complaint("/f"), HasSubstr("7 levels deep"));
    // Depth 2, one index entry at block 3000; there, an index entry for block 3000 again.
    make("ext4", "sif f block[0] 0x0001f30a\nsif f block[1] 0x00020004\nsif f block[3] 0\nsif f block[4] 3000\n");
    std::string node(1024, '\0');
    auto const bytes = std::as_writable_bytes(std::span(node));
    store_le<std::uint16_t>(bytes, 0, 0xf30a);
    store_le<std::uint16_t>(bytes, 2, 1);
    store_le<std::uint16_t>(bytes, 4, 84);
    store_le<std::uint16_t>(bytes, 6, 1);
    store_le<std::uint32_t>(bytes, 16, 3000);
    patch_file(m_image, 3000 * 1024, node);
    EXPECT_THAT(complaint("/f"), HasSubstr("the extent tree of inode 12"));
}

TEST_F(Damaged, AnExtentThatLeadsOutside)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("ext4", "sif f block[5] 8191\n");
    EXPECT_THAT(complaint("/f"), HasSubstr("an extent of inode 12"));
}

TEST_F(Damaged, DirectoryEntries)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    struct Case {
        std::uint64_t offset;
        std::string bytes;
        std::string field;
    };
    // "." has 12 bytes, ".." the next 12, then comes the one for "e".
    for (auto const &[offset, bytes, field] :
         {Case{4, std::string(2, '\0'), "rec_len"}, Case{4, "\x0d", "rec_len"}, Case{28, "\xff\xff", "rec_len"},
          Case{30, std::string(1, '\0'), "name_len"}, Case{32, "/", "name"}, Case{24, "\xff\xff\xff", "inode"}}) {
        make("ext4", "");
        patch_file(m_image, first_block_of("d") * 1024 + offset, bytes);
        auto const tree = tree_of(m_image);
        ASSERT_TRUE(tree);
        auto const listed = tree->list("/d");
        ASSERT_FALSE(listed) << field;
        EXPECT_EQ(listed.error().code, ErrorCode::malformed);
        EXPECT_EQ(listed.error().field, field);
        EXPECT_FALSE(tree->lstat("/d/e"));
    }
}

TEST_F(Damaged, DirectorySizesAndInodes)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    make("ext4", "sif d size 2048\n");
    EXPECT_THAT(tree_of(m_image)->list("/d").error().message, HasSubstr("hole"));
    make("ext4", "sif d size 0x500000000\n");
    EXPECT_THAT(tree_of(m_image)->list("/d").error().message, HasSubstr("size of the directory"));
    make("ext4", "sif f links_count 0\n");
    EXPECT_THAT(complaint("/f"), HasSubstr("not in use"));
    make("ext4", "link <8> journal\n");
    EXPECT_THAT(complaint("/journal"), HasSubstr("reserved inode"));
}

TEST(ExtDamage, ChecksumsOfInodesDirectoriesAndExtents)
{
    IMGPORT_NEEDS("mke2fs", "debugfs");
    Workshop const shop;
    auto const image = shop.image("disk", 8 << 20);
    run_shell("cd " + shop.path() +
              " && mke2fs -q -F -b 1024 -t ext4 -O metadata_csum disk && echo x > f && "
              "printf 'write f f\nmkdir d\nwrite f d/g\n' | debugfs -w disk");
    auto const block = std::stoull(run_shell("debugfs -R 'bmap d 0' " + image + " 2>/dev/null"));
    patch_file(image, block * 1024 + 32, "h");
    auto const where = run_shell("debugfs -R 'imap f' " + image + " 2>/dev/null");
    // "located at block 293, offset 0x0b00"
    auto const at = std::stoull(where.substr(where.find("block ", where.find("located")) + 6)) * 1024 +
                    std::stoull(where.substr(where.find("offset 0x") + 9), nullptr, 16);
    patch_file(image, at + 2, "\x42");
    auto const tree = tree_of(image);
    ASSERT_TRUE(tree);
    EXPECT_THAT(tree->list("/d").error().message, HasSubstr("checksum"));
    EXPECT_THAT(tree->lstat("/f").error().message, HasSubstr("the checksum of inode 12 is wrong"));
}

TEST(ExtDamage, AFailingDiskIsToldByItsOwnWords)
{
    IMGPORT_NEEDS("mke2fs");
    Workshop const shop;
    auto const image = shop.image("disk", 1 << 20);
    run_shell("mke2fs -q -F -t ext2 -b 1024 " + image);
    auto const bytes = read_host(image);
    auto const disk = std::make_shared<MemoryDisk>(bytes.size());
    disk->put(0, bytes);
    for (std::uint64_t const offset : {1024U, 2048U}) {  // the superblock, the descriptors
        disk->make_unreadable(offset);
        auto const opened = open_ext(disk);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::unreadable);
    }
}

}  // namespace
}  // namespace imgport
