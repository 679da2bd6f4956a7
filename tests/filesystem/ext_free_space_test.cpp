// The free blocks of ext2, ext3 and ext4: dumpe2fs says which they are, and e2fsck is content whatever they hold.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "filesystem/cached_disk.hpp"
#include "filesystem/free_space.hpp"
#include "testing/disks.hpp"
#include "testing/free_space_images.hpp"
#include "testing/tools.hpp"

namespace imgport {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class ExtFreeSpace : public ::testing::Test {
protected:
    void SetUp() override { IMGPORT_NEEDS("mke2fs", "dumpe2fs", "debugfs", "e2fsck", "sh"); }

    // With files, some of which are gone again.
    std::string make(const std::string &options, const std::string &size) const
    {
        std::string const image = m_shop.path() + "/img";
        run_shell("cd " + m_shop.path() +
                  " && mkdir -p src/d && for i in 1 2 3 4 5 6 7 8 9; do head -c $((i * i * 9000)) /dev/urandom > "
                  "src/d/$i; done && rm -f img && truncate -s " +
                  size + " img && mke2fs -q -F " + options +
                  " -d src img && for i in 2 5 8; do echo rm /d/$i; done > commands && debugfs -w -f commands img "
                  ">/dev/null 2>&1 && { e2fsck -fy img >/dev/null 2>&1 || [ $? = 1 ]; }");
        return image;
    }

    static Result<std::vector<ByteRange>> free_in(const std::string &image)
    {
        return free_space(std::make_shared<CachedDisk>(FileDisk::open(image)));
    }

    static std::string refusal(const std::string &image)
    {
        auto const free = free_in(image);
        return free ? "none" : std::string(to_string(free.error().code)) + ": " + free.error().message;
    }

    static std::uint64_t number(const std::string &image, const std::string &key)
    {
        return std::stoull(key_values(run_shell("dumpe2fs -h " + image + " 2>/dev/null"), ':').at(key));
    }

    // Where a number of the first descriptor lies: behind the superblock's block.
    static std::uint64_t first_descriptor(const std::string &image)
    {
        auto const block_size = number(image, "Block size");
        return block_size == 1024 ? 2048 : block_size;
    }

