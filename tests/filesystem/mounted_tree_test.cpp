#include "filesystem/mounted_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/memory_tree.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

std::shared_ptr<MemoryTree> tree()
{
    return std::make_shared<MemoryTree>();
}

std::string resolved(MountedTree &mounted, std::string_view path)
{
    auto const found = mounted.resolve(path);
    if (!found)
        return "error: " + found.error().message;
    return found->value_or("nowhere");
}

std::string text(MountedTree &mounted, std::string_view path)
{
    auto const found = mounted.read_file(path, 100);
    if (!found)
        return "error: " + found.error().message;
    return found->value_or("nothing");
}

std::string names(MountedTree &mounted, std::string_view path)
{
    auto const entries = mounted.list(path);
    if (!entries)
        return "error: " + entries.error().message;
    std::string out;
    for (auto const &entry : *entries)
        out += entry.name + (entry.kind == FileKind::directory ? "/ " : entry.kind == FileKind::symlink ? "@ " : " ");
    return out;
}

}  // namespace

TEST(MountedTree, PathsAreNormalised)
{
    auto const root = tree();
    root->file("/etc/fstab", "x");
    MountedTree mounted(root);
    for (std::string_view const path :
         {"/etc/fstab", "//etc///fstab", "/./etc/./fstab", "/etc/../etc/fstab", "etc/fstab"})
        EXPECT_EQ(resolved(mounted, path), "/etc/fstab") << path;
    EXPECT_EQ(resolved(mounted, "/"), "/");
    EXPECT_EQ(resolved(mounted, ""), "/");
    EXPECT_EQ(resolved(mounted, "/etc/"), "/etc");
}

TEST(MountedTree, DotDotEndsAtTheRoot)
{
    auto const root = tree();
    root->file("/etc/passwd", "guest").link("/out", "../../../../../../etc/passwd").link("/etc/up", "../..");
    MountedTree mounted(root);
    EXPECT_EQ(resolved(mounted, "/../../etc/passwd"), "/etc/passwd");
    EXPECT_EQ(text(mounted, "/out"), "guest");
    EXPECT_EQ(resolved(mounted, "/etc/up/up/../etc"), "nowhere");
    EXPECT_EQ(resolved(mounted, "/etc/up"), "/");
}

TEST(MountedTree, DotDotGoesUpFromWhereALinkLeads)
{
    auto const root = tree();
    root->file("/srv/data/file", "right")
        .file("/file", "wrong")
        .directory("/srv/data/deep")
        .link("/deep", "srv/data/deep");
    MountedTree mounted(root);
    EXPECT_EQ(text(mounted, "/deep/../file"), "right");
}

TEST(MountedTree, LinksInTheMiddleAndAtTheEnd)
{
    auto const root = tree();
    root->file("/usr/lib/os-release", "ID=debian")
        .link("/etc/os-release", "../usr/lib/os-release")
        .link("/lib", "usr/lib");
    MountedTree mounted(root);
    EXPECT_EQ(resolved(mounted, "/etc/os-release"), "/usr/lib/os-release");
    EXPECT_EQ(resolved(mounted, "/lib/os-release"), "/usr/lib/os-release");
    EXPECT_EQ(text(mounted, "/etc/os-release"), "ID=debian");
    EXPECT_EQ(mounted.stat("/etc/os-release")->value().kind, FileKind::regular);
    EXPECT_EQ(mounted.stat("/etc/os-release", FollowLinks::no)->value().kind, FileKind::symlink);
    EXPECT_EQ(mounted.stat("/lib/os-release", FollowLinks::no)->value().kind, FileKind::regular);
    EXPECT_EQ(*mounted.read_link("/etc/os-release"), "../usr/lib/os-release");
    EXPECT_THAT(mounted.read_link("/usr/lib/os-release").error().message, HasSubstr("is no symbolic link"));
    EXPECT_THAT(mounted.read_link("/missing").error().message, HasSubstr("is no symbolic link"));
}

TEST(MountedTree, LoopsOfLinksAreErrors)
{
    auto const root = tree();
    root->link("/a", "b").link("/b", "/a").link("/self", "self").link("/dir", "dir/dir");
    MountedTree mounted(root);
    for (std::string_view const path : {"/a", "/b", "/self", "/dir", "/a/x"}) {
        EXPECT_EQ(resolved(mounted, path), "error: too many levels of symbolic links") << path;
        EXPECT_EQ(mounted.stat(path).error().code, ErrorCode::malformed);
    }
    EXPECT_TRUE(mounted.stat("/self", FollowLinks::no)->has_value());
}

