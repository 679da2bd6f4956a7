#include "filesystem/fat_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filesystem/cached_disk.hpp"
#include "testing/disks.hpp"
#include "testing/tools.hpp"
#include "testing/tree_text.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

// A FAT12 volume put together by hand: sector 0 the BPB, sector 1 the only FAT, sector 2 the root directory of 16
// entries, cluster 2 at sector 3; a cluster is a sector.
class SmallFat {
public:
    static constexpr std::size_t root = 1024;
    static constexpr std::size_t first_cluster = 1536;

    SmallFat() : disk(std::make_shared<MemoryDisk>(64 * 512))
    {
        disk->put(0, "\xeb\x3c\x90mkfs.fat");
        disk->put_le<std::uint16_t>(11, 512);
        disk->put_le<std::uint8_t>(13, 1);
        disk->put_le<std::uint16_t>(14, 1);
        disk->put_le<std::uint8_t>(16, 1);
        disk->put_le<std::uint16_t>(17, 16);
        disk->put_le<std::uint16_t>(19, 64);
        disk->put_le<std::uint8_t>(21, 0xf8);
        disk->put_le<std::uint16_t>(22, 1);
    }
    void entry(std::size_t at, std::string_view name, std::uint8_t attributes = 0x20, std::uint16_t cluster = 0,
               std::uint32_t size = 0, std::uint8_t flags = 0) const
    {
        disk->put(at, name);
        disk->put_le(at + 11, attributes);
        disk->put_le(at + 12, flags);
        disk->put_le(at + 26, cluster);
        disk->put_le(at + 28, size);
    }
    // One piece of a long name, 13 ASCII letters at most.
    void piece(std::size_t at, std::uint8_t head, std::uint8_t sum, std::u16string text) const
    {
        text.resize(std::max<std::size_t>(text.size(), 12) + 1);
        disk->put_le(at, head);
        disk->put_le<std::uint8_t>(at + 11, 0x0f);
        disk->put_le(at + 13, sum);
        for (std::size_t i = 0; i < 13; ++i)
            disk->put_le<std::uint16_t>(at + (i < 5    ? 1 + 2 * i
                                              : i < 11 ? 14 + 2 * (i - 5)
                                                       : 28 + 2 * (i - 11)),
                                        text[i]);
    }
    void fat(std::size_t cluster, std::uint16_t next) const
    {
        std::size_t const at = 512 + cluster * 3 / 2;
        auto const before = load_le<std::uint16_t>(disk->bytes(), at);
        std::uint16_t const value = cluster % 2 == 0 ? static_cast<std::uint16_t>((before & 0xf000) | next)
                                                     : static_cast<std::uint16_t>((before & 0xf) | next << 4);
        disk->put_le(at, value);
    }
    InodeTree tree() const { return InodeTree(open_fat(disk).value(), "/dev/sda1"); }

    std::shared_ptr<MemoryDisk> disk;
};

constexpr std::uint8_t sum_of_a_txt = 0x5d;  // "A       TXT"

std::string error_of(std::shared_ptr<Disk> disk)
{
    auto const opened = open_fat(std::move(disk));
    return opened ? "opened" : opened.error().message;
}

InodeTree tree_of(const std::string &file)
{
    return InodeTree(open_fat(std::make_shared<CachedDisk>(FileDisk::open(file))).value(), "/dev/sda1");
}

}  // namespace

