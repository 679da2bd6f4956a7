#include "convert/disk_changes.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "testing/disks.hpp"
#include "testing/temp_dir.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using imgport::testing::FileDisk;
using imgport::testing::Folder;
using imgport::testing::run_tool;

// Both leave holes: one must not forget those of the other.
TEST(DiskChanges, OfGrowingAndDroppingGoTogether)
{
    IMGPORT_NEEDS("sgdisk", "mkswap", "dd", "truncate");
    constexpr std::uint64_t size = std::uint64_t{64} << 20;
    Folder const folder;
    run_tool({"truncate", "-s", std::to_string(size), folder / "disk"});
    run_tool({"sgdisk", "--new=1:2048:34815", "--typecode=1:8200", folder / "disk"});
    run_tool({"truncate", "-s", "16M", folder / "swap"});
    run_tool({"mkswap", folder / "swap"});
    run_tool({"dd", "if=" + folder / "swap", "of=" + folder / "disk", "bs=1M", "seek=1", "conv=notrunc"});
    DiskMaker const make_disk = [&]() -> Result<std::shared_ptr<Disk>> { return FileDisk::open(folder / "disk"); };
    auto const holes = [&](const ConvertOptions &options) {
        std::vector<Dropped> dropped;
        auto changes = plan_changes(make_disk, 2 * size, options, dropped);
        EXPECT_TRUE(changes) << describe(changes.error());
        return changes ? changes->holes : std::vector<ByteRange>();
    };
    ConvertOptions grow;
    grow.grow = WantedSize{2 * size};
    ConvertOptions drop;
    drop.drop.swap = true;
    ConvertOptions both = grow;
    both.drop = drop.drop;
    auto expected = holes(drop);
    ASSERT_FALSE(expected.empty());
    auto const old_backup = holes(grow);
    ASSERT_FALSE(old_backup.empty());
    expected.insert(expected.end(), old_backup.begin(), old_backup.end());
    EXPECT_EQ(holes(both), expected);
}
