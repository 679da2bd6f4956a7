// Disks that grow, with sgdisk and fdisk as the judges of what becomes of their tables.
#include "convert/grow.hpp"

#include <functional>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/disks.hpp"
#include "testing/tools.hpp"
#include "volume/gpt_header.hpp"
#include "volume/volumes.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t gib = 1024 * mib;
constexpr std::uint64_t old_size = 8 * mib;  // of the images that other programs make

std::shared_ptr<Disk> grown(const std::shared_ptr<Disk> &disk, std::uint64_t size)
{
    auto changes = plan_growth(*disk, size);
    EXPECT_TRUE(changes) << describe(changes.error());
    return changes ? changed(disk, std::make_shared<const DiskChanges>(std::move(*changes))) : disk;
}

std::vector<std::byte> read(Disk &disk, std::uint64_t offset, std::uint64_t length)
{
    std::vector<std::byte> out(static_cast<std::size_t>(length));
    auto const done = disk.read(offset, out);
    EXPECT_TRUE(done) << describe(done.error());
    return out;
}

// A sparse file for other programs to look at.
std::string as_file(const Workshop &shop, Disk &disk)
{
    auto const file = shop.image("grown.raw", disk.size());
    auto const extents = disk.extents(0, disk.size());
    EXPECT_TRUE(extents);
    for (auto const &extent : *extents) {
        if (extent.kind == ExtentKind::data)
            patch_file(file, extent.offset, text_of(read(disk, extent.offset, extent.length)));
    }
    return file;
}

std::string sgdisk_says(const std::string &file)
{
    return run_tool({"sgdisk", "--verify", file});
}

DiskFacts facts_of(Disk &disk)
{
    auto facts = describe_disk(disk);
    EXPECT_TRUE(facts) << describe(facts.error());
    return facts.value_or(DiskFacts{});
}

// What must be the same before and after.
std::string partitions_of(const DiskFacts &facts)
{
    std::string out = facts.table_uuid + "\n";
    for (auto const &p : facts.partitions)
        out += fmt::format("{} {} {} {} {} {}\n", p.number, p.offset, p.length, p.type, p.uuid, p.name);
    return out;
}

void expect_sound(const DiskFacts &facts)
{
    ASSERT_TRUE(facts.gpt);
    EXPECT_TRUE(facts.gpt->primary_valid);
    EXPECT_TRUE(facts.gpt->backup_valid);
    EXPECT_TRUE(facts.gpt->backup_in_last_sector);
    EXPECT_THAT(facts.gpt->problems, IsEmpty());
    EXPECT_THAT(facts.problems, IsEmpty());
}

// 8 MiB with two partitions, the second up to the last sector that it may have, and some bytes in them.
std::string gpt_image(const Workshop &shop)
{
    auto const file = shop.image("disk.raw", old_size);
    run_shell("printf 'label: gpt\nstart=2048, size=2048, type=U, name=boot\nstart=4096, size=12255, type=L\n' | "
              "sfdisk -q " +
              file);
    patch_file(file, 1 * mib + 512, "in the first partition");
    patch_file(file, 6 * mib, "in the second partition");
    return file;
}

void damage(const std::string &file, std::uint64_t offset)
{
    patch_file(file, offset, std::string(1, '\x5a'));
}

Error refusal(Disk &disk, std::uint64_t size)
{
    auto const changes = plan_growth(disk, size);
    EXPECT_FALSE(changes);
    return changes ? Error{} : changes.error();
}

}  // namespace

