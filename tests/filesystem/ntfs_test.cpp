#include "filesystem/ntfs_tree.hpp"

#include <fstream>

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

InodeTree tree_of(const std::string &file)
{
    return InodeTree(open_ntfs(std::make_shared<CachedDisk>(FileDisk::open(file))).value(), "/dev/sda2");
}

// Volumes of mkntfs, files of ntfscp: no directory but the root and $Extend, as no program makes one unmounted.
class Ntfs : public ::testing::Test {
protected:
    void SetUp() override
    {
        IMGPORT_NEEDS("mkntfs", "ntfscp", "ntfscat", "ntfstruncate");
        image = m_shop.image("ntfs.img", 6 << 20);
        run_shell("mkntfs -F -Q -q " + image + " 2>&1");
    }
    void copy(const std::string &text, const std::string &name) const
    {
        std::ofstream(m_shop.path() + "/file", std::ios::binary) << text;
        run_shell("ntfscp -q " + image + " " + m_shop.path() + "/file '" + name + "' 2>&1");
    }
    std::string cat(const std::string &name) const { return run_shell("ntfscat " + image + " '" + name + "'"); }
    // Where the MFT record of the file of that name (ASCII) begins.
    std::size_t record_of(const std::string &name) const
    {
        std::string const bytes = run_shell("cat " + image);
        std::string wide;
        for (char const c : name)
            wide += std::string{c, '\0'};
        for (std::size_t at = bytes.find("FILE0"); at != std::string::npos; at = bytes.find("FILE0", at + 1)) {
            if (at % 512 == 0 && bytes.substr(at, 1024).find(wide) != std::string::npos)
                return at;
        }
        ADD_FAILURE() << "no record of " << name;
        return 0;
    }
    // The attribute of that type in a record.
    std::size_t attribute_of(std::size_t record, std::uint32_t type) const
    {
        std::string const bytes = run_shell("cat " + image).substr(record, 1024);
        std::size_t at = load_le<std::uint16_t>(bytes_of(bytes), 20);
        while (at + 8 < bytes.size() && load_le<std::uint32_t>(bytes_of(bytes), at) != type)
            at += load_le<std::uint32_t>(bytes_of(bytes), at + 4);
        return record + at;
    }
    // A file whose data is made its reparse point: [MS-FSCC] 2.1.2.
    void make_reparse_point(const std::string &name, std::uint32_t tag, const std::u16string &target, bool with_flags)
    {
        std::size_t const length = target.size() * 2;
        std::string data(with_flags ? 20 : 16, '\0');
        auto const out = std::as_writable_bytes(std::span(data));
        store_le<std::uint32_t>(out, 0, tag);
        store_le<std::uint16_t>(out, 4, static_cast<std::uint16_t>(data.size() - 8 + length + 4));
        store_le<std::uint16_t>(out, 10, static_cast<std::uint16_t>(length));
        store_le<std::uint16_t>(out, 12, static_cast<std::uint16_t>(length + 2));
        for (char16_t const c : target + u'\0' + u'\0')
            data += {static_cast<char>(c & 0xff), static_cast<char>(c >> 8)};
        copy(data, name);
        std::size_t const record = record_of(name);
        patch_file(image, attribute_of(record, 0x80), "\xc0");
        patch_file(image, attribute_of(record, 0x10) + 24 + 33, "\x04");  // FILE_ATTRIBUTE_REPARSE_POINT
    }

    std::string image;

private:
    Workshop m_shop;
};

}  // namespace

TEST_F(Ntfs, FilesAsNtfscatReadsThem)
{
    std::string const large = run_shell("seq 1 100000");
    copy(large, "ntoskrnl.exe");
    copy("small", "gr\u00fc\u00dfe \u65e5\u672c.txt");
    copy("", "empty");
    copy(large, "long");
    run_shell("ntfstruncate " + image + " $(ntfsls -i " + image + " | awk '$2==\"long\"{print $1}') 0x80 1500000 2>&1");
    auto tree = tree_of(image);
    EXPECT_EQ(names(tree, "/"), "empty gr\u00fc\u00dfe \u65e5\u672c.txt long ntoskrnl.exe");
    EXPECT_EQ(content(tree, "/ntoskrnl.exe"), large);
    EXPECT_EQ(content(tree, "/gr\u00fc\u00dfe \u65e5\u672c.txt"), "small");
    EXPECT_EQ(content(tree, "/empty"), "");
    EXPECT_EQ(tree.lstat("/long")->value().size, 1'500'000U);
    EXPECT_EQ(content(tree, "/long"), cat("long"));
    auto const status = tree.lstat("/ntoskrnl.exe")->value();
    EXPECT_EQ(status.mode, 0777U);
    EXPECT_EQ(status.size, large.size());
    EXPECT_FALSE((*tree.flags("/empty"))->immutable) << "there is no such attribute";
}

TEST_F(Ntfs, NamesExactlyFirstThenInAnyCase)
{
    copy("one", "Both");
    copy("two", "BOTH");
    copy("x", "Mixed Case");
    auto tree = tree_of(image);
    EXPECT_EQ(content(tree, "/Both"), "one");
    EXPECT_EQ(content(tree, "/BOTH"), "two");
    EXPECT_EQ(content(tree, "/mixed CASE"), "x");
    EXPECT_FALSE(tree.lstat("/mixed")->has_value());
    EXPECT_FALSE(tree.lstat("/Both/x")->has_value());
}

