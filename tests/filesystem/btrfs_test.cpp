#include "filesystem/btrfs_tree.hpp"

#include <array>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/btrfs_images.hpp"

namespace imgport {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::string fixture(const std::string &name)
{
    return (std::filesystem::path(__FILE__).parent_path() / "fixtures" / name).string();
}

// Lines as fixtures/make-btrfs makes them with find.
void walk(RawTree &tree, const std::string &label, const std::string &folder, std::set<std::string> &lines)
{
    auto const entries = tree.list(folder.empty() ? "/" : folder);
    ASSERT_TRUE(entries) << describe(entries.error());
    for (auto const &entry : *entries) {
        std::string const path = folder + "/" + entry.name;
        auto const stat = tree.lstat(path);
        ASSERT_TRUE(stat && *stat) << path << (stat ? "" : describe(stat.error()));
        EXPECT_EQ((*stat)->kind, entry.kind) << path;
        lines.insert(fmt::format("{}\t{}\t{}\t{:o}\t{}\t{}\t{}\t{}", label, path,
                                 "fdlcbps"[static_cast<int>(entry.kind)], (*stat) -> mode, (*stat) -> uid,
                                 (*stat) -> gid, (*stat) -> size, content_of(tree, path, entry.kind)));
        if (entry.kind == FileKind::directory)
            walk(tree, label, path, lines);
    }
}

// The filesystem of fixtures/make-btrfs, unpacked once.
class BtrfsFixture : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        if (testing::tool("xz").empty())
            return;
        s_workshop = new Workshop;
        run_shell("xz -dc '" + fixture("btrfs.img.xz") + "' > " + image());
    }
    static void TearDownTestSuite()
    {
        delete s_workshop;
        s_workshop = nullptr;
    }
    void SetUp() override { IMGPORT_NEEDS("xz"); }
    static std::string image() { return s_workshop->path() + "/img"; }

    static std::set<std::string> expected(const std::string &label)
    {
        std::set<std::string> lines;
        std::string const text = run_tool({"xz", "-dc", fixture("btrfs.expected.xz")});
        for (auto const line : lines_of(text)) {
            if (line.starts_with(label + "\t"))
                lines.emplace(line);
        }
        return lines;
    }

    static Workshop *s_workshop;
};
Workshop *BtrfsFixture::s_workshop = nullptr;

TEST_F(BtrfsFixture, DefaultSubvolumeShowsWhatLinuxShows)
{
    auto const tree = tree_of(cached(image()));
    ASSERT_TRUE(tree);
    std::set<std::string> lines;
    walk(*tree, "default", "", lines);
    expect_same(lines, expected("default"));
}

TEST_F(BtrfsFixture, TopLevelShowsWhatLinuxShows)
{
    auto const tree = tree_of(cached(image()), "/");
    ASSERT_TRUE(tree);
    std::set<std::string> lines;
    walk(*tree, "/", "", lines);
    expect_same(lines, expected("/"));
}

TEST_F(BtrfsFixture, SubvolumesAreTheOnesThatBtrfsLists)
{
    auto const paths = btrfs_subvolumes(cached(image()));
    ASSERT_TRUE(paths) << describe(paths.error());
    std::set<std::string> lines;
    for (auto const &path : *paths)
        lines.insert("subvolume\t" + path);
    EXPECT_EQ(lines, expected("subvolume"));
    EXPECT_TRUE(std::is_sorted(paths->begin(), paths->end()));
    EXPECT_THAT(*paths, ::testing::Contains("@/var/lib/machines"));
    EXPECT_THAT(*paths, ::testing::Contains("a/b/deep"));
}

