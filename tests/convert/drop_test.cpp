// What --drop leaves out, on disks that other programs partitioned and filled.
#include "convert/drop.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/bytes.hpp"
#include "testing/disks.hpp"
#include "testing/free_space_images.hpp"
#include "testing/tools.hpp"
#include "volume/lvm2.hpp"
#include "volume/lvm2_images.hpp"

namespace imgport {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr std::uint64_t mib = 1024 * 1024;

class Drop : public ::testing::Test {
protected:
    void SetUp() override { IMGPORT_NEEDS("mke2fs", "e2fsck", "sfdisk", "mkswap", "swaplabel", "sh"); }

    // 128 MiB: ext4 from 1 MiB on, 63 MiB; swap from 64 MiB on, 32 MiB; nothing known from 96 MiB on, 16 MiB.
    std::string make(const std::string &script = "") const
    {
        std::string const image = m_shop.image("disk", 128 * mib);
        run_shell("cd " + m_shop.path() +
                  " && printf 'label: dos\\nstart=2048, size=129024\\nstart=131072, size=65536, type=82\\n"
                  "start=196608, size=32768\\n' | sfdisk -q disk && mkdir -p src && head -c 5000000 /dev/urandom > "
                  "src/file && mke2fs -q -F -t ext4 -b 4096 -d src -E offset=1048576 disk 63M && truncate -s 32M swap "
                  "&& mkswap -q -L swapped -U 01234567-89ab-cdef-0123-456789abcdef swap && " +
                  (script.empty() ? "true" : script) + " && dd if=swap of=disk bs=1M seek=64 conv=notrunc status=none");
        return image;
    }

    static Result<DropPlan> plan(const std::string &image, const DropOptions &options)
    {
        return plan_drop(FileDisk::open(image), options);
    }

    static const Dropped *found(const DropPlan &plan, const std::string &device)
    {
        for (auto const &dropped : plan.dropped) {
            if (dropped.device == device)
                return &dropped;
        }
        return nullptr;
    }

    // The disk as a conversion would make it, from `offset` on.
    std::string result(const std::string &image, const DropPlan &plan, std::uint64_t offset, std::uint64_t length) const
    {
        auto const disk = changed(FileDisk::open(image), std::make_shared<const DiskChanges>(plan.changes));
        std::vector<std::byte> bytes(length);
        EXPECT_TRUE(disk->read(offset, bytes));
        std::string const out = m_shop.image("result", 0);
        patch_file(out, 0, text_of(bytes));
        return out;
    }

