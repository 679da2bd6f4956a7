#include "filesystem/btrfs_tree.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filesystem/btrfs_volume.hpp"
#include "filesystem/cached_disk.hpp"
#include "support/digest.hpp"
#include "testing/btrfs_disks.hpp"
#include "testing/disks.hpp"
#include "testing/tools.hpp"

namespace imgport {
namespace {

using ::testing::ElementsAre;
using testing::FileDisk;
using ::testing::HasSubstr;
using testing::ResealedBtrfs;
using testing::run_shell;
using testing::run_tool;
using testing::Workshop;

std::string fixture(const std::string &name)
{
    return (std::filesystem::path(__FILE__).parent_path() / "fixtures" / name).string();
}

std::shared_ptr<Disk> cached(const std::string &image)
{
    return std::make_shared<CachedDisk>(FileDisk::open(image));
}

std::string error_of(std::shared_ptr<Disk> disk, const std::string &subvolume = "")
{
    auto const opened = open_btrfs(std::move(disk), subvolume);
    return opened ? "none" : std::string(to_string(opened.error().code)) + ": " + opened.error().message;
}

std::unique_ptr<InodeTree> tree_of(std::shared_ptr<Disk> disk, const std::string &subvolume = "")
{
    auto reader = open_btrfs(std::move(disk), subvolume);
    if (!reader) {
        ADD_FAILURE() << describe(reader.error());
        return nullptr;
    }
    return std::make_unique<InodeTree>(std::move(*reader), "/dev/sda1");
}

Result<std::string> digest_of(RawTree &tree, const std::string &path)
{
    auto const stream = tree.open(path);
    if (!stream)
        return tl::unexpected(stream.error());
    Sha256 digest;
    std::vector<std::byte> piece(100000);
    for (;;) {
        auto const got = (*stream)->read(piece);
        if (!got)
            return tl::unexpected(got.error());
        if (*got == 0)
            return to_hex(digest.finish());
        digest.update(Bytes(piece).first(*got));
    }
}

std::string content_of(RawTree &tree, const std::string &path, FileKind kind)
{
    auto const content = kind == FileKind::regular   ? digest_of(tree, path)
                         : kind == FileKind::symlink ? tree.read_link(path)
                                                     : Result<std::string>("");
    return content ? *content : describe(content.error());
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

void expect_same(const std::set<std::string> &ours, const std::set<std::string> &linux)
{
    std::vector<std::string> missing;
    std::vector<std::string> surplus;
    std::set_difference(linux.begin(), linux.end(), ours.begin(), ours.end(), std::back_inserter(missing));
    std::set_difference(ours.begin(), ours.end(), linux.begin(), linux.end(), std::back_inserter(surplus));
    EXPECT_THAT(missing, ElementsAre());
    EXPECT_THAT(surplus, ElementsAre());
    EXPECT_GT(linux.size(), 40U);
}

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

// A folder with something of everything that mkfs.btrfs can copy, and images of it.
class BtrfsMade : public ::testing::Test {
protected:
    void SetUp() override { IMGPORT_NEEDS("mkfs.btrfs", "sh", "awk", "find", "sort"); }

    std::string folder() const { return m_workshop.path() + "/files"; }

    // Answers the image.
    std::string make(const std::string &options, const std::string &size = "160M") const
    {
        std::string const image = m_workshop.path() + "/img";
        run_shell(
            "mkdir -p '" + folder() + "' && cd '" + folder() +
            "' && { [ -d etc ] || { mkdir -p etc usr/lib empty && echo host > etc/hostname && ln -s ../etc usr/link "
            "&& mkfifo pipe && awk 'BEGIN { for (i = 0; i < 60000; i++) print i }' > large && "
            "truncate -s 3M hole && echo island | dd of=hole bs=1 seek=1500000 conv=notrunc status=none && "
            "for i in 1 2 3 4 5 6 7 8 9; do for j in a b c d e f g h i j k; do "
            "echo $i$j > usr/lib/a-rather-long-name-to-fill-the-leaves-of-the-tree-$i$j; done; done; }; } && rm -f " +
            image + " && truncate -s " + size + " " + image + " && mkfs.btrfs -q --rootdir . " + options + " " + image);
        return image;
    }

    std::set<std::string> files() const
    {
        std::set<std::string> lines;
        std::string const text =
            run_shell("cd '" + folder() +
                      "' && find . -mindepth 1 -type f -printf '%P\\t' -exec sha256sum '{}' ';' | cut -c -999");
        for (auto const line : lines_of(text)) {
            auto const tab = line.find('\t');
            lines.insert(fmt::format("/{}\t{}", line.substr(0, tab), line.substr(tab + 1, 64)));
        }
        return lines;
    }

    static void read_all(RawTree &tree, const std::string &folder, std::set<std::string> &lines)
    {
        auto const entries = tree.list(folder.empty() ? "/" : folder);
        ASSERT_TRUE(entries) << describe(entries.error());
        for (auto const &entry : *entries) {
            std::string const path = folder + "/" + entry.name;
            if (entry.kind == FileKind::regular)
                lines.insert(fmt::format("{}\t{}", path, content_of(tree, path, entry.kind)));
            if (entry.kind == FileKind::directory)
                read_all(tree, path, lines);
        }
    }

    void expect_readable(const std::string &image) const
    {
        auto const tree = tree_of(cached(image));
        ASSERT_TRUE(tree);
        std::set<std::string> lines;
        read_all(*tree, "", lines);
        expect_same(lines, files());
        EXPECT_EQ(tree->read_link("/usr/link").value_or("?"), "../etc");
    }

    Workshop m_workshop;
};

TEST_F(BtrfsMade, InEveryGeometry)
{
    for (std::string const options : {"", "-M -n 4096 -m dup -d dup", "-n 4096 -O ^no-holes,^skinny-metadata,^extref",
                                      "-n 65536 --csum xxhash", "--csum sha256 -R ^free-space-tree"}) {
        SCOPED_TRACE(options);
        expect_readable(make(options));
    }
}

TEST_F(BtrfsMade, AChangedUuidOfMetadata)
{
    IMGPORT_NEEDS("btrfstune");
    auto const image = make("");
    run_tool({"btrfstune", "-m", image});
    expect_readable(image);
}

// Where the tree node at a logical address lies.
btrfs::ChunkMap::Copies copies_of(const std::string &image, std::uint64_t logical)
{
    return btrfs::Volume::open(cached(image)).value()->chunks().find(logical, 4096).value();
}

std::uint64_t fs_root_of(const std::string &image)
{
    return btrfs::Volume::open(cached(image)).value()->find_root(btrfs::fs_tree).value()->logical;
}

TEST_F(BtrfsMade, TheSecondCopyOfMetadataServesWhereTheFirstIsDamaged)
{
    auto const image = make("-m dup");
    auto const copies = copies_of(image, fs_root_of(image));
    ASSERT_TRUE(copies.second);
    testing::patch_file(image, copies.first + 4000, "damage");
    expect_readable(image);
    testing::patch_file(image, *copies.second + 200, "damage");
    EXPECT_THAT(error_of(cached(image)), HasSubstr("is damaged: its checksum is wrong"));
}

// Where the first extent that lies outside of the tree begins.
std::uint64_t data_of(const std::string &image)
{
    auto const volume = btrfs::Volume::open(cached(image)).value();
    auto cursor = volume->tree(btrfs::fs_tree).value();
    for (auto found = cursor.seek({}); found.value(); found = cursor.next()) {
        if (cursor.key().type == btrfs::extent_data_key && load_le<std::uint8_t>(cursor.data(), 20) == 1)
            return volume->chunks().find(load_le<std::uint64_t>(cursor.data(), 21), 4096).value().first;
    }
    return 0;
}

TEST_F(BtrfsMade, DamagedDataIsNotHandedOut)
{
    run_shell("mkdir -p '" + folder() + "/etc' && cd '" + folder() +
              "' && echo host > etc/hostname && seq 9999 > data");
    auto const image = make("");
    auto const at = data_of(image) + 8192;
    testing::patch_file(image, at + 5, "damage");
    auto const tree = tree_of(cached(image));
    ASSERT_TRUE(tree);
    auto const read = digest_of(*tree, "/data");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::malformed);
    EXPECT_THAT(read.error().message, HasSubstr("do not match their checksum"));
    EXPECT_EQ(read.error().offset, at);
    EXPECT_TRUE(digest_of(*tree, "/etc/hostname"));
}

TEST_F(BtrfsMade, HostileSuperblocks)
{
    auto const image = make("-m single");
    auto const shorter = [&](std::uint64_t size) { return *slice(FileDisk::open(image), 0, size); };
    EXPECT_THAT(error_of(shorter(150 << 20)), HasSubstr("the filesystem has 167772160 bytes, the volume 157286400"));
    EXPECT_THAT(error_of(shorter(66 << 10)), HasSubstr("malformed: the superblock is damaged: it lies outside"));
    EXPECT_FALSE(btrfs_subvolumes(shorter(66 << 10)));
    auto const says = [&](std::uint64_t offset, auto value, const char *what) {
        auto const disk = std::make_shared<ResealedBtrfs>(FileDisk::open(image), 16384);
        disk->change(ResealedBtrfs::superblock_at + offset, value);
        EXPECT_THAT(error_of(disk), HasSubstr(what)) << offset;
    };
    says(64, std::uint64_t{0}, "malformed: the superblock is damaged: it has another magic number");
    says(196, std::uint16_t{3}, "unsupported: its checksums are blake2b");
    says(56, std::uint64_t{1} << 32, "unsupported: it is a seed device");
    says(136, std::uint64_t{2}, "unsupported: it is spread over 2 devices");
    says(48, std::uint64_t{1}, "malformed: the superblock is damaged: bytenr is 1");
    says(196, std::uint16_t{9}, "unsupported: its checksums are of the unknown type 9");
    says(196, std::uint16_t{2}, "malformed: the superblock is damaged: its checksum is wrong");
    says(60, std::uint32_t{2}, "unsupported: it is a dump of metadata only");
    says(60, std::uint32_t{1 << 8}, "unsupported: its UUID or its checksums were being changed");
    says(188, std::uint64_t{0x1341}, "unsupported: it is zoned");
    says(188, std::uint64_t{0x2341}, "unsupported: it has the feature extent-tree-v2");
    says(188, std::uint64_t{0x4341}, "unsupported: it has the feature raid-stripe-tree");
    says(188, std::uint64_t{1} << 40, "unsupported: it has unknown incompatible features (0x10000000000)");
    says(136, std::uint64_t{0}, "malformed: the superblock is damaged: num_devices is 0");
    says(144, std::uint32_t{512}, "sectorsize is 512");
    says(144, std::uint32_t{0}, "sectorsize is 0");
    says(148, std::uint32_t{1 << 17}, "nodesize is 131072");
    says(148, std::uint32_t{12345}, "nodesize is 12345");
    says(198, std::uint8_t{8}, "the level of a tree is 8");
    says(199, std::uint8_t{255}, "the level of a tree is 255");
    says(160, std::uint32_t{2049}, "sys_chunk_array_size is 2049");
    says(160, std::uint32_t{20}, "sys_chunk_array ends in the middle");
    says(160, std::uint32_t{0}, "no chunk holds the");
    says(80, std::uint64_t{1} << 60, "no chunk holds the");
    says(72, std::uint64_t{77}, "its generation is");
    says(198, std::uint8_t{3}, "its level is");
    says(811 + 17 + 44, std::uint16_t{0xffff}, "sys_chunk_array holds what is no chunk");
    says(811 + 17, std::uint64_t{0}, "its length is 0");
    says(811 + 17, ~std::uint64_t{0}, "its length is");
    says(811 + 17 + 24, std::uint64_t{0x12}, "unsupported: the chunk at logical address");
    says(811 + 17 + 24, std::uint64_t{0x12}, "RAID1");
    says(811 + 17 + 24, std::uint64_t{0x22}, "1 stripes for its profile");
    says(811 + 17 + 48, std::uint64_t{2}, "lies on another device");
    says(811 + 17 + 56, ~std::uint64_t{0}, "a stripe lies at");
    says(811 + 17 + 56, std::uint64_t{1} << 50, "lies outside the volume");
}

TEST_F(BtrfsMade, HostileNodes)
{
    auto const image = make("-m single");
    auto const logical = fs_root_of(image);
    auto const root = copies_of(image, logical).first;
    auto const disk = [&] { return std::make_shared<ResealedBtrfs>(FileDisk::open(image), 16384); };
    auto const says = [&](std::uint64_t offset, auto value, const char *what) {
        auto const changed = disk();
        changed->change(root + offset, value);
        EXPECT_THAT(error_of(changed), HasSubstr(what)) << offset;
    };
    ASSERT_EQ(btrfs::Volume::open(cached(image)).value()->find_root(btrfs::fs_tree).value()->level, 1)
        << "the tests below are of an inner node";
    says(48, std::uint64_t{4096}, "it says that it lies at 4096");
    says(80, std::uint64_t{1} << 40, "its generation is 1099511627776");
    says(100, std::uint8_t{0}, "damaged");
    says(100, std::uint8_t{200}, "its level is 200");
    says(100, std::uint8_t{7}, "its level is 7, not 1");
    says(96, std::uint32_t{0}, "it has 0 items");
    says(96, std::uint32_t{0xffffffff}, "it has 4294967295 items");
    says(101, ~std::uint64_t{0}, "the key of item 1 is not larger");
    says(101, std::uint64_t{1}, "its first key is not the one above it");
    // A child that is its own parent.
    says(101 + 17, logical, "its level is 1, not 0");
    says(101 + 17, std::uint64_t{1} << 62, "no chunk holds the");
    says(101 + 25, std::uint64_t{99}, "not 99");
    // One child twice.
    auto const twice = disk();
    std::array<std::byte, 16> child{};
    ASSERT_TRUE(twice->read(root + 101 + 17, child));
    twice->change(root + 101 + 33 + 17, load_le<std::uint64_t>(child, 0));
    auto const tree = tree_of(twice);
    ASSERT_TRUE(tree);
    auto const listed = tree->list("/usr/lib");
    ASSERT_FALSE(listed);
    EXPECT_THAT(listed.error().message, HasSubstr("is damaged"));
}

TEST_F(BtrfsMade, HostileLeaves)
{
    run_shell("mkdir -p '" + folder() + "/etc' && cd '" + folder() +
              "' && echo host > etc/hostname && seq 9999 > data");
    auto const image = make("-m single");
    auto const root = copies_of(image, fs_root_of(image)).first;
    auto const disk = [&] { return std::make_shared<ResealedBtrfs>(FileDisk::open(image), 16384); };
    std::array<std::byte, 16384> leaf{};
    ASSERT_TRUE(disk()->read(root, leaf));
    ASSERT_EQ(load_le<std::uint8_t>(leaf, 100), 0) << "the tests below are of a leaf";
    // Where the data of the first item of a type lie in the leaf, behind as many items of that type.
    auto const find = [&](std::uint8_t type, int behind = 0) -> std::uint64_t {
        for (std::size_t i = 0; i < load_le<std::uint32_t>(leaf, 96); ++i) {
            std::size_t const slot = 101 + i * 25;
            if (load_le<std::uint8_t>(leaf, slot + 8) == type && behind-- == 0)
                return root + 101 + load_le<std::uint32_t>(leaf, slot + 17);
        }
        ADD_FAILURE() << "no item of type " << int{type};
        return 0;
    };
    auto const everything = [&](std::uint64_t offset, auto value) {
        auto const changed = disk();
        changed->change(offset, value);
        auto reader = open_btrfs(changed, "");
        if (!reader)
            return reader.error().message;
        InodeTree tree(std::move(*reader), "/dev/sda1");
        std::string errors;
        auto const note = [&](const auto &result) {
            if (!result)
                errors += result.error().message + "\n";
        };
        for (std::string const path : {"/", "/etc"})
            note(tree.list(path));
        for (std::string const path : {"/data", "/etc/hostname"}) {
            note(tree.lstat(path));
            note(digest_of(tree, path));
        }
        return errors;
    };
    EXPECT_EQ(everything(root + 16383, std::uint8_t{0}).find("damaged"), std::string::npos);
    auto const says = [&](std::uint64_t offset, auto value, const char *what) {
        EXPECT_THAT(everything(offset, value), HasSubstr(what));
    };
    says(root + 101 + 17, std::uint32_t{0x7fffffff}, "item 0 has");
    says(root + 101 + 17, std::uint32_t{0}, "item 0 has");
    says(root + 101 + 21, std::uint32_t{0xffffffff}, "item 0 has 4294967295 bytes");
    says(find(btrfs::inode_item_key, 1) + 52, std::uint32_t{0}, "the mode of inode");
    says(find(btrfs::dir_index_key) + 27, std::uint16_t{0}, "a name has 0 bytes");
    says(find(btrfs::dir_index_key) + 27, std::uint16_t{300}, "a name has 300 bytes");
    says(find(btrfs::dir_index_key) + 25, std::uint16_t{0xffff}, "a name has");
    says(find(btrfs::dir_index_key) + 29, std::uint8_t{77}, "the type of an entry is 77");
    says(find(btrfs::dir_index_key) + 29, std::uint8_t{0x81}, "is encrypted");
    says(find(btrfs::dir_index_key) + 30, std::uint8_t{'/'}, "a name is none that a file can have");
    says(find(btrfs::dir_item_key) + 8, std::uint8_t{99}, "leads to 99");
    says(find(btrfs::dir_item_key, 1), std::uint64_t{99}, "there is no inode 99");

    std::uint64_t inside = 0;
    std::uint64_t outside = 0;
    for (int i = 0; i < 2; ++i) {
        auto const at = find(btrfs::extent_data_key, i);
        (load_le<std::uint8_t>(leaf, at - root + 20) == 0 ? inside : outside) = at;
    }
    ASSERT_TRUE(inside && outside);
    says(inside + 20, std::uint8_t{9}, "its type is 9");
    says(inside + 20, std::uint8_t{1}, "it is too short");
    says(inside + 17, std::uint8_t{1}, "is encrypted or encoded");
    says(inside + 16, std::uint8_t{7}, "an extent has the compression 7");
    says(inside + 16, std::uint8_t{1}, "the zlib data of an extent are damaged");
    says(inside + 16, std::uint8_t{2}, "the LZO data of an extent have a wrong length");
    says(inside + 16, std::uint8_t{3}, "the zstd data of an extent are damaged");
    says(inside + 8, std::uint64_t{1} << 40, "bytes within the tree");
    says(inside + 8, std::uint64_t{6}, "its data end in the middle");
    says(outside + 45, std::uint64_t{0}, "its length is 0");
    says(outside + 45, std::uint64_t{100}, "its length is 100");
    says(outside + 45, ~std::uint64_t{4095}, "it takes");
    says(outside + 37, std::uint64_t{1} << 40, "it takes");
    says(outside + 37, ~std::uint64_t{4095}, "it takes");
    says(outside + 21, std::uint64_t{4096}, "no chunk holds the");
    says(outside + 21, ~std::uint64_t{4095}, "it takes");
    says(outside + 16, std::uint8_t{1}, "the zlib data of an extent are damaged");
    says(outside + 16, std::uint8_t{2}, "the LZO data of an extent have");
}

}  // namespace
}  // namespace imgport
