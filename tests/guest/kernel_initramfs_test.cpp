#include "guest/kernel_initramfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpio_maker.hpp"
#include "guest.hpp"
#include "guest/kernel.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

constexpr const char *path = "/boot/vmlinuz-6.1.0";

std::string le32(std::uint64_t number)
{
    std::string bytes(4, '\0');
    for (std::size_t i = 0; i < 4; ++i)
        bytes[i] = static_cast<char>(number >> (8 * i) & 0xff);
    return bytes;
}

// The kernel with that initramfs linked in, as usr/initramfs_data.S lays it out: at a multiple of 4, its size behind.
std::string vmlinux(const std::string &initramfs, const std::string &before = {})
{
    std::string out = std::string("\x7f"
                                  "ELF\x02\x01\x01") +
                      std::string(8185, '\x90') + before;
    out.resize((out.size() + 3) / 4 * 4);
    out += initramfs;
    out.resize((out.size() + 7) / 8 * 8);
    return out + le32(initramfs.size()) + le32(0) + std::string(300, '\x42');
}

// "The Linux/x86 Boot Protocol" 2.15 with that payload.
std::string bzimage(const std::string &payload)
{
    std::string image(1024, '\0');
    image[0x1f1] = 1;
    image.replace(0x202, 6, std::string("HdrS\x0f\x02", 6));
    image[0x236] = 1;
    image.replace(0x248, 8, le32(16) + le32(payload.size()));
    return image + std::string(16, '\xcc') + payload + "what follows";
}

std::string with_virtio()
{
    return archive(member("init", "#!/bin/sh\n", 0100755) + member(module_path("block/virtio_blk.ko.xz"), "m"));
}

Result<std::optional<InitramfsFacts>> read(const std::string &image)
{
    Guest guest;
    guest.file(path, image);
    return read_kernel_own_initramfs(guest.tree, path, "6.1.0");
}

void expect_virtio(const std::string &image)
{
    auto const found = read(image);
    ASSERT_TRUE(found) << describe(found.error());
    ASSERT_TRUE(*found);
    EXPECT_TRUE((*found)->has_init);
    EXPECT_THAT((*found)->modules, ElementsAre("virtio_blk"));
}

KernelFacts facts_of(const std::string &image)
{
    Guest guest;
    guest.file(path, image);
    KernelFacts kernel;
    kernel.version = "6.1.0";
    kernel.image = path;
    kernel.image_size = image.size();
    read_kernel_initramfs(guest.tree, kernel);
    return kernel;
}

struct Compressor {
    const char *program;
    std::vector<std::string> arguments;
};

class KernelInitramfs : public ::testing::TestWithParam<Compressor> {};

}  // namespace

TEST_P(KernelInitramfs, IsFoundInTheKernelAndReadWhateverBothAreCompressedWith)
{
    auto const [program, arguments] = GetParam();
    std::string const kernel = compressed(program, arguments, vmlinux(with_virtio()));
    if (kernel.empty())
        GTEST_SKIP() << program << " is not installed";
    expect_virtio(bzimage(kernel + le32(50'000'000)));
    expect_virtio(bzimage(vmlinux(compressed(program, arguments, with_virtio()))));
}

INSTANTIATE_TEST_SUITE_P(Compressors, KernelInitramfs,
                         ::testing::Values(Compressor{"gzip", {"-9", "-n", "-c"}},
                                           Compressor{"xz", {"--check=crc32", "--lzma2=dict=1MiB", "-c"}},
                                           Compressor{"xz", {"--format=lzma", "-c"}}, Compressor{"zstd", {"-q", "-c"}},
                                           Compressor{"bzip2", {"-c"}}, Compressor{"lz4", {"-l", "-q", "-c"}}));

TEST(KernelInitramfs, WithMicrocodeInFrontAndInOtherImages)
{
    std::string const early = archive(member("kernel/x86/microcode/AuthenticAMD.bin", "ucode"));
    expect_virtio(bzimage(vmlinux(early + with_virtio())));
    std::string arm64(64, '\0');
    arm64.replace(0x38, 4, "ARM\x64");
    expect_virtio(arm64 + vmlinux(with_virtio()));
    if (auto const packed = compressed("gzip", {"-c"}, arm64 + vmlinux(with_virtio())); !packed.empty()) {
        expect_virtio(packed);
        expect_virtio(std::string("MZ\0\0zimg", 8) + le32(64) + le32(packed.size()) + std::string(48, '\0') + packed);
    }
}