    Workshop m_shop;
};

TEST_F(Drop, NothingUnlessAsked)
{
    auto const nothing = plan(make(), {});
    ASSERT_TRUE(nothing);
    EXPECT_TRUE(nothing->changes.empty());
    EXPECT_TRUE(nothing->dropped.empty());
}

TEST_F(Drop, FreeSpaceOfAPartition)
{
    auto const image = make();
    auto const dropped = plan(image, {.free_space = true}).value();
    ASSERT_EQ(dropped.dropped.size(), 1U);  // not a word on what nobody knows
    EXPECT_EQ(dropped.dropped[0].device, "/dev/sda1");
    EXPECT_EQ(dropped.dropped[0].what, "free-space");
    EXPECT_EQ(dropped.dropped[0].skipped, "");
    // The test's disk says that all of it is data.
    EXPECT_EQ(dropped.dropped[0].bytes, sum_of(dropped.changes.holes));
    auto const free = std::stoull(run_shell("dumpe2fs -h " + image +
                                            "'?offset=1048576' 2>/dev/null | sed -n "
                                            "'s/^Free blocks: *//p'"));
    EXPECT_EQ(sum_of(dropped.changes.holes), free * 4096);
    EXPECT_TRUE(dropped.changes.patches.empty());
    expect_apart(dropped.changes.holes);
    for (auto const &hole : dropped.changes.holes) {
        EXPECT_GE(hole.offset, mib);
        EXPECT_LE(hole.offset + hole.length, 64 * mib);
        EXPECT_EQ(hole.offset % 4096, 0U);
        EXPECT_EQ(hole.length % 4096, 0U);
    }
    run_tool({"e2fsck", "-fn", result(image, dropped, mib, 63 * mib)});
}

TEST_F(Drop, SwapKeepsItsHeader)
{
    auto const image = make("dd if=/dev/urandom of=swap bs=1M seek=1 count=20 conv=notrunc status=none");
    auto const dropped = plan(image, {.swap = true}).value();
    ASSERT_EQ(dropped.dropped.size(), 1U);
    EXPECT_EQ(dropped.dropped[0].device, "/dev/sda2");
    EXPECT_EQ(dropped.dropped[0].what, "swap");
    EXPECT_EQ(dropped.dropped[0].note, "");
    EXPECT_EQ(dropped.changes.holes, (std::vector<ByteRange>{{64 * mib + 4096, 32 * mib - 4096}}));
    EXPECT_TRUE(dropped.changes.patches.empty());
    auto const label = run_tool({"swaplabel", result(image, dropped, 64 * mib, 32 * mib)});
    EXPECT_THAT(label, HasSubstr("swapped"));
    EXPECT_THAT(label, HasSubstr("01234567-89ab-cdef-0123-456789abcdef"));
}

TEST_F(Drop, SwapOfEveryPageSize)
{
    for (std::uint64_t const page : {8192U, 16384U, 65536U}) {
        auto const image = make(fmt::format("mkswap -q -p {} swap 2>/dev/null", page));
        EXPECT_EQ(plan(image, {.swap = true}).value().changes.holes,
                  (std::vector<ByteRange>{{64 * mib + page, 32 * mib - page}}));
    }
}

TEST_F(Drop, AHibernatedSystemIsThrownAway)
{
    // As hibernation leaves it: the signature before its own one.
    auto const image = make("printf 'SWAPSPACE2S1SUSPEND\\0' | dd of=swap bs=1 seek=4076 conv=notrunc status=none");
    auto const dropped = plan(image, {.swap = true}).value();
    ASSERT_EQ(dropped.dropped.size(), 1U);
    EXPECT_EQ(dropped.dropped[0].skipped, "");
    EXPECT_THAT(dropped.dropped[0].note, HasSubstr("a hibernated system"));
    ASSERT_EQ(dropped.changes.patches.size(), 1U);
    EXPECT_EQ(dropped.changes.patches[0].offset, 64 * mib + 4086);
    EXPECT_THAT(run_tool({"swaplabel", result(image, dropped, 64 * mib, 32 * mib)}), HasSubstr("swapped"));

    auto const other = make("printf 'xxxxxxxxxxS1SUSPEND\\0' | dd of=swap bs=1 seek=4076 conv=notrunc status=none");
    auto const kept = plan(other, {.swap = true}).value();
    EXPECT_TRUE(kept.changes.empty());
    EXPECT_EQ(kept.dropped.at(0).skipped, "a system is suspended to it in a way that is not known");
}

TEST_F(Drop, SwapThatIsDoubtfulIsKept)
{
    // The rest of another owner, or the swap signature is.
    auto const both =
        plan(make("printf '_BHRfS_M' | dd of=swap bs=1 seek=65600 conv=notrunc status=none"), {.swap = true}).value();
    EXPECT_TRUE(both.changes.empty());
    EXPECT_EQ(both.dropped.at(0).skipped, "it bears the marks of btrfs too");
    // More pages than there are.
    auto const large =
        plan(make("printf '\\377\\377\\377\\0' | dd of=swap bs=1 seek=1028 conv=notrunc status=none"), {.swap = true})
            .value();
    EXPECT_TRUE(large.changes.empty());
    EXPECT_EQ(large.dropped.at(0).skipped, "its header speaks of 68719476736 bytes, the volume has 33554432");
}

TEST_F(Drop, WhatIsNotCleanIsSkippedWithTheReason)
{
    auto const image = make();
    patch_file(image, mib + 1024 + 0x3a, std::string_view("\0\0", 2));
    auto const dropped = plan(image, {.free_space = true, .swap = true}).value();
    ASSERT_TRUE(found(dropped, "/dev/sda1"));
    EXPECT_THAT(found(dropped, "/dev/sda1")->skipped, HasSubstr("the filesystem is not clean: not cleanly unmounted"));
    EXPECT_EQ(found(dropped, "/dev/sda1")->bytes, 0U);
    ASSERT_TRUE(found(dropped, "/dev/sda2"));
    EXPECT_EQ(found(dropped, "/dev/sda2")->skipped, "");
    EXPECT_EQ(dropped.changes.holes.size(), 1U);
}

TEST_F(Drop, PartitionsThatOverlapAreKept)
{
    auto const image = make();
    // The third one begins inside the first: it would be its free space.
    std::string entry(8, '\0');
    store_le<std::uint32_t>(std::as_writable_bytes(std::span(entry)), 0, 100000);
    store_le<std::uint32_t>(std::as_writable_bytes(std::span(entry)), 4, 1000);
    patch_file(image, 446 + 2 * 16 + 8, entry);
    auto const dropped = plan(image, {.free_space = true}).value();
    EXPECT_TRUE(dropped.changes.empty());
    ASSERT_TRUE(found(dropped, "/dev/sda1"));
    EXPECT_EQ(found(dropped, "/dev/sda1")->skipped, "it overlaps another partition");
}

// An extended partition's own table in what a filesystem calls free: no honest disk has that.
TEST_F(Drop, ATableInFreeSpaceIsAnError)
{
    auto const image = make();
    std::uint64_t const table = 50 * mib;
    std::string entry(16, '\0');
    auto const bytes = std::as_writable_bytes(std::span(entry));
    // The third partition is an extended one, whose table describes the one that was the third.
    store_le<std::uint8_t>(bytes, 4, 5);
    store_le<std::uint32_t>(bytes, 8, table / 512);
    store_le<std::uint32_t>(bytes, 12, 78 * mib / 512);
    patch_file(image, 446 + 2 * 16, entry);
    store_le<std::uint8_t>(bytes, 4, 0x83);
    store_le<std::uint32_t>(bytes, 8, 46 * mib / 512);
    store_le<std::uint32_t>(bytes, 12, 16 * mib / 512);
    patch_file(image, table + 446, entry);
    patch_file(image, table + 510, "\x55\xaa");
    auto const dropped = plan(image, {.free_space = true});
    ASSERT_FALSE(dropped);
    EXPECT_THAT(dropped.error().message, HasSubstr("hold partition tables or other filesystems"));
}

// A logical volume of 160 KiB in two pieces, the second of which lies before the first.
class DropLogical : public Drop {
protected:
    // The physical volume, with what the file "lv" holds in it.
    std::shared_ptr<MemoryDisk> disk() const
    {
        auto const segment = [](int number, int start, int extent) {
            return fmt::format("segment{} {{ start_extent = {} extent_count = 20 type = \"striped\" stripe_count = 1 "
                               "stripes = [\"pv0\", {}] }}\n",
                               number, start, extent);
        };
        auto disk =
            physical_volume('a', group_text("lv { id = \"l\" status = [\"READ\", \"WRITE\", \"VISIBLE\"] flags = [] "
                                            "segment_count = 2\n" +
                                            segment(1, 0, 20) + segment(2, 20, 0) + "}\n"));
        std::vector<std::byte> volume(size);
        EXPECT_TRUE(FileDisk::open(file())->read(0, volume));
        for (std::size_t i = 0; i < volume.size(); ++i)
            disk->bytes()[at(i)] = volume[i];
        return disk;
    }
    std::string file() const { return m_shop.path() + "/lv"; }
    // Where a byte of the volume lies.
    static std::size_t at(std::size_t offset)
    {
        return offset < size / 2 ? 65536 + size / 2 + offset : 65536 + offset - size / 2;
    }