TEST(Fat, ShortNamesAsVfatShowsThem)
{
    SmallFat const fat;
    fat.entry(SmallFat::root, "README  TXT");
    fat.entry(SmallFat::root + 32, "LOWER   TXT", 0x20, 0, 0, 0x18);
    fat.entry(SmallFat::root + 64, "BASE    TXT", 0x20, 0, 0, 0x08);
    fat.entry(SmallFat::root + 96, "EXT     TXT", 0x20, 0, 0, 0x10);
    fat.entry(SmallFat::root + 128, "NOEXT      ");
    fat.entry(SmallFat::root + 160, "\x05\x8e"
                                    "A B   C  ");
    fat.entry(SmallFat::root + 192, "\x99\xe4\xea     \x80  ", 0x20, 0, 0, 0x18);
    fat.entry(SmallFat::root + 224, "MYLABEL    ", 0x08);
    fat.entry(SmallFat::root + 256, "\xe5"
                                    "ELETED    ");
    fat.entry(SmallFat::root + 320, "PASTEND    ");  // after an entry that is zero: Linux reads on
    auto tree = fat.tree();
    EXPECT_EQ(names(tree, "/"),
              "EXT.txt NOEXT PASTEND README.TXT base.TXT lower.txt \u00f6\u03c3\u03a9.\u00e7 \u03c3\u00c4"
              "A B.C");
}

TEST(Fat, BrokenBootSectors)
{
    struct Case {
        std::size_t at;
        std::uint8_t value;
        const char *message;
    };
    for (auto const &[at, value, message] : std::vector<Case>{{12, 3, "BPB_BytsPerSec is 768"},
                                                              {12, 0, "BPB_BytsPerSec is 0"},
                                                              {13, 0, "BPB_SecPerClus is 0"},
                                                              {13, 3, "BPB_SecPerClus is 3"},
                                                              {14, 0, "BPB_RsvdSecCnt is 0"},
                                                              {16, 0, "BPB_NumFATs is 0"},
                                                              {17, 3, "BPB_RootEntCnt is 3"},
                                                              {21, 0, "BPB_Media is 0"},
                                                              {22, 0, "BPB_FATSz32 is 0"},
                                                              {22, 63, "BPB_TotSec is 64"}}) {
        SmallFat const fat;
        fat.disk->put_le(at, value);
        EXPECT_THAT(error_of(fat.disk), HasSubstr(message));
    }
    EXPECT_THAT(error_of(std::make_shared<MemoryDisk>(100)), HasSubstr("shorter than a boot sector"));
    EXPECT_EQ(open_fat(std::make_shared<MemoryDisk>(512)).error().code, ErrorCode::malformed);
}

TEST(Fat, LongNamesThatAreBroken)
{
    SmallFat const fat;
    std::size_t at = SmallFat::root;
    // Another file's sum, a piece missing, no first piece, no file behind it, too many pieces.
    fat.piece(at, 0x41, 1, u"wrong sum.txt");
    fat.entry(at += 32, "A       TXT");
    fat.piece(at += 32, 0x43, sum_of_a_txt, u"three pieces");
    fat.piece(at += 32, 0x01, sum_of_a_txt, u"but two");
    fat.entry(at += 32, "B       TXT");
    fat.piece(at += 32, 0x01, sum_of_a_txt, u"no first");
    fat.entry(at += 32, "C       TXT");
    fat.piece(at += 32, 0x55, sum_of_a_txt, u"too many");
    fat.entry(at += 32, "D       TXT");
    // A run begins within another; the second one is whole.
    fat.piece(at += 32, 0x42, sum_of_a_txt, u"cut");
    fat.piece(at += 32, 0x41, sum_of_a_txt, u"whole\u00e4\xd800\xd83d\xde00");
    fat.entry(at += 32, "A       TXT");
    fat.piece(at += 32, 0x41, sum_of_a_txt, u"for the label");
    fat.entry(at += 32, "A       TXT", 0x08);
    fat.piece(at + 32, 0x41, sum_of_a_txt, u"at the end");
    auto tree = fat.tree();
    EXPECT_EQ(names(tree, "/"), "A.TXT B.TXT C.TXT D.TXT whole\u00e4\U0001F600");
}

