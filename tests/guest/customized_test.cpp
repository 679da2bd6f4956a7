#include "guest/customized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

// Opens one tree, whatever volume is asked for, or nothing.
class OneTree final : public TreeMaker {
public:
    std::shared_ptr<MemoryTree> tree = {};

    std::string name() const override { return "one"; }
    std::optional<Error> failure() const override { return std::nullopt; }
    Result<FoundVolumes> more_volumes(const std::vector<VolumeFacts> &) override { return FoundVolumes{}; }
    Result<std::shared_ptr<RawTree>> open(const VolumeFacts &, const std::string &) override
    {
        if (!tree)
            return fail(ErrorCode::unreadable, "wrong superblock");
        return std::shared_ptr<RawTree>(tree);
    }
    Result<std::vector<std::string>> subvolumes(const VolumeFacts &) override { return std::vector<std::string>(); }
};

struct Disk {
    Guest guest = {};
    OneTree maker = {};
    std::vector<VolumeFacts> volumes{partition(2, "ext4", "root"), partition(1, "vfat", "first")};
    std::vector<MountPoint> points{{"/", "/dev/sda2", "ext4", {}}};

    CustomizedFacts read()
    {
        GuestMounts mounts;
        mounts.tree = std::make_unique<MountedTree>(guest.files);
        mounts.reachable = points;
        auto const found = read_customized(maker, mounts, volumes);
        EXPECT_TRUE(found) << found.reason();
        return found ? *found : CustomizedFacts{};
    }
};

}  // namespace

TEST(Customized, TheFolderIsLookedForOnTheFirstPartition)
{
    Disk disk;
    disk.guest.directory("/aliyun_custom_image");
    disk.maker.tree = std::make_shared<MemoryTree>();
    EXPECT_EQ(disk.read().device, "/dev/sda1");
    EXPECT_EQ(disk.read().folder, "") << "the one on the root is another";
    disk.maker.tree->directory("/aliyun_custom_image");
    EXPECT_EQ(disk.read().folder, "directory");
    // Mounted by the guest.
    disk.points.push_back({"/boot", "/dev/sda1", "vfat", {}});
    EXPECT_EQ(disk.read().folder, "");
    disk.guest.file("/boot/aliyun_custom_image", "x");
    EXPECT_EQ(disk.read().folder, "other");
}

TEST(Customized, APartitionThatCannotBeOpenedIsAProblem)
{
    Disk disk;
    EXPECT_EQ(disk.read().problem, "/dev/sda1: wrong superblock");
    disk.volumes.clear();
    EXPECT_EQ(disk.read().device, "");
    EXPECT_EQ(disk.read().problem, "");
}

TEST(Customized, WhatReadsTheFileAtBoot)
{
    struct Case {
        const char *path;
        const char *text;
        bool found;
    };
    constexpr Case cases[] = {
        {"/etc/init.d/setup", "#!/bin/sh\nmount LABEL=x /mnt\n. /mnt/aliyun_custom_image/os.conf\n", true},
        {"/etc/rc.local", "python3 parse.py \"$dir/os.conf\"\n", true},
        {"/etc/systemd/system/setup.service", "[Service]\nExecStart=/opt/parse /mnt/os.conf\n", true},
        {"/usr/local/etc/rc.d/setup", "cat /mnt/os.conf\n", true},
        {"/etc/init.d/setup", "# reads os.conf\n", false},
        {"/etc/init.d/setup", "cat /etc/chaos.conf /etc/os.config os.conf.d\n", false},
        {"/opt/parse.sh", "cat /mnt/os.conf\n", false},
    };
    for (auto const &[path, text, found] : cases) {
        Disk disk;
        disk.guest.file(path, text);
        auto const parsers = disk.read().parsers;
        EXPECT_EQ(!parsers.empty(), found) << path << ": " << text;
        if (found && !parsers.empty()) {
            EXPECT_EQ(parsers[0].file, path);
        }
    }
}

TEST(Customized, AUnitThatStartsAScriptThatReadsTheFile)
{
    Disk disk;
    disk.guest.file("/usr/lib/systemd/system/setup.service", "[Service]\nExecStart=-/opt/parse.sh --all\n")
        .file("/opt/parse.sh", "#!/bin/sh\n\ncat /mnt/os.conf\n");
    EXPECT_TRUE(disk.read().parsers.empty()) << "nothing starts it";
    disk.guest.link("/etc/systemd/system/multi-user.target.wants/setup.service",
                    "/usr/lib/systemd/system/setup.service");
    auto const parsers = disk.read().parsers;
    ASSERT_EQ(parsers.size(), 1U);
    EXPECT_EQ(parsers[0].file, "/opt/parse.sh");
    EXPECT_EQ(parsers[0].line, 3U);
}