TEST(MountedTree, FortyLinksAreFollowedFortyOneAreNot)
{
    auto const root = tree();
    root->file("/0", "end");
    for (int i = 1; i <= 41; ++i)
        root->link("/" + std::to_string(i), std::to_string(i - 1));
    MountedTree mounted(root);
    EXPECT_EQ(text(mounted, "/40"), "end");
    EXPECT_EQ(text(mounted, "/41"), "error: too many levels of symbolic links");
}

TEST(MountedTree, LinksThatBreedLinksAreBounded)
{
    // Each time the link is followed it leaves ten thousand more to follow.
    auto const root = tree();
    std::string target;
    for (int i = 0; i < 10'000; ++i)
        target += "a/";
    root->link("/a", target + "a");
    MountedTree mounted(root);
    EXPECT_EQ(resolved(mounted, "/a"), "error: too many levels of symbolic links");
}

TEST(MountedTree, WhatLeadsNowhereIsNoError)
{
    auto const root = tree();
    root->link("/dangling", "/no/such").link("/empty", "").file("/file", "x");
    MountedTree mounted(root);
    for (std::string_view const path :
         {"/missing", "/dangling", "/empty", "/file/below", "/file/..", "/missing/../file"}) {
        EXPECT_EQ(resolved(mounted, path), "nowhere") << path;
        EXPECT_EQ(text(mounted, path), "nothing") << path;
        EXPECT_EQ(names(mounted, path), "") << path;
        EXPECT_FALSE(mounted.stat(path)->has_value()) << path;
        EXPECT_EQ(mounted.open(path).error().code, ErrorCode::unreadable) << path;
    }
    EXPECT_EQ(resolved(mounted, std::string_view("/file\0x", 7)), "nowhere");
    EXPECT_EQ(resolved(mounted, "/" + std::string(1 << 20, 'a')), "nowhere");
}

TEST(MountedTree, WrongKindsAreErrors)
{
    auto const root = tree();
    root->file("/file", "x").directory("/folder");
    MountedTree mounted(root);
    EXPECT_EQ(names(mounted, "/file"), "error: is no directory");
    EXPECT_EQ(text(mounted, "/folder"), "error: is no regular file");
    EXPECT_EQ(mounted.open("/folder").error().code, ErrorCode::malformed);
}

TEST(MountedTree, MountsHideWhatLiesBelow)
{
    auto const root = tree();
    auto const boot = tree();
    auto const efi = tree();
    root->file("/boot/vmlinuz", "hidden").file("/bootstrap", "root's");
    boot->file("/vmlinuz", "boot's").directory("/efi");
    efi->file("/EFI/BOOT/BOOTX64.EFI", "efi's");
    MountedTree mounted(root);
    mounted.mount("/boot", boot);
    mounted.mount("/boot/efi/", efi);
    EXPECT_EQ(text(mounted, "/boot/vmlinuz"), "boot's");
    EXPECT_EQ(text(mounted, "/bootstrap"), "root's");
    EXPECT_EQ(text(mounted, "/boot/efi/EFI/BOOT/BOOTX64.EFI"), "efi's");
    EXPECT_EQ(text(mounted, "/boot/efi/../vmlinuz"), "boot's");
    EXPECT_EQ(resolved(mounted, "/boot/.."), "/");
    EXPECT_EQ(names(mounted, "/boot"), "efi/ vmlinuz ");
}

TEST(MountedTree, MountPointsNeedNotExistBelow)
{
    auto const root = tree();
    auto const data = tree();
    root->file("/etc/fstab", "");
    data->file("/file", "x");
    MountedTree mounted(root);
    mounted.mount("/mnt/deep/data", data);
    EXPECT_EQ(text(mounted, "/mnt/deep/data/file"), "x");
    EXPECT_EQ(names(mounted, "/"), "etc/ mnt/ ");
    EXPECT_EQ(names(mounted, "/mnt/deep"), "data/ ");
    EXPECT_EQ(mounted.stat("/mnt")->value().kind, FileKind::directory);
    EXPECT_EQ(resolved(mounted, "/mnt/other"), "nowhere");
}

TEST(MountedTree, AbsoluteLinksStartAtTheWholeTreesRoot)
{
    auto const root = tree();
    auto const var = tree();
    root->file("/etc/target", "root's").directory("/var");
    var->link("/link", "/etc/target").file("/etc/target", "var's").link("/up", "../etc/target");
    MountedTree mounted(root);
    mounted.mount("/var", var);
    EXPECT_EQ(text(mounted, "/var/link"), "root's");
    EXPECT_EQ(text(mounted, "/var/up"), "root's");
}

TEST(MountedTree, LinkToAMountPoint)
{
    auto const root = tree();
    auto const data = tree();
    root->directory("/srv").link("/data", "/srv").link("/inside", "srv/file");
    data->file("/file", "x");
    MountedTree mounted(root);
    mounted.mount("/srv", data);
    EXPECT_EQ(text(mounted, "/data/file"), "x");
    EXPECT_EQ(text(mounted, "/inside"), "x");
    EXPECT_EQ(names(mounted, "/data"), "file ");
}

TEST(MountedTree, MountTargetWithALinkIsResolvedWhenItIsMounted)
{
    auto const root = tree();
    auto const log = tree();
    root->link("/var", "/data/var").directory("/data/var/log");
    log->file("/syslog", "x");
    MountedTree mounted(root);
    mounted.mount("/var/log", log);
    EXPECT_EQ(text(mounted, "/var/log/syslog"), "x");
    EXPECT_EQ(text(mounted, "/data/var/log/syslog"), "x");
}

TEST(MountedTree, LaterMountsReplaceEarlierOnes)
{
    auto const root = tree();
    auto const one = tree();
    auto const two = tree();
    one->file("/name", "one");
    two->file("/name", "two");
    MountedTree mounted(root);
    mounted.mount("/m", one);
    EXPECT_EQ(text(mounted, "/m/name"), "one");
    mounted.mount("/m", two);
    EXPECT_EQ(text(mounted, "/m/name"), "two");
    mounted.mount("/", one);
    EXPECT_EQ(text(mounted, "/name"), "one");
}

TEST(MountedTree, LongFilesAreErrors)
{
    auto const root = tree();
    root->file("/short", std::string(100, 'x')).file("/long", std::string(101, 'x'));
    MountedTree mounted(root);
    EXPECT_EQ(text(mounted, "/short").size(), 100U);
    auto const read = mounted.read_file("/long", 100);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::malformed);
    EXPECT_EQ(read.error().file, "/long");
}