TEST(Fat, LookUpIgnoresCaseAndKnowsShortNames)
{
    SmallFat const fat;
    fat.piece(SmallFat::root, 0x41, sum_of_a_txt, u"Long \u00c4.text");
    fat.entry(SmallFat::root + 32, "A       TXT", 0x21, 0, 7);
    auto tree = fat.tree();
    for (std::string_view const path :
         {"/Long \u00c4.text", "/LONG \u00c4.TEXT", "/a.txt", "/A.TXT", "/long \u00c4.text.."})
        EXPECT_TRUE(tree.lstat(path)->has_value()) << path;
    for (std::string_view const path : {"/long \u00e4.text", "/a.tx", "/...", "/a.txt/b"})
        EXPECT_FALSE(tree.lstat(path)->has_value()) << path;
    auto const status = tree.lstat("/a.txt")->value();
    EXPECT_EQ(status.mode, 0555U);
    EXPECT_EQ(status.size, 7U);
    EXPECT_EQ(tree.lstat("/")->value().mode, 0755U);
    EXPECT_EQ(tree.lstat("/")->value().size, 512U);
    EXPECT_FALSE(tree.flags("/a.txt")->has_value());
}

TEST(Fat, NamesWithASlash)
{
    SmallFat const fat;
    fat.entry(SmallFat::root, "A/B        ");
    auto tree = fat.tree();
    EXPECT_EQ(names(tree, "/"),
              "error: / on /dev/sda1 (FAT12): the name of the directory entry at byte 1024 has a slash");
}

TEST(Fat, ChainsThatAreBroken)
{
    SmallFat const fat;
    fat.entry(SmallFat::root, "CYCLE      ", 0x20, 2, 20 * 512);
    fat.fat(2, 3);
    fat.fat(3, 4);
    fat.fat(4, 3);
    fat.entry(SmallFat::root + 32, "SHORT      ", 0x20, 5, 1025);
    fat.fat(5, 6);
    fat.fat(6, 0xfff);
    fat.entry(SmallFat::root + 64, "FREE       ", 0x20, 7, 513);
    fat.entry(SmallFat::root + 96, "NOWHERE    ", 0x20, 0xf00, 1);
    fat.entry(SmallFat::root + 128, "NOTHING    ", 0x20, 0, 1);
    fat.entry(SmallFat::root + 160, "DIRCYCLE   ", 0x10, 2);
    fat.entry(SmallFat::root + 192, "DIREMPTY   ", 0x10, 0);
    fat.entry(SmallFat::root + 224, "EMPTY      ", 0x20, 0, 0);
    auto tree = fat.tree();
    EXPECT_THAT(content(tree, "/CYCLE"), HasSubstr("comes back to cluster"));
    EXPECT_THAT(content(tree, "/SHORT"), HasSubstr("ends after 1024 of 1025 bytes"));
    EXPECT_THAT(content(tree, "/FREE"), HasSubstr("entry for cluster 7 at byte 522 is 0: no cluster"));
    EXPECT_THAT(content(tree, "/NOWHERE"), HasSubstr("first cluster is 3840"));
    EXPECT_THAT(content(tree, "/NOTHING"), HasSubstr("first cluster is 0"));
    EXPECT_THAT(names(tree, "/DIRCYCLE"), HasSubstr("comes back to cluster"));
    EXPECT_THAT(names(tree, "/DIREMPTY"), HasSubstr("first cluster is 0"));
    EXPECT_EQ(content(tree, "/EMPTY"), "");
    EXPECT_EQ(tree.lstat("/DIRCYCLE").error().code, ErrorCode::malformed);
}

TEST(Fat, DirectoryInItself)
{
    SmallFat const fat;
    fat.entry(SmallFat::root, "A          ", 0x10, 2);
    fat.fat(2, 0xfff);
    fat.entry(SmallFat::first_cluster, ".          ", 0x10, 2);
    fat.entry(SmallFat::first_cluster + 32, "..         ", 0x10, 0);
    fat.entry(SmallFat::first_cluster + 64, "A          ", 0x10, 2);
    auto tree = fat.tree();
    EXPECT_EQ(names(tree, "/A/A/A"), "A/");  // one level for each name in the path
}