    static constexpr std::size_t size = 160 * 1024;
};

TEST_F(DropLogical, FreeSpace)
{
    run_shell("cd " + m_shop.path() +
              " && mkdir src && head -c 30000 /dev/urandom > src/file && truncate -s 160k lv && mke2fs -q -F -t ext2 "
              "-b 1024 -d src lv");
    auto const disk = this->disk();
    auto const dropped = plan_drop(disk, {.free_space = true});
    ASSERT_TRUE(dropped) << describe(dropped.error());
    ASSERT_EQ(dropped->dropped.size(), 1U);
    EXPECT_EQ(dropped->dropped[0].device, "/dev/vg/lv");
    EXPECT_EQ(dropped->dropped[0].skipped, "");
    EXPECT_GT(sum_of(dropped->changes.holes), 60U * 1024);
    for (auto const &hole : dropped->changes.holes) {
        EXPECT_GE(hole.offset, 65536U);
        EXPECT_LE(hole.offset + hole.length, 65536U + size);
        std::fill_n(disk->bytes().begin() + static_cast<std::ptrdiff_t>(hole.offset), hole.length, std::byte{0x5a});
    }
    std::vector<std::byte> volume(size);
    for (std::size_t i = 0; i < volume.size(); ++i)
        volume[i] = disk->bytes()[at(i)];
    patch_file(file(), 0, text_of(volume));
    run_tool({"e2fsck", "-fn", file()});
}

TEST_F(DropLogical, SwapWithAHibernatedSystem)
{
    run_shell("cd " + m_shop.path() +
              " && truncate -s 160k lv && mkswap -q lv 2>/dev/null && "
              "printf 'SWAPSPACE2S1SUSPEND\\0' | dd of=lv bs=1 seek=4076 conv=notrunc status=none");
    auto const dropped = plan_drop(disk(), {.swap = true});
    ASSERT_TRUE(dropped) << describe(dropped.error());
    ASSERT_EQ(dropped->changes.patches.size(), 1U);
    EXPECT_EQ(dropped->changes.patches[0].offset, at(4086));
    // All but the header's page, in the middle of it.
    EXPECT_EQ(dropped->changes.holes, (std::vector<ByteRange>{{65536, size / 2}, {at(4096), size / 2 - 4096}}));
}

TEST_F(Drop, AReadErrorIsAnError)
{
    auto const broken = std::make_shared<MemoryDisk>(4 * mib);
    broken->make_unreadable(0);
    EXPECT_FALSE(plan_drop(broken, {.free_space = true}));
}

}  // namespace
}  // namespace imgport