TEST(Grow, GptAsSgdiskWantsIt)
{
    IMGPORT_NEEDS("sfdisk", "sgdisk");
    Workshop const shop;
    std::shared_ptr<Disk> const disk = FileDisk::open(gpt_image(shop));
    auto const before = partitions_of(facts_of(*disk));
    auto const start = read(*disk, 0, 512);
    // One sector more overlaps the old backup, a new end of 3 TiB is past the MBR's field.
    for (std::uint64_t const size : {old_size + 512, old_size + 16384, 9 * mib, 20 * gib, 3 * 1024 * gib}) {
        SCOPED_TRACE(size);
        auto const larger = grown(disk, size);
        ASSERT_EQ(larger->size(), size);
        auto const facts = facts_of(*larger);
        expect_sound(facts);
        EXPECT_EQ(partitions_of(facts), before);
        EXPECT_TRUE(begins_with(read(*larger, size - 512, 512), gpt_signature));
        EXPECT_EQ(load_le<std::uint64_t>(read(*larger, size - 512, 512), gpt_field::entries_lba), size / 512 - 33);
        EXPECT_THAT(sgdisk_says(as_file(shop, *larger)), HasSubstr("No problems found"));

        auto sector = read(*larger, 0, 512);
        EXPECT_EQ(load_le<std::uint32_t>(sector, 458), std::min<std::uint64_t>(size / 512 - 1, 0xffffffff));
        store_le(sector, 458, load_le<std::uint32_t>(start, 458));
        EXPECT_EQ(sector, start) << "nothing else of the MBR changed";
        EXPECT_EQ(read(*larger, 1024, old_size - 33 * 512 - 1024), read(*disk, 1024, old_size - 33 * 512 - 1024))
            << "neither the entries nor the partitions changed";
    }
}

TEST(Grow, TheOldBackupIsCleared)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    std::shared_ptr<Disk> const disk = FileDisk::open(gpt_image(shop));
    EXPECT_FALSE(all_zero(read(*disk, old_size - 33 * 512, 33 * 512)));
    auto const larger = grown(disk, 16 * mib);
    EXPECT_TRUE(all_zero(read(*larger, old_size - 33 * 512, 33 * 512)));
    EXPECT_THAT(larger->extents(old_size - 33 * 512, old_size + 33 * 512).value(),
                ElementsAre(Extent{old_size - 33 * 512, old_size, ExtentKind::hole},
                            Extent{16 * mib - 33 * 512, 33 * 512, ExtentKind::data}));
}

TEST(Grow, ABackupThatIsMissingDamagedOrElsewhereIsWrittenAnew)
{
    IMGPORT_NEEDS("sfdisk", "sgdisk");
    std::map<std::string, std::function<void(const std::string &)>> const ways{
        {"missing", [](auto &file) { patch_file(file, old_size - 512, std::string(512, '\0')); }},
        {"damaged", [](auto &file) { damage(file, old_size - 512 + 60); }},
        {"its entries damaged", [](auto &file) { damage(file, old_size - 33 * 512 + 40); }},
        {"elsewhere", [](auto &file) { ASSERT_EQ(::truncate(file.c_str(), 10 * mib), 0); }},
        {"cut off behind the last partition",
         [](auto &file) { ASSERT_EQ(::truncate(file.c_str(), old_size - 33 * 512), 0); }},
    };
    for (auto const &[name, how] : ways) {
        Workshop const shop;
        SCOPED_TRACE(name);
        auto const file = gpt_image(shop);
        how(file);
        std::shared_ptr<Disk> const disk = FileDisk::open(file);
        auto const before = partitions_of(facts_of(*disk));
        // Where there is room, with the size that the disk has, too.
        for (std::uint64_t const size : {std::max(old_size, disk->size()), 12 * mib}) {
            SCOPED_TRACE(size);
            auto const larger = grown(disk, size);
            auto const facts = facts_of(*larger);
            expect_sound(facts);
            EXPECT_EQ(partitions_of(facts), before);
            EXPECT_THAT(sgdisk_says(as_file(shop, *larger)), HasSubstr("No problems found"));
        }
    }
}

TEST(Grow, ASoundDiskOfThatSizeStaysAsItIs)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const gpt = FileDisk::open(gpt_image(shop));
    EXPECT_TRUE(plan_growth(*gpt, gpt->size()).value().empty());
    MemoryDisk blank(mib);
    EXPECT_TRUE(plan_growth(blank, mib).value().empty());
}

