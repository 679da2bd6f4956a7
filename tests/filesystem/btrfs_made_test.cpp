#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/btrfs_images.hpp"

namespace imgport {
namespace {

using namespace testing;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace imgport