// The kernel's own configuration, its headers and tables of magic numbers lie there as well.
TEST(KernelInitramfs, WhatOnlyLooksLikeOneIsPassedOver)
{
    std::string decoys = std::string("070701 is what it looks for\0", 28);
    decoys += std::string("\x5d\0\0\0\x01", 5) + std::string(27, '\x11');
    decoys += std::string("\x1f\x8b\x08\0", 4) + std::string(60, '\xff');
    decoys += std::string("\xfd"
                          "7zXZ\0\0\0",
                          8) +
              std::string(24, '\x22');
    decoys += std::string("\x28\xb5\x2f\xfd", 4) + std::string(28, '\x33');
    decoys += compressed("gzip", {"-c"}, std::string(5000, 'C') + "CONFIG_IKCONFIG=y\n");
    decoys.resize((decoys.size() + 3) / 4 * 4);
    decoys += compressed("xz", {"-c"}, std::string(400'000, 'h'));
    expect_virtio(bzimage(vmlinux(with_virtio(), decoys)));
    // Longer than what is looked at in one go.
    expect_virtio(bzimage(vmlinux(with_virtio(), std::string(300'000, '\x17'))));
}

TEST(KernelInitramfs, ADamagedLookAlikeDoesNotEndTheSearch)
{
    // A header as it should be, and nothing behind it: what comes then is still found.
    std::string const broken = member("dev", "", 040755).substr(0, 112) + std::string(32, '\x11');
    expect_virtio(bzimage(vmlinux(with_virtio(), broken)));
}

TEST(KernelInitramfs, TheOneThatEveryKernelHasIsNone)
{
    std::string const own =
        archive(member("dev", "", 040755) + member("dev/console", "", 020600) + member("root", "", 040700));
    auto const found = read(bzimage(vmlinux(own)));
    ASSERT_TRUE(found && *found);
    EXPECT_FALSE((*found)->has_init);
    EXPECT_TRUE((*found)->modules.empty());
    auto const kernel = facts_of(bzimage(vmlinux(own)));
    EXPECT_EQ(kernel.initramfs, "");
    EXPECT_THAT(kernel.modules.reason(), HasSubstr("has no initramfs"));
}

TEST(KernelInitramfs, ItsImageIsThenNamedAsTheInitramfs)
{
    auto const kernel = facts_of(bzimage(vmlinux(with_virtio())));
    EXPECT_EQ(kernel.initramfs, path);
    EXPECT_EQ(kernel.initramfs_size, kernel.image_size);
    ASSERT_TRUE(kernel.modules) << kernel.modules.reason();
    EXPECT_THAT(*kernel.modules, ElementsAre("virtio_blk"));
    EXPECT_THAT(kernel.initramfs_versions, ElementsAre("6.1.0"));
}

TEST(KernelInitramfs, WhatCannotBeReadIsUnknownAndNotAbsent)
{
    std::string const lzo("\x89LZO\0\r\n\x1a\n kernel kernel kernel", 30);
    for (std::string const &image : {bzimage(lzo), bzimage(vmlinux(lzo)), bzimage(vmlinux("")),
                                     bzimage(vmlinux(with_virtio().substr(0, 150)).substr(0, 8192 + 150))}) {
        auto const kernel = facts_of(image);
        EXPECT_EQ(kernel.initramfs, path);
        ASSERT_FALSE(kernel.modules);
        EXPECT_THAT(kernel.modules.reason(), HasSubstr("inside the kernel"));
    }
    EXPECT_THAT(facts_of(bzimage(vmlinux(lzo))).modules.reason(), HasSubstr("lzo"));
    // The payload ends past the end of the file.
    EXPECT_FALSE(read(bzimage(vmlinux(with_virtio())).substr(0, 1030)));
}

TEST(KernelInitramfs, AFileThatIsNoKernelHasNone)
{
    for (std::string const &image : {std::string("no kernel"), std::string(), bzimage("")}) {
        auto const found = read(image);
        ASSERT_TRUE(found) << describe(found.error());
        EXPECT_FALSE(*found);
    }
    EXPECT_EQ(facts_of("no kernel").initramfs, "");
}