TEST(Grow, TwiceIsOnce)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    std::shared_ptr<Disk> const disk = FileDisk::open(gpt_image(shop));
    auto const once = grown(disk, 11 * mib);
    auto const twice = grown(grown(disk, 9 * mib), 11 * mib);
    EXPECT_TRUE(read(*once, 0, 11 * mib) == read(*twice, 0, 11 * mib));
}

TEST(Grow, FourThousandByteSectorsAsFdiskWantsThem)
{
    IMGPORT_NEEDS("fdisk");
    Workshop const shop;
    auto const file = shop.image("disk.raw", old_size);
    run_shell("printf 'g\\nn\\n1\\n\\n+2M\\nn\\n2\\n\\n\\nw\\n' | fdisk -b 4096 " + file);
    std::shared_ptr<Disk> const disk = FileDisk::open(file);
    auto const before = partitions_of(facts_of(*disk));
    ASSERT_THAT(facts_of(*disk).partitions, SizeIs(2));
    auto const larger = grown(disk, 12 * mib);
    auto const facts = facts_of(*larger);
    EXPECT_EQ(facts.sector_size, 4096U);
    expect_sound(facts);
    EXPECT_EQ(partitions_of(facts), before);
    EXPECT_TRUE(begins_with(read(*larger, 12 * mib - 4096, 512), gpt_signature));
    EXPECT_EQ(load_le<std::uint32_t>(read(*larger, 0, 512), 458), 12 * mib / 4096 - 1);
    // Where the backup is not what it should be, fdisk complains on standard error.
    auto const listed = [&](Disk &look) { return run_shell("fdisk -b 4096 -l " + as_file(shop, look) + " 2>&1"); };
    EXPECT_THAT(listed(*changed(disk, std::make_shared<const DiskChanges>(DiskChanges{.size = 12 * mib}))),
                HasSubstr("GPT PMBR size mismatch"));
    EXPECT_THAT(listed(*larger),
                ::testing::Not(::testing::AnyOf(HasSubstr("mismatch"), HasSubstr("backup"), HasSubstr("corrupt"))));

    auto const error = refusal(*disk, 12 * mib + 512);
    EXPECT_EQ(error.code, ErrorCode::usage);
    EXPECT_THAT(error.hint, HasSubstr("multiple of 4096, for example 12587008"));
}

TEST(Grow, AHybridMbrKeepsItsOtherEntries)
{
    IMGPORT_NEEDS("sfdisk", "sgdisk");
    Workshop const shop;
    auto const file = gpt_image(shop);
    run_tool({"sgdisk", "-h", "1", file});
    std::shared_ptr<Disk> const disk = FileDisk::open(file);
    auto const before = read(*disk, 0, 512);
    ASSERT_EQ(before[450], std::byte{0xee});
    ASSERT_NE(before[466], std::byte{0});
    auto const larger = grown(disk, 10 * mib);
    EXPECT_EQ(read(*larger, 0, 512), before) << "the protective entry ends before the partition";
    expect_sound(facts_of(*larger));

    // One that covers the whole disk besides does so again.
    patch_file(file, 458, std::string("\xff\x3f\x00\x00", 4));
    auto const covering = read(*grown(FileDisk::open(file), 10 * mib), 0, 512);
    EXPECT_EQ(load_le<std::uint32_t>(covering, 458), 10 * mib / 512 - 1);
    EXPECT_THAT(std::vector(covering.begin() + 462, covering.end()),
                Eq(std::vector(before.begin() + 462, before.end())));
}

TEST(Grow, AnMbrDiskGetsNothingButTheSize)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const file = shop.image("disk.raw", old_size);
    run_shell("printf 'label: dos\\nstart=2048,size=1MiB,type=83\\nstart=8192,type=5\\nstart=10240,type=83\\n' | "
              "sfdisk -q " +
              file);
    auto const disk = FileDisk::open(file);
    ASSERT_THAT(facts_of(*disk).partitions, SizeIs(3));
    auto const changes = plan_growth(*disk, 20 * gib).value();
    EXPECT_EQ(changes.size, 20 * gib);
    EXPECT_THAT(changes.holes, IsEmpty());
    EXPECT_THAT(changes.patches, IsEmpty());
}

