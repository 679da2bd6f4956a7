#include "guest/freebsd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"
#include "guest/device_spec.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::Pair;

namespace {

// As DRIVER_MODULE leaves them in a kernel.
const std::string generic = std::string("\x7f"
                                        "ELF") +
                            std::string(2'000'000, 'x') + std::string("\0pci/virtio_pci_legacy\0", 23) +
                            std::string("virtio_pci/virtio_blk\0virtio_mmio/vtnet\0virtio_pci/vtnet\0", 57);

FreeBsdFacts read(Guest &guest)
{
    auto const found = read_freebsd(guest.tree);
    EXPECT_TRUE(found) << found.reason();
    return found ? *found : FreeBsdFacts{};
}

auto how(const char *pci, const char *blk, const char *net)
{
    return ElementsAre(Pair("virtio_blk", blk), Pair("virtio_pci", pci), Pair("vtnet", net));
}

}  // namespace

TEST(FreeBsd, AGenericKernelHasTheDriversBuiltIn)
{
    Guest guest;
    guest.file("/boot/kernel/kernel", generic).file("/boot/kernel/if_vtnet.ko", "m");
    EXPECT_EQ(read(guest).kernel, "/boot/kernel/kernel");
    EXPECT_THAT(read(guest).drivers, how("kernel", "kernel", "kernel"));
}

TEST(FreeBsd, ATraceThatTwoReadsShareIsFound)
{
    constexpr std::size_t mib = 1024 * 1024;
    std::string const trace = "virtio_pci/virtio_blk";
    for (std::size_t before = mib - trace.size(); before <= mib; ++before) {
        Guest guest;
        guest.file("/boot/kernel/kernel", std::string(before, 'x') + trace + std::string(100, 'x'));
        EXPECT_EQ(read(guest).drivers.at("virtio_blk"), "kernel") << before;
    }
}

TEST(FreeBsd, ModulesCountAsTheyAreLoaded)
{
    Guest guest;
    guest.file("/boot/kernel/kernel", "ELF").file("/boot/loader.conf", "autoboot_delay=\"3\"\n");
    EXPECT_THAT(read(guest).drivers, how("absent", "absent", "absent"));
    for (const char *name : {"virtio_pci", "virtio_blk", "if_vtnet"})
        guest.file(std::string("/boot/kernel/") + name + ".ko", "m");
    EXPECT_THAT(read(guest).drivers, how("module", "module", "module"));
    guest.file("/boot/loader.conf", "virtio_pci_load=\"YES\"\nvirtio_blk_load=\"YES\"\n")
        .file("/boot/loader.conf.d/net.conf", "if_vtnet_load=YES\n");
    EXPECT_THAT(read(guest).drivers, how("loader", "loader", "loader"));
    guest.file("/boot/loader.conf.local", "virtio_blk_load=\"NO\"\n");
    EXPECT_THAT(read(guest).drivers, how("loader", "module", "loader")) << "the last one counts";
}

TEST(FreeBsd, TheLoaderNamesKernelAndRoot)
{
    Guest guest;
    guest.file("/boot/loader.conf", "kernel=\"kernel.old\"\nvfs.root.mountfrom=\"ufs:/dev/ada0p2\"\n")
        .file("/boot/kernel/kernel", "ELF")
        .file("/boot/kernel.old/kernel", generic);
    auto const facts = read(guest);
    EXPECT_EQ(facts.kernel, "/boot/kernel.old/kernel");
    EXPECT_EQ(facts.root, "ufs:/dev/ada0p2");
    EXPECT_EQ(facts.root_where.line, 2U);
    guest.file("/boot/loader.conf", "kernel=\"../../etc\"\n");
    EXPECT_EQ(read(guest).kernel, "");
}

TEST(FreeBsd, WhatCannotBeReadIsUnknownAndOtherSystemsHaveNone)
{
    Guest none;
    EXPECT_EQ(read(none).kernel, "");
    Guest compressed;
    compressed.file("/boot/kernel/kernel.gz", "\x1f\x8b");
    EXPECT_FALSE(read_freebsd(compressed.tree));
    Guest damaged;
    damaged.files->broken("/boot/kernel/kernel");
    EXPECT_FALSE(read_freebsd(damaged.tree));
}

TEST(FreeBsd, LabelsOfItsFstab)
{
    std::vector<VolumeFacts> volumes{partition(1, "ufs", "5f3c9f6a12345678", "root")};
    for (const char *name :
         {"/dev/ufs/root", "/dev/ufsid/5f3c9f6a12345678", "/dev/gpt/part1", "/dev/gptid/AAAAAAAA-01"})
        EXPECT_NE(resolve_device(name, volumes), nullptr) << name;
    EXPECT_EQ(resolve_device("/dev/ufsid/0000000000000000", volumes), nullptr);
}