    Workshop m_shop;
};

// As dumpe2fs lists them, group by group.
std::vector<ByteRange> listed(const std::string &image, std::uint64_t block_size)
{
    std::vector<ByteRange> ranges;
    std::string const text =
        run_shell("dumpe2fs " + image + " 2>/dev/null | sed -n 's/^  Free blocks: //p' | tr -d ' ' | tr , '\\n'");
    for (auto const line : lines_of(text)) {
        if (line.empty())
            continue;
        auto const dash = line.find('-');
        auto const first = std::stoull(std::string(line.substr(0, dash)));
        auto const last = dash == std::string_view::npos ? first : std::stoull(std::string(line.substr(dash + 1)));
        if (!ranges.empty() && ranges.back().offset + ranges.back().length == first * block_size)
            ranges.back().length += (last - first + 1) * block_size;
        else
            ranges.push_back({first * block_size, (last - first + 1) * block_size});
    }
    return ranges;
}

struct Geometry {
    const char *options;
    const char *size;
};

TEST_F(ExtFreeSpace, InEveryGeometry)
{
    for (auto const &[options, size] :
         {Geometry{"-t ext2", "64M"}, Geometry{"-t ext3 -b 1024", "64M"}, Geometry{"-t ext4", "200M"},
          Geometry{"-t ext4 -O ^flex_bg,^64bit", "300M"}, Geometry{"-t ext4 -O ^metadata_csum,uninit_bg", "300M"},
          Geometry{"-t ext4 -O meta_bg,^resize_inode -b 1024", "300M"}, Geometry{"-t ext4 -O sparse_super2", "300M"},
          Geometry{"-t ext4 -b 1024 -g 1024", "64M"}, Geometry{"-r 0", "64M"}}) {
        SCOPED_TRACE(options);
        auto const image = make(options, size);
        auto const free = free_in(image);
        ASSERT_TRUE(free) << describe(free.error());
        EXPECT_EQ(*free, listed(image, number(image, "Block size")));
        EXPECT_EQ(sum_of(*free), number(image, "Free blocks") * number(image, "Block size"));
        put_rubbish(image, *free);
        run_tool({"e2fsck", "-fn", image});
    }
}

TEST_F(ExtFreeSpace, InClusters)
{
    for (std::string const options : {"-t ext4 -O bigalloc -C 65536", "-t ext4 -O bigalloc -b 1024 -C 16384"}) {
        SCOPED_TRACE(options);
        auto const image = make(options, "200M");
        auto const free = free_in(image);
        ASSERT_TRUE(free) << describe(free.error());
        expect_apart(*free);
        EXPECT_EQ(sum_of(*free), number(image, "Free blocks") * number(image, "Block size"));
        put_rubbish(image, *free);
        run_tool({"e2fsck", "-fn", image});
    }
}

TEST_F(ExtFreeSpace, IsNotReadOfAFilesystemThatIsNotClean)
{
    auto const image = make("-t ext4", "64M");
    for (auto const &[command, reason] : std::vector<std::pair<std::string, std::string>>{
             {"ssv state 0", "not cleanly unmounted"},
             {"ssv state 3", "errors were found"},
             {"feature needs_recovery", "the journal needs recovery"},
         }) {
        run_shell("cp " + image + " " + image + ".changed && debugfs -w -R '" + command + "' " + image +
                  ".changed >/dev/null 2>&1");
        EXPECT_THAT(refusal(image + ".changed"), HasSubstr("unsupported: the filesystem is not clean: " + reason));
    }
}

TEST_F(ExtFreeSpace, IsNotReadWhereAnotherSuperblockIsThere)
{
    auto const image = make("-t ext4", "64M");
    patch_file(image, 4096 - 10, "SWAPSPACE2");
    EXPECT_EQ(refusal(image), "unsupported: it bears the marks of swap and of ext4");
}

TEST_F(ExtFreeSpace, ADamagedBitmapOrDescriptorIsNoticed)
{
    auto const image = make("-t ext4 -b 4096", "64M");
    auto const descriptor = first_descriptor(image);
    auto const bitmap = std::stoull(run_shell("dumpe2fs " + image +
                                              " 2>/dev/null | sed -n 's/.*Block bitmap at \\([0-9]*\\).*/\\1/p' | "
                                              "head -n 1")) *
                        4096;
    run_shell("cp " + image + " " + image + ".bitmap");
    patch_file(image + ".bitmap", bitmap, std::string(1, '\0'));
    EXPECT_EQ(refusal(image + ".bitmap"), "malformed: the checksum of the block bitmap of group 0 is wrong");
    patch_file(image, descriptor + 0xc, "xx");
    EXPECT_EQ(refusal(image), "malformed: the checksum of the descriptor of group 0 is wrong");
}

// Without checksums: what the structures say of each other has to do.
TEST_F(ExtFreeSpace, ABitmapThatContradictsItsDescriptorIsNotBelieved)
{
    auto const image = make("-t ext2 -b 4096 -O ^metadata_csum", "64M");
    auto const bitmap = std::stoull(run_shell("dumpe2fs " + image +
                                              " 2>/dev/null | sed -n 's/.*Block bitmap at \\([0-9]*\\).*/\\1/p' | "
                                              "head -n 1"));
    // All but one of eight blocks that the metadata or files use become free.
    run_shell("cp " + image + " " + image + ".count");
    patch_file(image + ".count", bitmap * 4096 + 4095 / 8, std::string(1, '\x01'));
    EXPECT_THAT(refusal(image + ".count"), HasSubstr("clusters of group 0 are free, its descriptor says"));

    // The bitmap's own block.
    patch_file(image, bitmap * 4096 + bitmap / 8, std::string(1, '\0'));
    EXPECT_THAT(refusal(image), HasSubstr("the bitmap of group 0 calls the metadata at block"));
}

TEST_F(ExtFreeSpace, MetadataThatSharesABlockIsNotBelieved)
{
    auto const image = make("-t ext2 -b 1024 -O ^metadata_csum", "64M");
    // The second group's block bitmap is the first one's.
    auto const descriptor = first_descriptor(image);
    auto const bitmap = std::stoull(run_shell("dumpe2fs " + image +
                                              " 2>/dev/null | sed -n 's/.*Block bitmap at \\([0-9]*\\).*/\\1/p' | "
                                              "head -n 1"));
    std::string bytes(4, '\0');
    store_le<std::uint32_t>(std::as_writable_bytes(std::span(bytes)), 0, static_cast<std::uint32_t>(bitmap));
    patch_file(image, descriptor + 32, bytes);
    EXPECT_THAT(refusal(image), HasSubstr(fmt::format("two pieces of metadata share block {}", bitmap)));
}

}  // namespace
}  // namespace imgport
