// The appliance on a filesystem that mkfs.ext4 made, with debugfs as the oracle. It starts once for all tests.
#include "appliance/appliance.hpp"

#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filesystem/mounted_tree.hpp"
#include "support/kvm.hpp"
#include "testing/disks.hpp"
#include "testing/tools.hpp"
#include "volume/volumes.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

class Notes final : public ProgressSink {
public:
    void begin(std::string_view, std::string_view) override {}
    void update(std::uint64_t, std::uint64_t) override {}
    void end() override {}
    void note(std::string_view text) override { lines.emplace_back(text); }
    std::vector<std::string> lines;
};

// A disk with three partitions, ext4, vfat and btrfs, served by qemu-nbd and looked at by the appliance.
class ApplianceTest : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        s_shop = std::make_unique<Workshop>();
        for (auto const *program : {"mkfs.ext4", "debugfs", "mkfs.vfat", "mcopy", "mkfs.btrfs", "sfdisk", "qemu-nbd"}) {
            if (tool(program).empty()) {
                s_missing = std::string(program) + " is not installed";
                return;
            }
        }
        make_image();
        s_disk = FileDisk::open(s_image);
        auto const facts = describe_disk(*s_disk);
        auto volumes = list_volumes(s_disk, *facts);
        ASSERT_TRUE(volumes);
        s_volumes = *volumes;

        std::string const socket = s_shop->path() + "/nbd";
        Command server;
        server.arguments = {tool("qemu-nbd"), "--read-only",        "--persistent", "--format=raw",
                            "--shared=4",     "--socket=" + socket, s_image};
        auto started = Process::start(server);
        ASSERT_TRUE(started);
        s_server = std::make_unique<Process>(std::move(*started));
        for (int i = 0; i < 100 && ::access(socket.c_str(), F_OK) != 0; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(50));

        auto const before = std::chrono::steady_clock::now();
        auto appliance = Appliance::start({socket, facts->sector_size, s_shop->path()}, s_notes);
        if (!appliance) {
            s_missing = describe(appliance.error());
            return;
        }
        s_appliance = std::move(*appliance);
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - before;
        RecordProperty("appliance_start_seconds", std::to_string(took.count()));
    }
    static void TearDownTestSuite()
    {
        s_appliance.reset();
        s_server.reset();
        s_disk.reset();
        s_shop.reset();
    }
    void SetUp() override
    {
        if (!s_appliance)
            GTEST_SKIP() << s_missing;
    }

    static void make_image()
    {
        s_image = s_shop->image("disk.raw", 220 * mib);
        run_shell("cd " + s_shop->path() +
                  " && sfdisk -q --no-reread --no-tell-kernel disk.raw <<'END'\n"
                  "label: gpt\nstart=2048,size=131072\nsize=32768,type=U\nsize=128MiB\nEND\n"
                  "mkdir -p d/etc d/usr/lib d/many\n"
                  "echo ID=debian > d/usr/lib/os-release\n"
                  "ln -s ../usr/lib/os-release d/etc/os-release\n"
                  "ln -s /usr/lib d/lib\n"
                  "echo secret > d/etc/shadow; chmod 640 d/etc/shadow\n"
                  "echo log > d/etc/log\n"
                  "mkfifo d/etc/pipe\n"
                  "head -c 3000001 /dev/urandom > d/large\n"
                  "for i in $(seq 100); do echo $i > d/many/$i; done\n"
                  "truncate -s 64M ext4.raw && mkfs.ext4 -q -E root_owner=0:0 -d d ext4.raw\n"
                  "printf 'set_inode_field /etc/shadow flags 0x80010\\nset_inode_field /etc/log flags 0x80020\\n"
                  "set_inode_field /etc/shadow uid 12\\nset_inode_field /etc/shadow gid 42\\n'"
                  " | debugfs -w -f - ext4.raw >/dev/null 2>&1\n"
                  "truncate -s 16M fat.raw && mkfs.vfat -F 16 fat.raw >/dev/null && mmd -i fat.raw ::/EFI ::/EFI/BOOT"
                  " && mcopy -i fat.raw d/etc/shadow ::/EFI/BOOT/BOOTX64.EFI\n"
                  "dd if=ext4.raw of=disk.raw bs=1M seek=1 conv=notrunc status=none\n"
                  "dd if=fat.raw of=disk.raw bs=1M seek=65 conv=notrunc status=none\n"
                  "truncate -s 128M btrfs.raw && mkfs.btrfs -q --rootdir d/usr btrfs.raw\n"
                  "dd if=btrfs.raw of=disk.raw bs=1M seek=81 conv=notrunc,sparse status=none\n");
    }

    static std::shared_ptr<RawTree> tree(std::size_t volume)
    {
        auto opened = s_appliance->open(s_volumes.at(volume), "");
        EXPECT_TRUE(opened) << describe(opened.error());
        return opened ? *opened : nullptr;
    }
    static std::string debugfs(const std::string &request)
    {
        return run_tool({"debugfs", "-R", request, s_shop->path() + "/ext4.raw"});
    }
    static std::string contents(RawTree &tree, std::string_view path)
    {
        auto const stream = tree.open(path);
        if (!stream)
            return "error: " + stream.error().message;
        std::string text;
        std::vector<std::byte> piece(100'000);
        for (;;) {
            auto const got = (*stream)->read(piece);
            if (!got)
                return "error: " + got.error().message;
            if (*got == 0)
                return text;
            text.append(reinterpret_cast<const char *>(piece.data()), *got);
        }
    }

    static inline std::unique_ptr<Workshop> s_shop;
    static inline std::string s_image;
    static inline std::string s_missing = "not set up";
    static inline std::shared_ptr<Disk> s_disk;
    static inline std::unique_ptr<Process> s_server;
    static inline std::unique_ptr<Appliance> s_appliance;
    static inline std::vector<VolumeFacts> s_volumes;
    static inline Notes s_notes;
};

}  // namespace