TEST_F(BtrfsFixture, ASubvolumeIsOpenedByItsPath)
{
    for (std::string const path : {"@copy", "/@copy", "@copy/", "./@copy"}) {
        auto const tree = tree_of(cached(image()), path);
        ASSERT_TRUE(tree);
        EXPECT_EQ(digest_of(*tree, "/etc/hostname").value_or("?"), hex_digest("SHA256", bytes_of("changed\n"))) << path;
    }
    auto const deep = tree_of(cached(image()), "a/b/deep");
    ASSERT_TRUE(deep);
    EXPECT_EQ(digest_of(*deep, "/file").value_or("?"), hex_digest("SHA256", bytes_of("deep\n")));

    EXPECT_THAT(error_of(cached(image()), "nowhere"), HasSubstr("unreadable: there is no subvolume nowhere"));
    EXPECT_THAT(error_of(cached(image()), "@gone"), HasSubstr("unreadable: there is no subvolume @gone"));
    EXPECT_THAT(error_of(cached(image()), "@/etc"), HasSubstr("unreadable: @/etc is no subvolume"));
    EXPECT_THAT(error_of(cached(image()), "@/etc/hostname/x"), HasSubstr("unreadable: there is no subvolume"));
    // In a snapshot of its parent.
    EXPECT_THAT(error_of(cached(image()), "@copy/var/lib/machines"), HasSubstr("is no subvolume"));
}

TEST_F(BtrfsFixture, NestedSubvolumesAreEnteredAndThoseOfSnapshotsAreEmpty)
{
    auto const tree = tree_of(cached(image()));
    ASSERT_TRUE(tree);
    auto const inside = tree->list("/var/lib/machines");
    ASSERT_TRUE(inside);
    ASSERT_EQ(inside->size(), 1U);
    EXPECT_EQ((*inside)[0].name, "inside");
    auto const empty = tree->list("/snapshot/var/lib/machines");
    ASSERT_TRUE(empty) << describe(empty.error());
    EXPECT_TRUE(empty->empty());
    EXPECT_FALSE(tree->lstat("/snapshot/var/lib/machines/inside").value());
}

TEST_F(BtrfsFixture, FlagsAreTheOnesOfChattr)
{
    auto const tree = tree_of(cached(image()));
    ASSERT_TRUE(tree);
    auto const flags = [&](const char *path) { return tree->flags(path).value().value(); };
    EXPECT_TRUE(flags("/immutable").immutable);
    EXPECT_FALSE(flags("/immutable").append_only);
    EXPECT_TRUE(flags("/append").append_only);
    EXPECT_FALSE(flags("/append").immutable);
    EXPECT_FALSE(flags("/etc/hostname").immutable);
    EXPECT_EQ(tree->flags("/nowhere").value(), std::nullopt);
}

TEST_F(BtrfsFixture, NamesOfOneHashAreToldApart)
{
    auto const reader = open_btrfs(cached(image()), "");
    ASSERT_TRUE(reader);
    auto const folder = (*reader)->look_up((*reader)->root(), "tmp");
    ASSERT_TRUE(folder && *folder);
    std::set<std::uint64_t> inodes;
    for (std::string const name : {"twin-eyzxnxzs", "twin-tdufudho", "twin-baquuymk", "twin-wqgomazy"}) {
        auto const found = (*reader)->look_up(**folder, name);
        ASSERT_TRUE(found && *found) << name;
        inodes.insert((*found)->number);
    }
    EXPECT_EQ(inodes.size(), 4U);
    EXPECT_EQ((*reader)->look_up(**folder, "twin-mblgevtl").value(), std::nullopt);
}

TEST_F(BtrfsFixture, AStreamOutlivesItsTree)
{
    auto tree = tree_of(cached(image()));
    ASSERT_TRUE(tree);
    auto const stream = tree->open("/zstd/large");
    ASSERT_TRUE(stream);
    tree.reset();
    std::array<std::byte, 16> bytes;
    ASSERT_EQ((*stream)->read(bytes).value_or(0), bytes.size());
    EXPECT_EQ(text_of(bytes), "line 0 of the fi");
}

}  // namespace
}  // namespace imgport