namespace {

// An inode that says less than the file has, and one read at a time.
class LyingTree final : public RawTree {
public:
    Result<std::optional<FileStat>> lstat(std::string_view path) override
    {
        return std::optional(FileStat{path == "/" ? FileKind::directory : FileKind::regular, 0644, 0, 0, 1, {}, {}});
    }
    Result<std::string> read_link(std::string_view) override { return std::string(); }
    Result<std::vector<DirectoryEntry>> list(std::string_view) override { return std::vector<DirectoryEntry>{}; }
    Result<std::unique_ptr<FileStream>> open(std::string_view) override
    {
        return std::make_unique<MemoryStream>(std::string(1 << 20, 'x'));
    }
    Result<std::optional<Flags>> flags(std::string_view) override { return std::optional<Flags>(); }
};

}  // namespace

TEST(MountedTree, FileThatIsLongerThanItsInodeSays)
{
    MountedTree mounted(std::make_shared<LyingTree>());
    EXPECT_EQ(text(mounted, "/file"), "error: is longer than 100 bytes");
}

TEST(MountedTree, DamagedFilesAreErrorsAndNotAbsent)
{
    auto const root = tree();
    root->broken("/etc/fstab");
    MountedTree mounted(root);
    EXPECT_THAT(text(mounted, "/etc/fstab"), HasSubstr("input/output error"));
}

TEST(MountedTree, FlagsAreAskedForByThemselves)
{
    auto const root = tree();
    root->file("/etc/shadow", "").immutable("/etc/shadow").link("/link", "etc/shadow");
    MountedTree mounted(root);
    EXPECT_EQ(mounted.stat("/etc/shadow")->value().immutable, std::nullopt);
    EXPECT_EQ(mounted.stat_flags("/link")->value().immutable, true);
    EXPECT_EQ(mounted.stat_flags("/link")->value().append_only, false);
    EXPECT_FALSE(mounted.stat_flags("/missing")->has_value());
}