TEST_F(ApplianceTest, ReadsFilesAsDebugfsDoes)
{
    auto const ext4 = tree(0);
    ASSERT_TRUE(ext4);
    EXPECT_EQ(contents(*ext4, "/usr/lib/os-release"), debugfs("cat /usr/lib/os-release"));
    auto const large = contents(*ext4, "/large");
    EXPECT_EQ(large.size(), 3000001U);
    EXPECT_TRUE(large == debugfs("cat /large"));
    EXPECT_EQ(*ext4->read_link("/etc/os-release"), "../usr/lib/os-release");
}

TEST_F(ApplianceTest, StatsFilesOneByOneAndDirectoriesAsAWhole)
{
    auto const ext4 = tree(0);
    ASSERT_TRUE(ext4);
    for (int i = 1; i <= 100; ++i) {
        auto const stat = ext4->lstat("/many/" + std::to_string(i));
        ASSERT_TRUE(stat && *stat) << i;
        EXPECT_EQ((*stat)->size, std::to_string(i).size() + 1);
        EXPECT_EQ((*stat)->kind, FileKind::regular);
        EXPECT_FALSE(ext4->lstat("/many/no" + std::to_string(i))->has_value());
    }
    auto const shadow = ext4->lstat("/etc/shadow");
    EXPECT_EQ((*shadow)->mode, 0640U);
    EXPECT_EQ((*shadow)->uid, 12U);
    EXPECT_EQ((*shadow)->gid, 42U);
    EXPECT_EQ((*ext4->lstat("/"))->kind, FileKind::directory);
    EXPECT_EQ((*ext4->lstat("/lib"))->kind, FileKind::symlink);
    EXPECT_FALSE(ext4->lstat("/missing")->has_value());
    EXPECT_FALSE(ext4->lstat("/large/below")->has_value());
    EXPECT_FALSE(ext4->lstat("/" + std::string(5000, 'x'))->has_value());
}

TEST_F(ApplianceTest, ListsSortedWithKinds)
{
    auto const ext4 = tree(0);
    ASSERT_TRUE(ext4);
    auto const entries = ext4->list("/etc");
    ASSERT_TRUE(entries);
    std::string out;
    for (auto const &entry : *entries)
        out += entry.name + "=" + std::to_string(static_cast<int>(entry.kind)) + " ";
    EXPECT_EQ(out, "log=0 os-release=2 pipe=5 shadow=0 ");
    EXPECT_EQ(ext4->list("/many")->size(), 100U);
    EXPECT_FALSE(ext4->list("/large"));
}