TEST_F(Ntfs, SystemFilesAreThereButNotListed)
{
    auto tree = tree_of(image);
    EXPECT_EQ(names(tree, "/"), "");
    EXPECT_EQ(names(tree, "/$extend"), "$ObjId $Quota $Reparse");
    EXPECT_EQ(content(tree, "/$UpCase"), cat("$UpCase"));
    EXPECT_EQ(tree.lstat("/")->value().kind, FileKind::directory);
}

TEST_F(Ntfs, LinksAndJunctions)
{
    make_reparse_point("junction", 0xa0000003, u"\\??\\C:\\Users\\Public", false);
    make_reparse_point("relative", 0xa000000c, u"..\\here", true);
    make_reparse_point("elsewhere", 0xa0000003, u"\\??\\Volume{12345678}\\", false);
    make_reparse_point("share", 0xa000000c, u"\\\\server\\share", true);
    make_reparse_point("unknown", 0x80000099, u"x", false);
    auto tree = tree_of(image);
    EXPECT_EQ(names(tree, "/"), "elsewhere junction@ relative@ share unknown");
    EXPECT_EQ(*tree.read_link("/junction"), "/Users/Public");
    EXPECT_EQ(*tree.read_link("/Relative"), "../here");
    EXPECT_EQ(tree.lstat("/junction")->value().size, 13U);
}

TEST_F(Ntfs, EncryptedFiles)
{
    copy("secret", "efs");
    patch_file(image, attribute_of(record_of("efs"), 0x10) + 24 + 33, "\x40");
    auto tree = tree_of(image);
    EXPECT_EQ(tree.open("/efs").error().code, ErrorCode::unsupported);
    EXPECT_THAT(content(tree, "/efs"), HasSubstr("/efs on /dev/sda2 (NTFS): the file is encrypted (EFS)"));
}

TEST_F(Ntfs, ReadOnlyFiles)
{
    copy("x", "open.sys");
    copy("x", "locked.sys");
    // FILE_ATTRIBUTE_READONLY in $STANDARD_INFORMATION.
    patch_file(image, attribute_of(record_of("locked.sys"), 0x10) + 24 + 32, "\1");
    auto tree = tree_of(image);
    ASSERT_TRUE(tree.flags("/locked.sys") && *tree.flags("/locked.sys"));
    EXPECT_EQ((*tree.flags("/locked.sys"))->read_only, true);
    EXPECT_EQ((*tree.flags("/open.sys"))->read_only, false);
}

TEST_F(Ntfs, StreamsOutliveTheTree)
{
    copy("text", "file");
    auto tree = std::make_unique<InodeTree>(open_ntfs(FileDisk::open(image)).value(), "/dev/sda2");
    auto const stream = tree->open("/file").value();
    tree.reset();
    std::array<std::byte, 100> buffer{};
    EXPECT_EQ(stream->read(buffer).value(), 4U);
    EXPECT_EQ(stream->read(buffer).value(), 0U);
}

TEST_F(Ntfs, Damaged)
{
    copy(run_shell("seq 1 100000"), "large");
    std::size_t const record = record_of("large");
    patch_file(image, record, "BAAD");
    {
        auto tree = tree_of(image);
        EXPECT_EQ(names(tree, "/"), "large");
        EXPECT_EQ(tree.lstat("/large").error().code, ErrorCode::malformed);
        EXPECT_THAT(content(tree, "/large"), HasSubstr("/large on /dev/sda2 (NTFS): MFT record 64 is not in use"));
    }
    patch_file(image, record, "FILE");
    // A run far outside of the volume.
    std::size_t const data = attribute_of(record, 0x80);
    patch_file(image, data + 0x40, std::string("\x22\x7f\x00\x00\x70\x00", 6));
    auto tree = tree_of(image);
    EXPECT_THAT(content(tree, "/large"), HasSubstr("error: "));
}

TEST_F(Ntfs, VolumesThatAreNone)
{
    EXPECT_EQ(open_ntfs(std::make_shared<MemoryDisk>(1 << 20)).error().code, ErrorCode::malformed);
    EXPECT_EQ(open_ntfs(std::make_shared<MemoryDisk>(0)).error().code, ErrorCode::malformed);
    auto const unreadable = std::make_shared<MemoryDisk>(1 << 20);
    unreadable->make_unreadable(0);
    EXPECT_EQ(open_ntfs(unreadable).error().code, ErrorCode::unreadable);
    // Cut off behind the boot sector, and in the middle of the files.
    auto const whole = FileDisk::open(image);
    EXPECT_FALSE(open_ntfs(slice(whole, 0, 8192).value()));
    for (std::size_t const field : {11U, 13U, 0x30U, 0x40U, 0x44U}) {
        std::string const before = run_shell("head -c 512 " + image).substr(field, 1);
        patch_file(image, field, "\xff");
        auto const opened = open_ntfs(FileDisk::open(image));
        EXPECT_TRUE(!opened || !(*opened)->list((*opened)->root())) << field;
        patch_file(image, field, before);
    }
}