TEST(Grow, ADiskWithoutPartitionsGetsNothingButTheSize)
{
    MemoryDisk disk(mib + 100);  // as an odd raw file
    disk.put(5000, "data");
    auto const changes = plan_growth(disk, mib + 512).value();
    EXPECT_EQ(changes.size, mib + 512);
    EXPECT_THAT(changes.holes, IsEmpty());
    EXPECT_THAT(changes.patches, IsEmpty());
}

TEST(Grow, SizesThatMakeNoSense)
{
    MemoryDisk disk(2 * mib);
    auto const smaller = refusal(disk, mib);
    EXPECT_EQ(smaller.code, ErrorCode::usage);
    EXPECT_EQ(smaller.message, "the disk has 2 MiB (2097152 bytes) already, more than the 1 MiB (1048576 bytes) that "
                               "it should grow to");
    EXPECT_THAT(smaller.hint, HasSubstr("2097152"));
    auto const odd = refusal(disk, 3 * mib + 1);
    EXPECT_EQ(odd.code, ErrorCode::usage);
    EXPECT_THAT(odd.hint, HasSubstr("for example 3146240"));
    for (std::uint64_t const absurd : {64 * 1024 * gib + 512, ~std::uint64_t{0}, ~std::uint64_t{511}})
        EXPECT_EQ(refusal(disk, absurd).code, ErrorCode::usage);
    EXPECT_TRUE(plan_growth(disk, 64 * 1024 * gib));
}

TEST(Grow, ADamagedPrimaryTableIsSaidSo)
{
    IMGPORT_NEEDS("sfdisk");
    auto const refused = [](std::uint64_t offset, std::size_t length) {
        Workshop const shop;
        auto const file = gpt_image(shop);
        patch_file(file, offset, std::string(length, '\0'));
        return refusal(*FileDisk::open(file), 10 * mib);
    };
    auto const header = refused(512 + 56, 4);
    EXPECT_EQ(header.code, ErrorCode::malformed);
    EXPECT_EQ(header.message,
              "the disk cannot grow, since its GPT is damaged: the primary header at LBA 1: HeaderCRC32 "
              "is wrong");
    EXPECT_THAT(header.hint, HasSubstr("sgdisk --verify"));
    EXPECT_THAT(refused(1024 + 40, 4).message, HasSubstr("PartitionEntryArrayCRC32 is wrong"));
    EXPECT_THAT(refused(512, 512).message, HasSubstr("does not begin with EFI PART"));
}

TEST(Grow, AProtectiveMbrWithoutAnyGptIsNoMbrDisk)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const file = gpt_image(shop);
    patch_file(file, 512, std::string(512, '\0'));
    patch_file(file, old_size - 512, std::string(512, '\0'));
    auto const error = refusal(*FileDisk::open(file), 10 * mib);
    EXPECT_EQ(error.code, ErrorCode::malformed);
    EXPECT_THAT(error.message, HasSubstr("the MBR is a protective one"));
}

// What the rules find on the disk as it is, they would not find any more.
TEST(Grow, ADiskOfWhichAPartIsMissingDoesNotBecomeWhole)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const file = gpt_image(shop);
    ASSERT_EQ(::truncate(file.c_str(), 4 * mib), 0);
    auto const gpt = refusal(*FileDisk::open(file), old_size);
    EXPECT_EQ(gpt.code, ErrorCode::malformed);
    EXPECT_THAT(gpt.message, HasSubstr("partition 2 ends at byte"));
    auto const other = shop.image("mbr.raw", old_size);
    run_shell("printf 'label: dos\\nstart=2048,type=83\\n' | sfdisk -q " + other);
    ASSERT_EQ(::truncate(other.c_str(), 4 * mib), 0);
    EXPECT_THAT(refusal(*FileDisk::open(other), old_size).message, HasSubstr("partition 1 ends at byte"));
}

