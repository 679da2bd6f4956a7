#include "filesystem/iso9660_tree.hpp"

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

std::shared_ptr<RawTree> tree_of(const std::string &file)
{
    return open_iso9660(std::make_shared<CachedDisk>(FileDisk::open(file)), "/dev/sr0").value();
}

// A folder of files and the image made of it with these options.
class Iso9660 : public ::testing::Test {
protected:
    std::string make(const std::string &options)
    {
        run_shell(
            "cd " + m_shop.path() +
            "; mkdir -p files/boot/grub files/empty; seq 1 60000 > files/boot/vmlinuz; "
            "printf 'timeout=5\n' > files/boot/grub/grub.cfg; "
            "seq 1 300 > 'files/A file with a long name and gr\u00fc\u00dfe.text'; : > files/nothing; "
            "ln -sf vmlinuz files/boot/kernel; ln -sf ../boot files/empty/up; ln -f files/boot/vmlinuz files/same; "
            "ln -f files/boot/grub/grub.cfg files/boot/zz; chmod 640 files/boot/vmlinuz; chmod 755 files/boot; "
            "xorriso -as mkisofs -quiet " +
            options + " -o image.iso files 2>&1");
        return m_shop.path() + "/image.iso";
    }
    std::string source(const std::string &name) const
    {
        return run_shell("cat '" + m_shop.path() + "/files/" + name + "'");
    }

    Workshop m_shop;
};

constexpr std::string_view long_name = "A file with a long name and gr\u00fc\u00dfe.text";

std::string error_of(std::shared_ptr<Disk> disk)
{
    auto const opened = open_iso9660(std::move(disk), "/dev/sr0");
    return opened ? "opened" : opened.error().message;
}

}  // namespace

TEST_F(Iso9660, RockRidge)
{
    IMGPORT_NEEDS("xorriso");
    auto const tree = tree_of(make("-R -J"));
    EXPECT_EQ(names(*tree, "/"), std::string(long_name) + " boot/ empty/ nothing same");
    EXPECT_EQ(names(*tree, "/boot"), "grub/ kernel@ vmlinuz zz");
    EXPECT_EQ(names(*tree, "/empty"), "up@");
    EXPECT_EQ(*tree->read_link("/boot/kernel"), "vmlinuz");
    EXPECT_EQ(*tree->read_link("/empty/up"), "../boot");
    EXPECT_EQ(content(*tree, "/boot/vmlinuz"), source("boot/vmlinuz"));
    EXPECT_EQ(content(*tree, "/same"), source("boot/vmlinuz"));
    EXPECT_EQ(content(*tree, "/boot/zz"), "timeout=5\n");
    EXPECT_EQ(content(*tree, "/boot/grub/grub.cfg"), "timeout=5\n");
    EXPECT_EQ(content(*tree, "/" + std::string(long_name)), source(std::string(long_name)));
    EXPECT_EQ(content(*tree, "/nothing"), "");
    auto const status = tree->lstat("/same")->value();
    EXPECT_EQ(status.size, source("boot/vmlinuz").size());
    EXPECT_EQ(status.mode, 0640U);
    EXPECT_EQ(tree->lstat("/boot")->value().mode, 0755U);
    EXPECT_FALSE(tree->lstat("/BOOT")->has_value());
    EXPECT_FALSE(tree->lstat("/boot/vmlinuz/x")->has_value());
    EXPECT_EQ(tree->lstat("/")->value().kind, FileKind::directory);
    EXPECT_THAT(tree->open("/boot").error().message, HasSubstr("/boot on /dev/sr0 (ISO 9660): is no regular file"));
    EXPECT_THAT(tree->list("/same").error().message, HasSubstr("is no directory"));
    EXPECT_THAT(tree->read_link("/same").error().message, HasSubstr("is no symbolic link"));
}

TEST_F(Iso9660, JolietAlone)
{
    IMGPORT_NEEDS("xorriso");
    auto const tree = tree_of(make("-J --norock"));
    EXPECT_EQ(names(*tree, "/"), std::string(long_name) + " boot/ empty/ nothing same");
    EXPECT_EQ(content(*tree, "/BOOT/Grub/grub.cfg"), "timeout=5\n");
    EXPECT_EQ(content(*tree, "/same"), source("boot/vmlinuz"));
    EXPECT_EQ(tree->lstat("/boot/vmlinuz")->value().mode, 0444U);
    EXPECT_EQ(tree->lstat("/boot")->value().mode, 0555U);
}

