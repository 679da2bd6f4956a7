// The UFS reader, held against the folders that makefs was given.
#include <fstream>

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/tree_text.hpp"
#include "ufs_images.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

struct Variant {
    const char *name;
    const char *options;
};
void PrintTo(const Variant &variant, std::ostream *out)
{
    *out << variant.options;
}

class UfsVariants : public ::testing::TestWithParam<Variant> {};

std::string file_text(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_P(UfsVariants, EveryFileIsAsItWasGiven)
{
    IMGPORT_NEEDS("makefs", "find", "seq");
    Workshop const shop;
    // Sizes on both sides of fragments, blocks, the 12 direct ones and what one indirect block reaches.
    run_shell(
        "mkdir -p " + shop.path() + "/tree && cd " + shop.path() +
        "/tree && mkdir -p etc/deep/er sizes links many empty && echo guest >etc/hostname && "
        "seq 1 2500000 >large && chmod 4750 large && ln large etc/deep/er/hard && mkfifo fifo && "
        "for n in 0 1 511 512 513 4095 4096 4097 16383 16384 32769 49151 49152 49153 98304 98305 196609 393217; do "
        "head -c $n large >sizes/$n; done && "
        "for n in 1 58 59 60 61 118 119 120 121 122 1000; do "
        "ln -s $(head -c $n /dev/zero | tr '\\0' l) links/$n; done && "
        "(cd many && seq -f 'an entry with a longer name than most have %.0f' 1 3000 | xargs -d '\\n' touch) && "
        "(cd many && seq -f 'an entry with a longer name than most have %.0f' 1 2 2999 | xargs -d '\\n' rm) && "
        "echo x >many/$(head -c 255 /dev/zero | tr '\\0' n)");
    auto const image = make_ufs(shop, GetParam().options, "-b 10% -f 100");
    auto const opened = open_ufs_image(image);
    ASSERT_TRUE(opened) << opened.error().message;
    auto &tree = **opened;

    // All that is no directory, as find lists it.
    std::string listed;
    for (auto const &path : files_below(tree, "/"))
        listed += path.substr(1) + "\n";
    EXPECT_EQ(listed, run_shell("cd " + shop.path() + "/tree && find . ! -type d -printf '%P\\n' | LC_ALL=C sort"));
    EXPECT_EQ(names(tree, "/"), "empty/ etc/ fifo? large links/ many/ sizes/");
    EXPECT_EQ(names(tree, "/empty"), "");

    int files = 0;
    int links = 0;
    for (auto const &path : files_below(tree, "/")) {
        SCOPED_TRACE(path);
        std::string const source = shop.path() + "/tree" + path;
        struct stat wanted {};
        ASSERT_EQ(::lstat(source.c_str(), &wanted), 0);
        auto const status = tree.lstat(path);
        ASSERT_TRUE(status && *status);
        EXPECT_EQ((*status)->mode, wanted.st_mode & 07777);
        EXPECT_EQ((*status)->uid, wanted.st_uid);
        EXPECT_EQ((*status)->gid, wanted.st_gid);
        if (S_ISREG(wanted.st_mode)) {
            EXPECT_EQ((*status)->size, static_cast<std::uint64_t>(wanted.st_size));
            EXPECT_TRUE(content(tree, path) == file_text(source)) << "other bytes";
            ++files;
        } else if (S_ISLNK(wanted.st_mode)) {
            EXPECT_EQ(tree.read_link(path).value(), std::string(static_cast<std::size_t>(wanted.st_size), 'l'));
            ++links;
        } else {
            EXPECT_EQ((*status)->kind, FileKind::fifo);
        }
    }
    EXPECT_EQ(files, 1500 + 1 + 18 + 3);
    EXPECT_EQ(links, 11);
    EXPECT_EQ(tree.lstat("/etc")->value().kind, FileKind::directory);
    for (std::string const path : {"/none", "/many/an entry", "/etc/hostname/x", "/many/.."})
        EXPECT_FALSE(tree.lstat(path).value()) << path;
}

INSTANTIATE_TEST_SUITE_P(Matrix, UfsVariants,
                         ::testing::Values(Variant{"Ufs1Small", "version=1,bsize=4096,fsize=512"},
                                           Variant{"Ufs1Default", "version=1,bsize=16384,fsize=2048"},
                                           Variant{"Ufs1Large", "version=1,bsize=65536,fsize=8192"},
                                           Variant{"Ufs2Small", "version=2,bsize=4096,fsize=512"},
                                           Variant{"Ufs2WithoutFragments", "version=2,bsize=4096,fsize=4096"},
                                           Variant{"Ufs2HalfBlocks", "version=2,bsize=8192,fsize=4096"},
                                           Variant{"Ufs2FreeBsd", "version=2,bsize=32768,fsize=4096"},
                                           Variant{"Ufs2Large", "version=2,bsize=65536,fsize=8192"},
                                           Variant{"Ufs2ManyGroups", "version=2,bsize=4096,fsize=512,maxbpcg=512"}),
                         [](auto const &variant) { return std::string(variant.param.name); });

namespace {

// A small filesystem of one group that tests write into: blocks of 4096 bytes, fragments of 512. A file of 12 MiB whose
// bytes may be overwritten stands for free space.
class SmallUfs : public ::testing::TestWithParam<int> {
protected:
    void SetUp() override
    {
        IMGPORT_NEEDS("makefs");
        run_shell("mkdir -p " + m_shop.path() + "/tree/d && cd " + m_shop.path() +
                  "/tree && echo text >file && ln -s $(head -c 200 /dev/zero | tr '\\0' l) link && "
                  "head -c 12582912 /dev/zero >spare && echo a >d/a && echo b >d/b");
        m_file = make_ufs(m_shop, "bsize=4096,fsize=512,maxbpcg=8192,version=" + std::to_string(GetParam()));
        m_volume = UfsVolume::open(FileDisk::open(m_file)).value();
        m_spare = address("/spare", 0);
        // The names in the order of the alphabet; the host lists them in any. The last record fills the piece.
        auto const record = [](std::uint64_t inode, std::uint16_t length, const char *name) {
            return little(static_cast<std::uint32_t>(inode)) + little(length) + std::string("\x08\x01") + name +
                   std::string(3, '\0');
        };
        patch(address("/d", 0) * 512 + 24,
              record(number_of("/d/a"), 12, "a") + record(number_of("/d/b"), 512 - 36, "b"));
    }
    bool version_2() const { return GetParam() == 2; }
    std::unique_ptr<InodeTree> tree() const
    {
        auto opened = open_ufs_image(m_file);
        EXPECT_TRUE(opened) << opened.error().message;
        return opened ? std::move(*opened) : nullptr;
    }
    void patch(std::uint64_t at, const std::string &bytes) const { patch_file(m_file, at, bytes); }
    template <class T>
    static std::string little(T value)
    {
        std::string text(sizeof(T), '\0');
        store_le<T>(std::as_writable_bytes(std::span(text)), 0, value);
        return text;
    }
    std::string pointer(std::uint64_t value) const
    {
        return version_2() ? little(value) : little(static_cast<std::uint32_t>(value));
    }
    std::string pointers(std::size_t count, std::uint64_t value) const
    {
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text += pointer(value);
        return text;
    }
    // One directory deep.
    std::uint64_t number_of(const std::string &path) const
    {
        auto const reader = open_ufs(FileDisk::open(m_file)).value();
        InodeId inode = reader->root();
        for (auto const &part : split(path.substr(1), '/'))
            inode = reader->look_up(inode, part).value().value();
        return inode.number;
    }
    std::uint64_t inode_at(const std::string &path) const { return m_volume->inode_place(number_of(path)).value(); }
    std::uint64_t pointer_at(const std::string &path, std::size_t index) const
    {
        return inode_at(path) + (version_2() ? 112 + 8 * index : 40 + 4 * index);
    }
    std::uint64_t size_at(const std::string &path) const { return inode_at(path) + (version_2() ? 16 : 8); }
    // The address that stands in the inode.
    std::uint64_t address(const std::string &path, std::size_t index) const
    {
        std::string raw(version_2() ? 8 : 4, '\0');
        EXPECT_TRUE(
            FileDisk::open(m_file)->read(pointer_at(path, index), std::as_writable_bytes(std::span(raw))).has_value());
        return version_2() ? load_le<std::uint64_t>(bytes_of(raw), 0) : load_le<std::uint32_t>(bytes_of(raw), 0);
    }
    template <class T>
    static void expect_error(const Result<T> &result, const std::string &words, ErrorCode code = ErrorCode::malformed)
    {
        ASSERT_FALSE(result) << words;
        EXPECT_EQ(result.error().code, code) << result.error().message;
        EXPECT_THAT(result.error().message, HasSubstr(words));
    }
    void expect_open_fails(const std::string &words, ErrorCode code = ErrorCode::malformed) const
    {
        expect_error(open_ufs_image(m_file), words, code);
    }

    static constexpr std::uint64_t superblock = 8192;
    Workshop m_shop;
    std::string m_file;
    std::shared_ptr<const UfsVolume> m_volume;
    std::uint64_t m_spare = 0;  // fragments: the first of many that nothing else uses
};

// Reads it all, and keeps the last `end` bytes; what is before them must be zeroes.
std::string end_after_zeroes(RawTree &tree, const std::string &path, std::uint64_t zeroes, std::size_t end)
{
    auto const stream = tree.open(path).value();
    std::vector<std::byte> piece(4 << 20);
    std::string kept;
    std::uint64_t at = 0;
    for (;;) {
        auto const wanted =
            std::span(piece).first(std::min<std::uint64_t>(piece.size(), at < zeroes ? zeroes - at : end + 1));
        auto const got = stream->read(wanted);
        if (!got)
            return got.error().message;
        if (*got == 0)
            return kept;
        if (at >= zeroes)
            kept += text_of(wanted.first(*got));
        else if (!all_zero(wanted.first(*got)))
            return "something at " + std::to_string(at);
        at += *got;
    }
}

}  // namespace

TEST_P(SmallUfs, HolesAreZeroes)
{
    // In front, within, behind: block 2 of 5 is there, and the last is a hole of a single byte.
    std::uint64_t const first = address("/file", 0);
    patch(pointer_at("/file", 0), pointer(0) + pointer(0) + pointer(m_spare) + pointer(0) + pointer(0));
    patch(m_spare * 512, std::string(4096, 'x'));
    patch(size_at("/file"), little<std::uint64_t>(4 * 4096 + 1));
    EXPECT_TRUE(content(*tree(), "/file") ==
                std::string(8192, '\0') + std::string(4096, 'x') + std::string(4097, '\0'));
    // And one address for it all.
    patch(pointer_at("/file", 0), pointer(first) + pointers(14, 0));
    patch(size_at("/file"), little<std::uint64_t>(3'000'000));
    auto const text = content(*tree(), "/file");
    EXPECT_EQ(text.size(), 3'000'000U);
    EXPECT_EQ(text.substr(0, 5), "text\n");
    EXPECT_EQ(text.find_first_not_of('\0', 4096), std::string::npos);
}

TEST_P(SmallUfs, TripleIndirectBlocks)
{
    // The first and the last block that the third tree leads to at its first and second step; all before is a hole.
    std::uint64_t const n = m_volume->geometry().pointers_per_block();
    if (!version_2())
        return;  // 4 GiB of holes in front of it
    std::uint64_t const begin = 12 + n + n * n;
    auto const top = m_spare;
    auto const middle = m_spare + 8;
    auto const leaf = m_spare + 16;
    auto const data = m_spare + 24;
    patch(pointer_at("/file", 0), pointers(14, 0) + pointer(top));
    patch(top * 512, pointer(middle));
    patch(middle * 512, pointer(leaf));
    patch(leaf * 512, pointer(0) + pointer(data) + pointer(data + 16));
    patch(data * 512, std::string(4096, '1'));
    patch(data * 512 + 16 * 512, std::string(4096, '2'));
    patch(size_at("/file"), little<std::uint64_t>((begin + 3) * 4096));
    EXPECT_EQ(end_after_zeroes(*tree(), "/file", (begin + 1) * 4096, 8192),
              std::string(4096, '1') + std::string(4096, '2'));
}

TEST_P(SmallUfs, IndirectBlockInACircle)
{
    // A block that lists itself only, taken at each of the levels: the third one holds data.
    std::uint64_t const n = m_volume->geometry().pointers_per_block();
    auto const self = pointers(n, m_spare);
    patch(m_spare * 512, self);
    patch(pointer_at("/file", 0), pointers(12, 0) + pointers(2, m_spare));
    patch(size_at("/file"), little<std::uint64_t>((12 + n + 3) * 4096));
    std::string expected(12 * std::size_t{4096}, '\0');
    for (std::uint64_t i = 0; i < n + 3; ++i)
        expected += self;
    EXPECT_TRUE(content(*tree(), "/file") == expected);
}

TEST_P(SmallUfs, AddressesOutsideTheFilesystem)
{
    for (std::uint64_t const wrong :
         {m_volume->geometry().fragments, m_volume->geometry().fragments - 1, std::uint64_t{0xffffffff}}) {
        // 4 fragments are wanted.
        patch(pointer_at("/file", 0), pointer(wrong));
        patch(size_at("/file"), little<std::uint64_t>(2000));
        EXPECT_THAT(content(*tree(), "/file"), HasSubstr("outside the filesystem"));
        patch(pointer_at("/file", 0), pointers(12, m_spare) + pointer(wrong));
        patch(size_at("/file"), little<std::uint64_t>(60'000));
        EXPECT_THAT(content(*tree(), "/file"), HasSubstr("an indirect block of inode"));
        patch(pointer_at("/file", 12), pointer(m_spare));
        patch(m_spare * 512, pointer(wrong));
        EXPECT_THAT(content(*tree(), "/file"), HasSubstr("outside the filesystem"));
        patch(pointer_at("/link", 0), pointer(wrong));
        if (wrong != m_volume->geometry().fragments - 1)  // there is room for 200 bytes
            expect_error(tree()->read_link("/link"), "outside the filesystem");
    }
    auto const before = address("/d", 0);
    patch(pointer_at("/d", 0), pointer(~0ULL));
    expect_error(tree()->list("/d"), "outside the filesystem");
    expect_error(tree()->lstat("/d/a"), "outside the filesystem");
    patch(pointer_at("/d", 0), pointer(0));
    expect_error(tree()->list("/d"), "has a length of 0");
    patch(pointer_at("/d", 0), pointer(before));
    EXPECT_EQ(names(*tree(), "/d"), "a b");
}

TEST_P(SmallUfs, SizesThatCannotBe)
{
    patch(size_at("/file"), little(~0ULL));
    patch(pointer_at("/file", 0), pointers(15, 0));
    // Nobody waits for that many zeroes: the end is asked for.
    auto const inode = read_ufs_inode(*m_volume, number_of("/file")).value();
    expect_error(UfsBlocks(m_volume, inode).find(~0ULL - 1), "more than its addresses reach");
    patch(size_at("/link"), little<std::uint64_t>(5000));
    expect_error(tree()->read_link("/link"), "has 5000 bytes");
    patch(size_at("/d"), little<std::uint64_t>(std::uint64_t{1} << 30));
    expect_error(tree()->list("/d"), "has 1073741824 bytes", ErrorCode::unsupported);
}

TEST_P(SmallUfs, DirectoryRecordsThatAreWrong)
{
    // "." and ".." take 12 bytes each; then "a" with 12, and "b" with the rest of 512.
    std::uint64_t const at = address("/d", 0) * 512 + 24;
    struct Case {
        std::uint64_t at;
        std::string bytes;
        std::string words;
    };
    for (auto const &one :
         {Case{4, std::string(2, '\0'), "has a length of 0"}, Case{4, "\x0e", "has a length of 14"},
          Case{4, "\x04", "has a length of 4"}, Case{4, std::string("\xec\x01", 2), "has a length of 492"},
          Case{4, "\xff\xff", "has a length of 65535"}, Case{7, "\x05", "has a name of 5 bytes in 12"},
          Case{7, std::string(1, '\0'), "has a name of 0 bytes"}, Case{8, "/", "slash or a NUL"},
          Case{8, std::string(1, '\0'), "slash or a NUL"}}) {
        std::string before(one.bytes.size(), '\0');
        ASSERT_TRUE(FileDisk::open(m_file)->read(at + one.at, std::as_writable_bytes(std::span(before))));
        patch(at + one.at, one.bytes);
        expect_error(tree()->list("/d"), one.words);
        expect_error(tree()->lstat("/d/b"), one.words);
        patch(at + one.at, before);
        EXPECT_EQ(names(*tree(), "/d"), "a b");
    }
    // The record ends with the piece, whatever follows it.
    patch(at + 12 + 4, std::string("\xd8\x01", 2));
    expect_error(tree()->list("/d"), "is cut off");
    patch(at + 12 + 4, std::string("\xdc\x01", 2));
    // An entry that was removed, and one that a union mount hides.
    patch(at, little<std::uint32_t>(0));
    EXPECT_EQ(names(*tree(), "/d"), "b");
    patch(at, little<std::uint32_t>(1));
    patch(at + 6, "\x0e");
    EXPECT_EQ(names(*tree(), "/d"), "b");
    // A record that does not say what it is: the inode does.
    patch(at + 12 + 6, std::string(1, '\0'));
    EXPECT_EQ(names(*tree(), "/d"), "b");
    patch(at + 12, little(static_cast<std::uint32_t>(number_of("/link"))));
    EXPECT_EQ(names(*tree(), "/d"), "b@");
}

TEST_P(SmallUfs, NamesThatLeadNowhere)
{
    std::uint64_t const at = address("/d", 0) * 512 + 24;
    for (std::uint32_t const number : {1U, ~0U, 0x10000U}) {
        patch(at, little(number));
        expect_error(tree()->lstat("/d/a"), "there is no inode");
        EXPECT_EQ(names(*tree(), "/d"), "a b");
    }
    // The last one of the group, which nothing uses.
    patch(at, little(m_volume->geometry().group_inodes - 1));
    expect_error(tree()->lstat("/d/a"), "is not in use");
    expect_error(tree()->open("/d/a"), "is not in use");
    // A directory in itself: one level for each name in the path.
    patch(at, little(static_cast<std::uint32_t>(number_of("/d"))) + std::string("\x0c\0\x04", 3));
    EXPECT_EQ(names(*tree(), "/d/a/a/a"), "a/ b");
}

TEST_P(SmallUfs, InodesThatAreWrong)
{
    auto const at = inode_at("/file");
    patch(at, little<std::uint16_t>(0170644));
    expect_error(tree()->lstat("/file"), "di_mode");
    patch(at, little<std::uint16_t>(0));
    expect_error(tree()->lstat("/file"), "is not in use");
    auto const root = m_volume->inode_place(2).value();
    patch(root, little<std::uint16_t>(0100755));
    expect_open_fails("the root inode is no directory");
    patch(root, little<std::uint16_t>(0));
    expect_open_fails("inode 2 is not in use");
}

TEST_P(SmallUfs, FlagsOfFiles)
{
    auto const at = inode_at("/file") + (version_2() ? 88 : 100);
    struct Case {
        std::uint32_t flags;
        bool immutable;
        bool append_only;
    };
    // UF_NODUMP, UF_IMMUTABLE, UF_APPEND, SF_ARCHIVED, SF_IMMUTABLE, SF_APPEND, SF_NOUNLINK.
    for (auto const &[flags, immutable, append_only] :
         {Case{0, false, false}, Case{0x1, false, false}, Case{0x2, true, false}, Case{0x4, false, true},
          Case{0x10000, false, false}, Case{0x20000, true, false}, Case{0x40000, false, true},
          Case{0x100000, false, false}, Case{0x60000, true, true}}) {
        SCOPED_TRACE(flags);
        patch(at, little(flags));
        auto const told = tree()->flags("/file").value().value();
        EXPECT_EQ(told.immutable, immutable);
        EXPECT_EQ(told.append_only, append_only);
        EXPECT_EQ(content(*tree(), "/file"), "text\n");
    }
    patch(at, little<std::uint32_t>(0x200000));  // SF_SNAPSHOT
    expect_error(tree()->open("/file"), "is a snapshot", ErrorCode::unsupported);
}

TEST_P(SmallUfs, SuperblockThatContradictsItself)
{
    struct Case {
        std::size_t at;
        std::uint32_t value;
        std::string words;
    };
    std::vector<Case> cases{{1372, 0, "no UFS superblock"},
                            {48, 0, "fs_bsize"},
                            {48, 4097, "fs_bsize"},
                            {48, 2048, "fs_bsize"},
                            {48, 131072, "fs_bsize"},
                            {52, 0, "fs_fsize"},
                            {52, 256, "fs_fsize"},
                            {52, 8192, "fs_fsize"},
                            {56, 4, "fs_frag"},
                            {116, 0, "fs_nindir"},
                            {120, 1, "fs_inopb"},
                            {44, 0, "fs_ncg"},
                            {44, ~0U, "fs_ncg"},
                            {184, 0, "fs_ipg"},
                            {188, 0, "fs_fpg"},
                            {16, 0, "fs_iblkno"},
                            {16, ~0U, "fs_iblkno"},
                            {16, static_cast<std::uint32_t>(m_volume->geometry().group_fragments - 1), "inode 2"},
                            {1320, 0, "fs_maxsymlinklen"},
                            {1320, version_2() ? 121U : 61U, "fs_maxsymlinklen"},
                            {1084, 0x80000000, "fs_size"}};
    if (!version_2()) {
        cases.push_back({24, ~0U, "there is no inode"});
        cases.pop_back();
    }
    for (auto const &one : cases) {
        SCOPED_TRACE(one.at);
        std::string before(4, '\0');
        ASSERT_TRUE(FileDisk::open(m_file)->read(superblock + one.at, std::as_writable_bytes(std::span(before))));
        patch(superblock + one.at, little(one.value));
        expect_open_fails(one.words);
        patch(superblock + one.at, before);
    }
    EXPECT_EQ(content(*tree(), "/file"), "text\n");
    if (!version_2()) {
        patch(superblock + 1324, little<std::uint32_t>(0));
        expect_open_fails("4.2BSD", ErrorCode::unsupported);
    }
}

TEST_P(SmallUfs, OtherByteOrderIsNamed)
{
    m_file = make_ufs(m_shop, "bsize=4096,fsize=512,version=" + std::to_string(GetParam()), "-B be");
    expect_open_fails("big-endian", ErrorCode::unsupported);
}

TEST_P(SmallUfs, TruncatedVolume)
{
    auto const file = address("/spare", 0) * 512;
    ASSERT_EQ(::truncate(m_file.c_str(), static_cast<off_t>(file + 8192)), 0);
    EXPECT_THAT(content(*tree(), "/spare"), HasSubstr("outside the volume"));
    EXPECT_EQ(tree()->lstat("/spare")->value().size, 12582912U);
    expect_error(open_ufs(std::make_shared<MemoryDisk>(1000)), "no UFS superblock");
}

INSTANTIATE_TEST_SUITE_P(Versions, SmallUfs, ::testing::Values(1, 2),
                         [](auto const &version) { return "Ufs" + std::to_string(version.param); });

// Blocks of 64 KiB: the first copy of the superblock lies where a UFS2 may have its first one.
TEST(Ufs, CopiesOfTheSuperblockAreNoSuperblocks)
{
    IMGPORT_NEEDS("makefs");
    Workshop const shop;
    run_shell("mkdir -p " + shop.path() + "/tree && echo text >" + shop.path() + "/tree/file");
    for (std::string const version : {"1", "2"}) {
        SCOPED_TRACE(version);
        auto const image = make_ufs(shop, "bsize=65536,fsize=8192,version=" + version, "-s 8m");
        std::string copy(1376, '\0');
        ASSERT_TRUE(FileDisk::open(image)->read(65536, std::as_writable_bytes(std::span(copy))));
        ASSERT_NE(load_le<std::uint32_t>(bytes_of(copy), 1372), 0U) << "there is no copy";
        // One that is damaged does no harm.
        patch_file(image, 65536 + 48, std::string(4, '\0'));
        EXPECT_EQ(content(**open_ufs_image(image), "/file"), "text\n");
        patch_file(image, 8192, std::string(1376, '\0'));
        EXPECT_EQ(open_ufs_image(image).error().message, "there is no UFS superblock");
        // Where newfs puts that of UFS2.
        store_le<std::uint64_t>(std::as_writable_bytes(std::span(copy)), 1000, 65536);
        patch_file(image, 65536, copy);
        if (version == "2")
            EXPECT_EQ(content(**open_ufs_image(image), "/file"), "text\n");
        else
            EXPECT_FALSE(open_ufs_image(image));
    }
}