// -------------------------------------------------------------------------------------------------- hostile tables

namespace {

constexpr std::uint64_t sectors = 2048;  // of a disk of 1 MiB

struct HostileTable {
    std::uint64_t lba = 1;
    std::uint64_t alternate = sectors - 1;
    std::uint64_t first_usable = 34;
    std::uint64_t last_usable = sectors - 34;
    std::uint64_t entries_lba = 2;
    std::uint32_t count = 4;
    std::uint32_t entry_size = 128;
    std::uint64_t first = 40;  // of partition 1
    std::uint64_t last = 50;
};

std::uint32_t plain_crc32(Bytes bytes)
{
    std::uint32_t crc = ~0U;
    for (std::byte const b : bytes) {
        crc ^= static_cast<std::uint32_t>(b);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
    }
    return ~crc;
}

// A table whose sums are right, whatever else it says.
void put_table(MemoryDisk &disk, const HostileTable &t)
{
    std::size_t const at = t.lba * 512;
    disk.put(at, gpt_signature);
    disk.put_le<std::uint32_t>(at + 8, 0x10000);
    disk.put_le<std::uint32_t>(at + 12, 92);
    disk.put_le<std::uint64_t>(at + 24, t.lba);
    disk.put_le<std::uint64_t>(at + 32, t.alternate);
    disk.put_le<std::uint64_t>(at + 40, t.first_usable);
    disk.put_le<std::uint64_t>(at + 48, t.last_usable);
    disk.put_le<std::uint64_t>(at + 72, t.entries_lba);
    disk.put_le<std::uint32_t>(at + 80, t.count);
    disk.put_le<std::uint32_t>(at + 84, t.entry_size);
    std::uint64_t const length = std::uint64_t{t.count} * t.entry_size;
    if (t.entries_lba < sectors && t.entries_lba * 512 + length <= mib && length >= 128) {
        std::size_t const entries = t.entries_lba * 512;
        disk.put(entries, "0123456789abcdef");
        disk.put_le<std::uint64_t>(entries + 32, t.first);
        disk.put_le<std::uint64_t>(entries + 40, t.last);
        disk.put_le<std::uint32_t>(at + 88, plain_crc32(Bytes(disk.bytes()).subspan(entries, length)));
    }
    disk.put_le<std::uint32_t>(at + 16, 0);
    disk.put_le<std::uint32_t>(at + 16, plain_crc32(Bytes(disk.bytes()).subspan(at, 92)));
}

std::shared_ptr<MemoryDisk> disk_with(const HostileTable &primary)
{
    auto disk = std::make_shared<MemoryDisk>(mib);
    disk->put_le<std::uint8_t>(450, 0xee);
    disk->put_le<std::uint32_t>(454, 1);
    disk->put_le<std::uint32_t>(458, sectors - 1);
    disk->put_le<std::uint16_t>(510, 0xaa55);
    put_table(*disk, primary);
    return disk;
}

std::string complaint(const HostileTable &primary)
{
    auto const error = refusal(*disk_with(primary), 2 * mib);
    EXPECT_EQ(error.code, ErrorCode::malformed);
    return error.message;
}

}  // namespace

TEST(HostileGrow, TheBuilderMakesATableThatGrows)
{
    auto const disk = disk_with({});
    put_table(*disk, {.lba = sectors - 1, .alternate = 1, .entries_lba = sectors - 33});
    auto const larger = grown(disk, 2 * mib);
    expect_sound(facts_of(*larger));
    EXPECT_EQ(partitions_of(facts_of(*larger)), partitions_of(facts_of(*disk)));
    EXPECT_TRUE(all_zero(read(*larger, mib - 34 * 512, 34 * 512)));
    // Few entries have the room of 16 KiB all the same.
    EXPECT_EQ(load_le<std::uint64_t>(read(*larger, 512, 512), 48), 4096U - 34);
}