TEST_F(Iso9660, NeitherOfThem)
{
    IMGPORT_NEEDS("xorriso");
    auto const tree = tree_of(make("--norock"));
    EXPECT_EQ(names(*tree, "/boot"), "grub/ vmlinuz zz");
    EXPECT_EQ(content(*tree, "/boot/vmlinuz"), source("boot/vmlinuz"));
    EXPECT_EQ(content(*tree, "/boot/grub/grub.cfg"), "timeout=5\n");
}

TEST_F(Iso9660, StreamsOutliveTheTree)
{
    IMGPORT_NEEDS("xorriso");
    auto tree = tree_of(make("-R"));
    auto const stream = tree->open("/boot/grub/grub.cfg").value();
    tree.reset();
    std::array<std::byte, 100> buffer{};
    EXPECT_EQ(stream->read(buffer).value(), 10U);
    EXPECT_EQ(stream->read(buffer).value(), 0U);
}

TEST_F(Iso9660, Truncated)
{
    IMGPORT_NEEDS("xorriso");
    std::string const image = make("-R -J");
    auto const whole = FileDisk::open(image);
    // Where the descriptors end, and in the middle of the files' data.
    std::shared_ptr<Disk> const head = slice(whole, 0, 20 * 2048).value();
    EXPECT_THAT(error_of(head), HasSubstr("on /dev/sr0 (ISO 9660): "));
    std::string const text = run_shell("cat " + image);
    std::size_t const data = text.find("\n59000\n");
    ASSERT_NE(data, std::string::npos);
    auto const cut = open_iso9660(slice(whole, 0, data / 2048 * 2048).value(), "/dev/sr0");
    ASSERT_TRUE(!cut || content(**cut, "/boot/vmlinuz").starts_with("error: "));
}

TEST_F(Iso9660, WhatIsNone)
{
    EXPECT_EQ(open_iso9660(std::make_shared<MemoryDisk>(100'000), "/dev/sr0").error().code, ErrorCode::malformed);
    EXPECT_EQ(open_iso9660(std::make_shared<MemoryDisk>(0), "/dev/sr0").error().code, ErrorCode::malformed);
    auto const unreadable = std::make_shared<MemoryDisk>(100'000);
    unreadable->make_unreadable(32768);
    EXPECT_EQ(open_iso9660(unreadable, "/dev/sr0").error().code, ErrorCode::unreadable);
}

TEST_F(Iso9660, DirectoryInItself)
{
    IMGPORT_NEEDS("xorriso");
    std::string const image = make("--norock");
    std::string const text = run_shell("cat " + image);
    // The record of /boot/grub, 33 bytes before its name, is made to lead to /boot.
    auto const record_of = [&](const std::string &name) { return text.find(std::string(1, '\x04') + name) - 32; };
    std::size_t const boot = record_of("BOOT");
    std::size_t const grub = record_of("GRUB");
    ASSERT_LT(std::max(boot, grub), text.size());
    patch_file(image, grub + 2, text.substr(boot + 2, 8));
    auto const opened = open_iso9660(FileDisk::open(image), "/dev/sr0");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::malformed);
    EXPECT_THAT(opened.error().message, HasSubstr("loop"));
}

TEST_F(Iso9660, DirectoryThatClaimsMoreThanThereIs)
{
    IMGPORT_NEEDS("xorriso");
    std::string const image = make("--norock");
    // Of the primary volume descriptor in sector 16: the volume's size in blocks, and the root directory's in bytes.
    constexpr std::size_t descriptor = 16 * 2048;
    patch_file(image, descriptor + 80, std::string("\x00\x00\xff\x7f\x7f\xff\x00\x00", 8));
    patch_file(image, descriptor + 156 + 10, std::string("\x00\x00\x00\x60\x60\x00\x00\x00", 8));
    auto const opened = open_iso9660(FileDisk::open(image), "/dev/sr0");
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("/ on /dev/sr0 (ISO 9660): "));
}
