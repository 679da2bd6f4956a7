#include "guest/kernel.hpp"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/kernel_image.hpp"
#include "support/subprocess.hpp"
#include "support/text.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;

namespace {

// Boot protocol 2.12 with a version string at 0x200 + 0x100.
std::string bzimage(const std::string &version, bool is_64)
{
    std::string image(4096, '\0');
    image.replace(0x202, 4, "HdrS");
    image[0x206] = 0x0c;
    image[0x207] = 0x02;
    image[0x20e] = 0x00;
    image[0x20f] = 0x01;
    image[0x236] = is_64 ? 1 : 0;
    image.replace(0x300, version.size(), version);
    return image;
}

std::string arm64()
{
    std::string image(4096, '\0');
    image.replace(0x38, 4, "ARM\x64");
    return image;
}

KernelImage describe_text(const std::string &image)
{
    return describe_kernel_image(bytes_of(image));
}

}  // namespace

TEST(KernelImage, ItsHeaderTells)
{
    EXPECT_EQ(describe_text(bzimage("6.1.0 (x@y) #1", true)).architecture, "x86_64");
    EXPECT_EQ(describe_text(bzimage("6.1.0-18-amd64 (x@y) #1", true)).version, "6.1.0-18-amd64");
    EXPECT_EQ(describe_text(bzimage("6.1.0", false)).architecture, "i386");
    EXPECT_EQ(describe_text(arm64()).architecture, "aarch64");
    EXPECT_FALSE(describe_text("").architecture);
    EXPECT_FALSE(describe_text(std::string(100, 'x')).architecture);
    std::string old = bzimage("2.6.32", true);
    old[0x206] = 0x0a;
    EXPECT_FALSE(describe_text(old).architecture) << "protocol 2.10 cannot tell";
    std::string wild = bzimage("6.1.0", true);
    wild[0x20e] = static_cast<char>(0xff);
    wild[0x20f] = static_cast<char>(0xff);
    EXPECT_EQ(describe_text(wild).version, "");
    std::string pe("MZ");
    pe.resize(0x3c);
    pe += std::string("\xff\xff\xff\xff", 4);
    EXPECT_FALSE(describe_text(pe).architecture) << "a PE header far outside";
}

TEST(KernelImage, OfThisMachinesKernel)
{
    Command list;
    list.arguments = {"sh", "-c", "ls /boot/vmlinuz-* | head -n 1; uname -m"};
    auto const found = run(list);
    ASSERT_TRUE(found);
    auto const lines = lines_of(found->out);
    if (lines.size() < 2 || !std::ifstream(std::string(lines[0]), std::ios::binary))
        GTEST_SKIP() << "there is no kernel in /boot that can be read";
    std::ostringstream bytes;
    bytes << std::ifstream(std::string(lines[0]), std::ios::binary).rdbuf();
    auto const image = describe_text(bytes.str().substr(0, kernel_head_size));
    EXPECT_EQ(image.architecture, lines[1]);
    EXPECT_EQ("/boot/vmlinuz-" + image.version, lines[0]);
}