TEST(HostileGrow, TablesThatAreNone)
{
    EXPECT_THAT(complaint({.entries_lba = 5000}), HasSubstr("lie outside the disk"));
    EXPECT_THAT(complaint({.entries_lba = ~std::uint64_t{0}}), HasSubstr("lie outside the disk"));
    EXPECT_THAT(complaint({.entry_size = 0}), HasSubstr("SizeOfPartitionEntry is 0"));
    EXPECT_THAT(complaint({.count = 0xffffffff}), HasSubstr("NumberOfPartitionEntries is 4294967295"));
    EXPECT_THAT(complaint({.first_usable = ~std::uint64_t{0}}), HasSubstr("FirstUsableLBA"));
    EXPECT_THAT(complaint({.first_usable = sectors}), HasSubstr("FirstUsableLBA 2048 lies outside the disk"));
}

// To write such a table anew would change what it is made of.
TEST(HostileGrow, EntriesThatLieWhereTheyCannot)
{
    EXPECT_THAT(complaint({.entries_lba = 500}), HasSubstr("do not lie between"));
    EXPECT_THAT(complaint({.entries_lba = sectors - 1}), HasSubstr("do not lie between"));
    EXPECT_THAT(complaint({.first_usable = 2}), HasSubstr("do not lie between"));
    EXPECT_THAT(complaint({.entries_lba = 0}), HasSubstr("do not lie between"));
}

TEST(HostileGrow, ABackupInsideAPartitionIsThePartitionsOwn)
{
    auto const disk = disk_with({.alternate = 1000, .last_usable = 60, .first = 40, .last = 1500});
    put_table(*disk, {.lba = 1000, .alternate = 1, .entries_lba = 1001, .last = 1500});
    disk->put(700 * 512, "data");
    auto const larger = grown(disk, 2 * mib);
    expect_sound(facts_of(*larger));
    EXPECT_EQ(read(*larger, 40 * 512, 1461 * 512), read(*disk, 40 * 512, 1461 * 512));
}

TEST(HostileGrow, ABackupWhoseEntriesLieInAPartition)
{
    auto const disk = disk_with({.last_usable = 42});
    disk->put(40 * 512, "data");
    put_table(*disk, {.lba = sectors - 1, .alternate = 1, .entries_lba = 45, .first = 40, .last = 50});
    auto const changes = plan_growth(*disk, 2 * mib).value();
    EXPECT_THAT(changes.holes, ElementsAre(ByteRange{(sectors - 1) * 512, 512}));
}

TEST(HostileGrow, ABackupThatIsThePrimaryTable)
{
    for (std::uint64_t const alternate : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, ~std::uint64_t{0}}) {
        SCOPED_TRACE(alternate);
        auto const disk = disk_with({.alternate = alternate, .last_usable = 0});
        // The primary entries are those of the header at the end, too: they stay.
        put_table(*disk, {.lba = sectors - 1, .alternate = 1, .entries_lba = 2});
        auto const larger = grown(disk, 2 * mib);
        expect_sound(facts_of(*larger));
        EXPECT_EQ(partitions_of(facts_of(*larger)), partitions_of(facts_of(*disk)));
    }
}

TEST(HostileGrow, NoRoomBehindTheLastPartition)
{
    auto const disk = disk_with({.first = 40, .last = sectors - 2});
    auto const error = refusal(*disk, mib + 512);
    EXPECT_EQ(error.code, ErrorCode::usage);
    EXPECT_THAT(error.message, HasSubstr("behind partition 1"));
    std::uint64_t const least = (sectors - 1 + 33) * 512;
    EXPECT_THAT(error.hint, HasSubstr(std::to_string(least)));
    EXPECT_EQ(refusal(*disk, least - 512).code, ErrorCode::usage);
    expect_sound(facts_of(*grown(disk, least)));
}

TEST(HostileGrow, AReadErrorIsAnError)
{
    auto const disk = disk_with({});
    disk->make_unreadable(mib - 100);
    EXPECT_EQ(refusal(*disk, 2 * mib).code, ErrorCode::unreadable);
}