TEST_F(ApplianceTest, OnlyRegularFilesAreOpened)
{
    auto const ext4 = tree(0);
    ASSERT_TRUE(ext4);
    for (std::string_view const path : {"/etc/pipe", "/etc", "/lib", "/missing"})
        EXPECT_THAT(contents(*ext4, path), HasSubstr("is no regular file")) << path;
}

TEST_F(ApplianceTest, InodeFlagsWhereTheFilesystemKeepsThem)
{
    auto const ext4 = tree(0);
    ASSERT_TRUE(ext4);
    EXPECT_TRUE(ext4->flags("/etc/shadow")->value().immutable);
    EXPECT_FALSE(ext4->flags("/etc/shadow")->value().append_only);
    EXPECT_TRUE(ext4->flags("/etc/log")->value().append_only);
    EXPECT_FALSE(ext4->flags("/large")->value().immutable);
    EXPECT_FALSE(ext4->flags("/lib")->has_value()) << "a link has none";
    auto const vfat = tree(1);
    ASSERT_TRUE(vfat);
    EXPECT_FALSE(vfat->flags("/EFI/BOOT/BOOTX64.EFI")->has_value());
}

TEST_F(ApplianceTest, SeveralVolumesAsOneTree)
{
    MountedTree mounted(tree(0));
    mounted.mount("/boot/efi", tree(1));
    EXPECT_EQ(mounted.read_file("/lib/os-release", 1000)->value(), "ID=debian\n");
    EXPECT_EQ(mounted.read_file("/boot/efi/EFI/BOOT/BOOTX64.EFI", 1000)->value(), "secret\n");
    EXPECT_EQ(mounted.stat_flags("/etc/shadow")->value().immutable, true);
}

TEST_F(ApplianceTest, WhatHoldsNoFilesIsAnErrorByName)
{
    VolumeFacts swap = s_volumes.at(0);
    swap.filesystem.type = "swap";
    swap.device = "/dev/sda9";
    auto const opened = s_appliance->open(swap, "");
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("/dev/sda9 (swap): holds no filesystem that can be read"));
    swap.filesystem.type = "ext4";
    EXPECT_THAT(s_appliance->open(swap, "").error().message, HasSubstr("/dev/sda9"));
    EXPECT_TRUE(s_appliance->more_volumes(s_volumes)->volumes.empty());
}

TEST_F(ApplianceTest, BtrfsAndItsSubvolumes)
{
    auto const btrfs = tree(2);
    ASSERT_TRUE(btrfs);
    EXPECT_EQ(contents(*btrfs, "/lib/os-release"), "ID=debian\n");
    EXPECT_TRUE(s_appliance->subvolumes(s_volumes.at(2))->empty());
    EXPECT_TRUE(s_appliance->subvolumes(s_volumes.at(0))->empty());
    EXPECT_EQ(s_appliance->open(s_volumes.at(2), "@").error().code, ErrorCode::unreadable);
    EXPECT_EQ(s_appliance->open(s_volumes.at(2), "@,rw").error().code, ErrorCode::refused);
    EXPECT_EQ(s_appliance->open(s_volumes.at(0), "@").error().code, ErrorCode::usage);
}

TEST_F(ApplianceTest, SaysThatItRunsWithoutKvmWhereItDoes)
{
    if (kvm_state().works)
        EXPECT_TRUE(s_notes.lines.empty() || s_notes.lines.front().find("KVM") != std::string::npos);
    else
        EXPECT_THAT(s_notes.lines, ::testing::ElementsAre(HasSubstr("does not start with KVM here")));
}

TEST(Kvm, SaysWhyItDoesNotWork)
{
    auto const state = kvm_state();
    EXPECT_EQ(state.works, state.detail == "works");
    EXPECT_FALSE(state.detail.empty());
}

TEST(ApplianceStart, UnusableApplianceIsAnErrorOfTheMachine)
{
    ::setenv("LIBGUESTFS_PATH", "/nonexistent", 1);
    ::setenv("LIBGUESTFS_BACKEND_SETTINGS", "force_tcg", 1);
    auto const started = Appliance::start({"/nonexistent/socket", 512, ""}, silent_progress());
    ::unsetenv("LIBGUESTFS_PATH");
    ::unsetenv("LIBGUESTFS_BACKEND_SETTINGS");
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::environment);
    EXPECT_THAT(started.error().message, HasSubstr("libguestfs"));
    EXPECT_THAT(started.error().hint, HasSubstr("imgport doctor"));
}
