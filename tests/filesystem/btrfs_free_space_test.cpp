// The free space of btrfs: `btrfs check` is content whatever it holds, and the dump of its trees says how much it is.
#include "filesystem/free_space.hpp"
#include "testing/btrfs_disks.hpp"
#include "testing/btrfs_images.hpp"
#include "testing/free_space_images.hpp"

namespace imgport {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class BtrfsFreeSpace : public BtrfsMade {
protected:
    void SetUp() override
    {
        BtrfsMade::SetUp();
        IMGPORT_NEEDS("btrfs");
    }

    static std::string refusal(const Result<std::vector<ByteRange>> &free)
    {
        return free ? "none" : std::string(to_string(free.error().code)) + ": " + free.error().message;
    }
};

// Of the superblock; what is used, as the device's owner counts it.
std::uint64_t super_number(const std::string &image, const std::string &key)
{
    return std::stoull(
        run_shell("btrfs inspect-internal dump-super " + image + " | awk '$1 == \"" + key + "\" { print $2 }'"));
}

TEST_F(BtrfsFreeSpace, InEveryGeometry)
{
    for (std::string const options :
         {"", "-m single -d single", "-m dup -d dup", "-M -n 4096", "-n 65536 --csum xxhash -R ^free-space-tree",
          "-O ^no-holes,^skinny-metadata,^extref --csum sha256"}) {
        SCOPED_TRACE(options);
        auto const image = make(options, "250M");
        auto const free = free_space(cached(image));
        ASSERT_TRUE(free) << describe(free.error());
        expect_apart(*free);
        ASSERT_FALSE(free->empty());
        EXPECT_GE(free->front().offset, std::uint64_t{1} << 20);
        // All but what is used, its copies, the first MiB and the second superblock.
        auto const used = super_number(image, "bytes_used");
        auto const total = super_number(image, "total_bytes");
        auto const kept = total - sum_of(*free);
        std::uint64_t const fixed = (1 << 20) + (1 << 16);
        EXPECT_GE(kept, used + fixed);
        EXPECT_LE(kept, 2 * used + fixed);
        if (options == "-m single -d single") {
            EXPECT_EQ(kept, used + fixed);
        } else if (options == "-m dup -d dup") {
            EXPECT_EQ(kept, 2 * used + fixed);
        }
        put_rubbish(image, *free);
        run_tool({"btrfs", "check", image});
        expect_readable(image);
    }
}

// Where the tree's root lies on the device.
std::uint64_t root_of(const std::string &image, std::uint64_t tree)
{
    auto const volume = btrfs::Volume::open(cached(image)).value();
    auto const root = volume->find_root(tree).value().value();
    return volume->chunks().find(root.logical, 4096).value().first;
}

class BtrfsFreeSpaceHostile : public BtrfsFreeSpace {
protected:
    // One leaf per tree, one copy of each. The item of a leaf, by its key's object and type: where its data lies.
    struct Item {
        std::uint64_t key = 0;
        std::uint64_t data = 0;
    };
    Item item(std::uint64_t tree, std::uint8_t type, std::size_t skip = 0) const
    {
        auto const at = root_of(m_image, tree);
        std::vector<std::byte> node(16384);
        EXPECT_TRUE(cached(m_image)->read(at, node));
        for (std::size_t i = 0; i < load_le<std::uint32_t>(node, 96); ++i) {
            std::size_t const slot = 101 + i * 25;
            if (load_le<std::uint8_t>(node, slot + 8) == type && skip-- == 0)
                return {at + slot, at + 101 + load_le<std::uint32_t>(node, slot + 17)};
        }
        ADD_FAILURE() << "there is no such item";
        return {};
    }
    std::string refused(const std::function<void(ResealedBtrfs &)> &change) const
    {
        auto const disk = std::make_shared<ResealedBtrfs>(FileDisk::open(m_image), 16384);
        EXPECT_EQ(refusal(btrfs_free_space(disk)), "none");
        change(*disk);
        return refusal(btrfs_free_space(disk));
    }

    std::string m_image;
};

TEST_F(BtrfsFreeSpaceHostile, WhatContradictsItselfIsNotBelieved)
{
    run_shell("mkdir -p '" + folder() + "/etc' && echo host > '" + folder() + "/etc/hostname'");
    m_image = make("-m single -d single");

    auto const group = item(btrfs::extent_tree, btrfs::block_group_item_key);
    EXPECT_THAT(refused([&](auto &disk) { disk.template change<std::uint64_t>(group.data, 4096); }),
                HasSubstr("are used, it says 4096"));
    EXPECT_THAT(refused([&](auto &disk) { disk.template change<std::uint64_t>(group.key + 9, 12345); }),
                HasSubstr("has no block group"));
    // An extent that is hidden from view: its type becomes that of something else.
    auto const node = item(btrfs::extent_tree, btrfs::metadata_item_key);
    EXPECT_THAT(refused([&](auto &disk) { disk.template change<std::uint8_t>(node.key + 8, 170); }),
                HasSubstr("are used, it says"));
    auto const second = item(btrfs::extent_tree, btrfs::metadata_item_key, 1);
    EXPECT_THAT(refused([&](auto &disk) {
                    disk.template change<std::uint8_t>(second.key + 8, btrfs::extent_item_key);
                    disk.template change<std::uint64_t>(second.key + 9, std::uint64_t{1} << 62);
                }),
                HasSubstr("overlaps another or lies in no chunk"));
    auto const device = item(btrfs::device_tree, btrfs::device_extent_key);
    EXPECT_THAT(refused([&](auto &disk) { disk.template change<std::uint64_t>(device.data + 24, 65536); }),
                HasSubstr("no chunk has the extent at"));
    EXPECT_THAT(refused([&](auto &disk) { disk.template change<std::uint64_t>(65536 + 180, 0x100); }),
                HasSubstr("unsupported: it has unknown features"));
}

TEST_F(BtrfsFreeSpace, IsNotReadWhereALogIsToBeReplayed)
{
    auto const image = make("");
    // And the checksum of the superblock with it.
    std::vector<std::byte> sb(4096);
    ASSERT_TRUE(cached(image)->read(65536, sb));
    store_le<std::uint64_t>(sb, 96, 30408704);
    store_le<std::uint32_t>(sb, 0, crc32c(0, Bytes(sb).subspan(32)));
    patch_file(image, 65536, text_of(sb));
    EXPECT_EQ(refusal(free_space(cached(image))),
              "unsupported: the filesystem is not clean: there is a log tree to replay");
}

}  // namespace
}  // namespace imgport
