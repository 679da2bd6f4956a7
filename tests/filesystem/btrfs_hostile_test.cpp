#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/btrfs_disks.hpp"
#include "testing/btrfs_images.hpp"

namespace imgport {
namespace {

using namespace testing;
using ::testing::HasSubstr;

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