TEST(Fat, TruncatedVolume)
{
    SmallFat const fat;
    fat.entry(SmallFat::root, "GONE       ", 0x20, 60, 100);
    fat.entry(SmallFat::root + 32, "GONEDIR    ", 0x10, 60);
    fat.fat(60, 0xfff);
    fat.disk->bytes().resize(20 * 512);
    auto tree = fat.tree();
    EXPECT_THAT(content(tree, "/GONE"), HasSubstr("outside the volume"));
    EXPECT_THAT(names(tree, "/GONEDIR"), HasSubstr("outside the volume"));
    EXPECT_EQ(names(tree, "/"), "GONE GONEDIR/");
}

namespace {

struct Kind {
    const char *options;
    std::uint64_t size;
    const char *name;
};
class FatOfKind : public ::testing::TestWithParam<Kind> {};

}  // namespace

TEST_P(FatOfKind, AgreesWithMtools)
{
    IMGPORT_NEEDS("mkfs.vfat", "mcopy");
    Workshop const shop;
    std::string const image = shop.image("fat.img", GetParam().size);
    std::string const long_name = "A name that is far longer than what eight and three letters hold.conf";
    run_shell("cd " + shop.path() + "; mkfs.vfat -n LABEL " + GetParam().options +
              " fat.img; export MTOOLS_SKIP_CHECK=1; seq 1 60000 > big; seq 1 3000 > other; : > empty; printf x > x; "
              "mmd -i fat.img ::EFI ::EFI/debian ::many ::EFI/debian/Ordner; "
              "mcopy -i fat.img big ::EFI/debian/grubx64.efi; mcopy -i fat.img other ::many/a; "
              "mcopy -i fat.img other ::many/b; mdel -i fat.img ::many/a; mcopy -i fat.img big ::many/fragmented; "
              "mcopy -i fat.img x '::EFI/debian/" +
              long_name +
              "'; mcopy -i fat.img x '::gr\u00fc\u00dfe \u65e5\u672c.txt'; "
              "mcopy -i fat.img empty ::empty; for i in $(seq 1 100); do cp x \"file number $i\"; done; "
              "mcopy -i fat.img file* ::many; mattrib -i fat.img +r ::empty");
    auto tree = tree_of(image);
    EXPECT_EQ(names(tree, "/"), "EFI/ empty gr\u00fc\u00dfe \u65e5\u672c.txt many/");
    EXPECT_EQ(names(tree, "/efi/DEBIAN"), long_name + " Ordner/ grubx64.efi");
    EXPECT_EQ(names(tree, "/EFI/debian/Ordner"), "");
    EXPECT_EQ(tree.list("/many")->size(), 102U);
    EXPECT_EQ(content(tree, "/EFI/debian/grubx64.efi"), run_shell("cat " + shop.path() + "/big"));
    EXPECT_EQ(content(tree, "/many/fragmented"), run_shell("mtype -i " + image + " ::many/fragmented"));
    EXPECT_EQ(content(tree, "/EFI/debian/" + long_name), "x");
    EXPECT_EQ(content(tree, "/gr\u00fc\u00dfe \u65e5\u672c.txt"), "x");
    EXPECT_EQ(content(tree, "/empty"), "");
    EXPECT_EQ(tree.lstat("/empty")->value().mode, 0555U);
    EXPECT_EQ(tree.lstat("/EFI")->value().mode, 0755U);
    EXPECT_EQ(open_fat(FileDisk::open(image)).value()->name(), GetParam().name);
    // The whole tree as mtools lists it, files only.
    std::string listed;
    for (auto const &path : files_below(tree, "/"))
        listed += "::" + path + "\n";
    EXPECT_EQ(listed, run_shell("mdir -b -/ -i " + image + " :: | grep -v '/$' | sort"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, FatOfKind,
                         ::testing::Values(Kind{"-F 12 -s 1", 2 << 20, "FAT12"}, Kind{"-F 12 -s 8", 8 << 20, "FAT12"},
                                           Kind{"-F 16 -s 2", 16 << 20, "FAT16"},
                                           Kind{"-F 16 -S 2048 -s 1", 16 << 20, "FAT16"},
                                           Kind{"-F 32 -s 1", 40 << 20, "FAT32"},
                                           Kind{"-F 32 -S 4096 -s 1", 300 << 20, "FAT32"}));