TEST(Kernels, ImagesModulesAndInitramfsFindEachOther)
{
    Guest guest;
    guest.file("/boot/vmlinuz-6.1.0-18-amd64", bzimage("6.1.0-18-amd64", true))
        .file("/boot/initrd.img-6.1.0-18-amd64", "xx")
        .file("/boot/config-6.1.0-18-amd64",
              "CONFIG_VIRTIO_BLK=m\n# CONFIG_XEN_BLKDEV_FRONTEND is not set\nCONFIG_BLK_DEV_NVME=y\nCONFIG_FOO=y\n")
        .file("/lib/modules/6.1.0-18-amd64/modules.builtin",
              "kernel/drivers/virtio/virtio-ring.ko\nkernel/fs/ext4/ext4.ko\n")
        .file("/lib/modules/6.1.0-18-amd64/modules.dep",
              "kernel/drivers/block/virtio_blk.ko.xz: kernel/x.ko.xz\nkernel/drivers/nvme/nvme-core.ko.xz:\n")
        .file("/boot/vmlinuz-5.10.0.old", "x")
        .file("/lib/modules/4.19.0/modules.dep", "")
        .directory("/lib/modules/3.0.0");
    auto const kernels = read_kernels(guest.tree);
    ASSERT_TRUE(kernels) << kernels.reason();
    ASSERT_EQ(kernels->size(), 2U);
    auto const &gone = (*kernels)[0];
    EXPECT_EQ(gone.version, "4.19.0");
    EXPECT_EQ(gone.image, "");
    EXPECT_EQ(gone.module_folder, true);
    EXPECT_FALSE(gone.builtin);
    auto const &kernel = (*kernels)[1];
    EXPECT_EQ(kernel.image, "/boot/vmlinuz-6.1.0-18-amd64");
    EXPECT_EQ(kernel.module_folder, true);
    EXPECT_EQ(kernel.architecture, "x86_64");
    EXPECT_EQ(kernel.initramfs, "/boot/initrd.img-6.1.0-18-amd64");
    EXPECT_EQ(kernel.initramfs_size, 2U);
    EXPECT_THAT(*kernel.builtin, ElementsAre("ext4", "virtio_ring"));
    EXPECT_THAT(*kernel.installed, ElementsAre("nvme_core", "virtio_blk"));
    EXPECT_EQ(kernel.config->at("CONFIG_VIRTIO_BLK"), "m");
    EXPECT_EQ(kernel.config->at("CONFIG_XEN_BLKDEV_FRONTEND"), "n");
    EXPECT_EQ(kernel.config->at("CONFIG_BLK_DEV_NVME"), "y");
    EXPECT_FALSE(kernel.config->contains("CONFIG_FOO"));
}

TEST(Kernels, OneWithoutItsModulesIsKnownAsSuch)
{
    Guest guest;
    guest.file("/boot/vmlinuz-6.1.0-99-amd64", bzimage("6.1.0-99-amd64", true))
        .file("/lib/modules/6.1.0-18-amd64/modules.dep", "");
    auto const kernels = read_kernels(guest.tree);
    ASSERT_TRUE(kernels) << kernels.reason();
    ASSERT_EQ(kernels->size(), 2U);
    EXPECT_EQ((*kernels)[0].module_folder, true);
    EXPECT_EQ((*kernels)[1].module_folder, false);
}

TEST(Kernels, ANameWithoutAVersionIsReadFromTheImage)
{
    Guest guest;
    guest.file("/boot/vmlinuz-linux", bzimage("6.6.1-arch1-1 (linux@arch) #1", true))
        .file("/boot/initramfs-linux.img", "x")
        .file("/lib/modules/6.6.1-arch1-1/modules.dep", "a/virtio_blk.ko:\n");
    auto const kernels = read_kernels(guest.tree);
    ASSERT_TRUE(kernels);
    ASSERT_EQ(kernels->size(), 1U);
    EXPECT_EQ((*kernels)[0].version, "6.6.1-arch1-1");
    EXPECT_EQ((*kernels)[0].initramfs, "/boot/initramfs-linux.img");
    EXPECT_TRUE((*kernels)[0].installed);
}

TEST(Kernels, WhatCannotBeReadIsUnknown)
{
    Guest guest;
    guest.file("/boot/vmlinuz-6", bzimage("6", true)).file("/boot/initrd.img-6", "no initramfs");
    guest.files->broken("/lib/modules/6/modules.dep");
    auto kernels = read_kernels(guest.tree);
    ASSERT_TRUE(kernels) << kernels.reason();
    EXPECT_FALSE((*kernels)[0].installed);
    EXPECT_NE((*kernels)[0].installed.reason().find("modules.dep"), std::string::npos);
    read_kernel_initramfs(guest.tree, (*kernels)[0]);
    EXPECT_FALSE((*kernels)[0].modules);
    EXPECT_TRUE((*kernels)[0].modules.reason().starts_with("/boot/initrd.img-6: ")) << (*kernels)[0].modules.reason();
    Guest broken;
    broken.files->broken("/boot/vmlinuz-6");
    EXPECT_FALSE(read_kernels(broken.tree));
}
