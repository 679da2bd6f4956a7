// Tables made by sfdisk and sgdisk, compared with what libblkid reads from them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/disks.hpp"
#include "testing/tools.hpp"
#include "volume/gpt.hpp"
#include "volume/volumes.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

// What libblkid says, one line per partition: number, first sector, sectors, type, UUID.
std::string partx(const std::string &file)
{
    return run_tool({"partx", "-g", "-r", "-o", "NR,START,SECTORS,TYPE,UUID", file});
}

std::string as_partx_says(const DiskFacts &facts)
{
    std::string out;
    for (auto const &p : facts.partitions) {
        std::string const type = facts.table == "gpt"      ? to_lower(p.type)
                                 : p.type.starts_with('0') ? "0x" + p.type.substr(1)
                                                           : "0x" + p.type;
        out += std::to_string(p.number) + " " + std::to_string(p.offset / 512) + " " + std::to_string(p.length / 512) +
               " " + type + " " + p.uuid + "\n";
    }
    return out;
}

std::string make_table(const Workshop &shop, std::uint64_t size, const std::string &sfdisk_script)
{
    auto const file = shop.image("disk.raw", size);
    run_shell("sfdisk -q --no-reread --no-tell-kernel " + file + " <<'END'\n" + sfdisk_script + "END\n");
    return file;
}

DiskFacts describe_file(const std::string &file)
{
    auto const disk = FileDisk::open(file);
    auto facts = describe_disk(*disk);
    EXPECT_TRUE(facts) << describe(facts.error());
    return facts ? *facts : DiskFacts{};
}

const char *const gpt_script = "label: gpt\n"
                               "size=1MiB, type=21686148-6449-6E6F-744E-656564454649\n"
                               "size=4MiB, type=U, name=\"EFI \xc3\xa9\", attrs=LegacyBIOSBootable\n"
                               "type=L, name=root\n";

}  // namespace

TEST(Mbr, PrimaryPartitionsAsLibblkidReadsThem)
{
    IMGPORT_NEEDS("sfdisk", "partx");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib,
                                 "label: dos\nlabel-id: 0x1234abcd\nsize=8MiB,type=83,bootable\nsize=8MiB,type=82\n"
                                 "start=40960,size=4MiB,type=c\n");
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.table, "mbr");
    EXPECT_EQ(facts.table_uuid, "1234abcd");
    EXPECT_EQ(as_partx_says(facts), partx(file));
    ASSERT_EQ(facts.partitions.size(), 3U);
    EXPECT_TRUE(facts.partitions[0].bootable);
    EXPECT_FALSE(facts.partitions[1].bootable);
    EXPECT_EQ(facts.partitions[0].uuid, "1234abcd-01");
    EXPECT_THAT(facts.problems, IsEmpty());
    EXPECT_FALSE(facts.boot_code);
}

namespace {

struct BsdEntry {
    std::uint32_t sectors;
    std::uint32_t first;
    std::uint8_t type;
};

// A BSD disklabel in the second sector of a slice.
void put_bsd_label(MemoryDisk &disk, std::size_t slice, const std::vector<BsdEntry> &entries)
{
    std::size_t const at = (slice + 1) * 512;
    disk.put_le<std::uint32_t>(at, 0x82564557);
    disk.put_le<std::uint32_t>(at + 40, 512);
    disk.put_le<std::uint32_t>(at + 132, 0x82564557);
    disk.put_le<std::uint16_t>(at + 136, 0);
    disk.put_le<std::uint16_t>(at + 138, static_cast<std::uint16_t>(entries.size()));
    for (std::size_t i = 0; i < entries.size(); ++i) {
        disk.put_le(at + 148 + 16 * i, entries[i].sectors);
        disk.put_le(at + 148 + 16 * i + 4, entries[i].first);
        disk.put_le(at + 148 + 16 * i + 12, entries[i].type);
    }
    std::uint16_t sum = 0;
    for (std::size_t i = 0; i < 148 + 16 * entries.size(); i += 2)
        sum ^= load_le<std::uint16_t>(disk.bytes(), at + i);
    disk.put_le(at + 136, sum);
}

}  // namespace

// FreeBSD's slices: their partitions are numbered after the others, as Linux and libblkid do.
TEST(Mbr, BsdDisklabelsInSlices)
{
    IMGPORT_NEEDS("sfdisk", "partx");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib,
                                 "label: dos\nlabel-id: 0x1234abcd\nstart=2048,size=32768,type=a5,bootable\n"
                                 "start=34816,size=32768,type=a5\nstart=67584,size=8192,type=f\n"
                                 "start=77824,size=8192,type=a5\nstart=69632,size=2048,type=83\n");
    MemoryDisk disk(64 * mib);
    ASSERT_TRUE(FileDisk::open(file)->read(0, disk.bytes()));
    // Of today, with "b" for swap, an unused entry and a ZFS; of old, counted from the start of the disk.
    put_bsd_label(disk, 2048, {{16384, 16, 7}, {8192, 16400, 1}, {32768, 0, 0}, {100, 24592, 0}, {8000, 24700, 27}});
    put_bsd_label(disk, 34816, {{32000, 35000, 7}, {0, 0, 0}, {32768, 34816, 0}});
    // A filesystem that takes all of its slice.
    put_bsd_label(disk, 77824, {{8192, 0, 7}, {0, 0, 0}, {8192, 0, 0}});
    patch_file(file, 0, text_of(disk.bytes()));

    auto facts = describe_file(file);
    EXPECT_THAT(facts.problems, IsEmpty());
    std::vector<std::string> names;
    for (auto const &partition : facts.partitions)
        names.push_back(fmt::format("{} {} {}", partition.number, partition.type, partition.name));
    EXPECT_THAT(names, ElementsAre("1 a5 ", "2 a5 ", "3 0f ", "4 a5 ", "5 83 ", "6 bsd-07 s1a", "7 bsd-01 s1b",
                                   "8 bsd-1b s1e", "9 bsd-07 s2a"));
    auto const volumes = list_volumes(FileDisk::open(file), facts);
    ASSERT_TRUE(volumes);
    names.clear();
    for (auto const &volume : *volumes)
        names.push_back(volume.device + " " + volume.partition_label);
    EXPECT_THAT(names, ElementsAre("/dev/sda4 ", "/dev/sda5 ", "/dev/sda6 s1a", "/dev/sda7 s1b", "/dev/sda8 s1e",
                                   "/dev/sda9 s2a"));
    for (auto &partition : facts.partitions) {
        if (partition.type.starts_with("bsd-"))
            partition.type = partition.type.substr(4);
    }
    EXPECT_EQ(as_partx_says(facts), partx(file));
}

TEST(Mbr, BsdDisklabelsThatAreWrong)
{
    MemoryDisk disk(64 * mib);
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib, "label: dos\nstart=2048,size=32768,type=a5\n");
    ASSERT_TRUE(FileDisk::open(file)->read(0, disk.bytes()));
    put_bsd_label(disk, 2048, {{16384, 16, 7}, {32768, 16400, 7}, {0, 0, 0}, {~0U, ~0U, 8}});
    auto facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->partitions.size(), 2U);
    EXPECT_THAT(facts->problems, ElementsAre("partition s1b of the BSD disklabel leaves its slice, partition 1",
                                             "partition s1d of the BSD disklabel leaves its slice, partition 1"));
    disk.put_le<std::uint16_t>(2049 * 512 + 138, 3);
    facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->partitions.size(), 1U);
    EXPECT_THAT(facts->problems, ElementsAre(HasSubstr("the BSD disklabel in partition 1 is damaged")));
    disk.put_le<std::uint16_t>(2049 * 512 + 138, 0xffff);
    EXPECT_THAT(describe_disk(disk)->problems, ElementsAre(HasSubstr("is damaged")));
    disk.put_le<std::uint32_t>(2049 * 512 + 132, 0);
    EXPECT_THAT(describe_disk(disk)->problems, IsEmpty());
}

TEST(Mbr, LogicalPartitionsCountFromFiveAndContainersAreNoVolumes)
{
    IMGPORT_NEEDS("sfdisk", "partx");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib,
                                 "label: dos\nsize=8MiB,type=83\ntype=f\nsize=4MiB,type=83\nsize=4MiB,type=82\n"
                                 "size=4MiB,type=8e\n");
    auto const facts = describe_file(file);
    EXPECT_EQ(as_partx_says(facts), partx(file));
    EXPECT_THAT(facts.problems, IsEmpty());
    auto const volumes = list_volumes(FileDisk::open(file), facts);
    ASSERT_TRUE(volumes);
    std::vector<std::string> names;
    for (auto const &volume : *volumes)
        names.push_back(volume.device);
    EXPECT_THAT(names, ElementsAre("/dev/sda1", "/dev/sda5", "/dev/sda6", "/dev/sda7"));
}

namespace {

struct Entry {
    std::uint8_t type;
    std::uint32_t first;
    std::uint32_t sectors;
};

// A sector with a table of those entries at `sector`.
void put_table(MemoryDisk &disk, std::size_t sector, const std::vector<Entry> &entries)
{
    for (std::size_t i = 0; i < entries.size(); ++i) {
        std::size_t const at = sector * 512 + 446 + 16 * i;
        disk.put_le<std::uint8_t>(at + 4, entries[i].type);
        disk.put_le<std::uint32_t>(at + 8, entries[i].first);
        disk.put_le<std::uint32_t>(at + 12, entries[i].sectors);
    }
    disk.put_le<std::uint16_t>(sector * 512 + 510, 0xaa55);
}

}  // namespace

TEST(HostileMbr, ExtendedChainThatLoops)
{
    MemoryDisk disk(mib);
    put_table(disk, 0, {{0x05, 10, 100}});
    put_table(disk, 10, {{0x83, 1, 5}, {0x05, 20, 10}});
    put_table(disk, 30, {{0x83, 1, 5}, {0x05, 0, 10}});
    auto const facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->partitions.size(), 3U);
    EXPECT_THAT(facts->problems, ElementsAre(HasSubstr("comes back to sector 10")));
}

TEST(HostileMbr, ExtendedChainThatLeavesTheDisk)
{
    MemoryDisk disk(mib);
    put_table(disk, 0, {{0x05, 0xfffffff0, 0xffffffff}});
    auto const facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->problems, ElementsAre(HasSubstr("sector 4294967280 lies outside the disk"),
                                             HasSubstr("partition 1 ends past the end")));
    EXPECT_FALSE(facts->partitions.at(0).inside_disk);
}

TEST(HostileMbr, ThousandLogicalPartitions)
{
    MemoryDisk disk(mib);
    put_table(disk, 0, {{0x05, 1, 2000}});
    for (std::uint32_t i = 0; i < 1000; ++i)
        put_table(disk, 1 + i, {{0x83, 1, 1}, {0x05, i + 1, 2}});
    auto const facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->partitions.size(), 129U);
    EXPECT_THAT(facts->problems, ::testing::Contains(HasSubstr("longer than 128")));
}

TEST(HostileMbr, OverlappingPartitions)
{
    MemoryDisk disk(mib);
    put_table(disk, 0, {{0x83, 10, 1000}, {0x83, 500, 10}, {0x83, 900, 200}});
    auto const facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->problems, ElementsAre("partitions 1 and 2 overlap", "partitions 1 and 3 overlap"));
}

TEST(HostileMbr, ManyOverlapsAreCutShort)
{
    MemoryDisk disk(mib);
    put_table(disk, 0, {{0x83, 1, 2000}, {0x05, 1, 2000}});
    for (std::uint32_t i = 0; i < 127; ++i)
        put_table(disk, 1 + i, {{0x83, 1, 5000}, {0x05, i + 1, 2}});
    auto const facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->problems.size(), 100U);
}

TEST(Mbr, FilesystemBootSectorsAreNoTables)
{
    IMGPORT_NEEDS("mkfs.vfat", "mkfs.ntfs");
    Workshop const shop;
    for (std::string const make : {"mkfs.vfat -F 32 ", "mkfs.vfat --mbr=yes ", "mkfs.ntfs -q -F "}) {
        auto const file = shop.image("disk.raw", 64 * mib);
        run_shell(make + file);
        EXPECT_EQ(describe_file(file).table, "none") << make;
    }
}

TEST(Mbr, StatusByteThatIsNeither00Nor80IsNoTable)
{
    MemoryDisk disk(mib);
    put_table(disk, 0, {{0x83, 10, 100}});
    disk.put_le<std::uint8_t>(446, 0x17);
    auto const facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->table, "none");
}

TEST(Mbr, EmptyAndTinyDisks)
{
    for (std::size_t const size : {0, 1, 511, 512, 1024}) {
        MemoryDisk disk(size);
        auto const facts = describe_disk(disk);
        ASSERT_TRUE(facts);
        EXPECT_EQ(facts->table, "none");
    }
}

TEST(Disk, AReadErrorIsAnErrorAndNotAnEmptyDisk)
{
    MemoryDisk disk(mib);
    disk.make_unreadable(100);
    auto const facts = describe_disk(disk);
    ASSERT_FALSE(facts);
    EXPECT_EQ(facts.error().code, ErrorCode::unreadable);
}

TEST(Gpt, PartitionsAsLibblkidReadsThem)
{
    IMGPORT_NEEDS("sfdisk", "partx");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib, gpt_script);
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.table, "gpt");
    EXPECT_EQ(facts.sector_size, 512U);
    EXPECT_EQ(as_partx_says(facts), partx(file));
    ASSERT_EQ(facts.partitions.size(), 3U);
    EXPECT_EQ(facts.partitions[0].type, gpt_type_bios_boot);
    EXPECT_EQ(facts.partitions[1].type, gpt_type_efi_system);
    EXPECT_EQ(facts.partitions[1].name, "EFI \xc3\xa9");
    EXPECT_TRUE(facts.partitions[1].bootable);
    EXPECT_FALSE(facts.partitions[2].bootable);
    ASSERT_TRUE(facts.gpt);
    EXPECT_TRUE(facts.gpt->primary_valid);
    EXPECT_TRUE(facts.gpt->backup_valid);
    EXPECT_TRUE(facts.gpt->backup_in_last_sector);
    EXPECT_THAT(facts.gpt->problems, IsEmpty());
    EXPECT_THAT(facts.problems, IsEmpty());
    auto const blkid = key_values(run_tool({"blkid", "-p", "-o", "export", file}));
    EXPECT_EQ(facts.table_uuid, blkid.at("PTUUID"));
}

TEST(Gpt, DiskThatGrewHasItsBackupInTheMiddle)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib, gpt_script);
    ASSERT_EQ(::truncate(file.c_str(), 80 * mib), 0);
    auto const facts = describe_file(file);
    EXPECT_TRUE(facts.gpt->primary_valid);
    EXPECT_TRUE(facts.gpt->backup_valid);
    EXPECT_FALSE(facts.gpt->backup_in_last_sector);
    EXPECT_THAT(facts.gpt->problems, ElementsAre(HasSubstr("the last one is 163839")));
}

TEST(Gpt, DiskThatWasCutHasNoBackup)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib, gpt_script);
    ASSERT_EQ(::truncate(file.c_str(), 40 * mib), 0);
    auto const facts = describe_file(file);
    EXPECT_TRUE(facts.gpt->primary_valid);
    EXPECT_FALSE(facts.gpt->backup_valid);
    EXPECT_FALSE(facts.partitions.at(2).inside_disk);
    EXPECT_THAT(facts.problems, ElementsAre("partition 3 ends past the end of the disk"));
}

TEST(Gpt, DamagedPrimaryIsReplacedByTheBackup)
{
    IMGPORT_NEEDS("sfdisk", "partx");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib, gpt_script);
    auto const before = as_partx_says(describe_file(file));
    patch_file(file, 512 + 60, "x");
    auto facts = describe_file(file);
    EXPECT_FALSE(facts.gpt->primary_valid);
    EXPECT_TRUE(facts.gpt->backup_valid);
    EXPECT_TRUE(facts.gpt->backup_in_last_sector);
    EXPECT_EQ(as_partx_says(facts), before);
    patch_file(file, 512, std::string(512, '\0'));
    facts = describe_file(file);
    EXPECT_EQ(facts.table, "gpt") << "the protective MBR and the backup are still there";
    EXPECT_EQ(as_partx_says(facts), before);
}

TEST(Gpt, DamagedEntryIsFoundByTheSumOfTheArray)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib, gpt_script);
    patch_file(file, 1024 + 40, "x");
    auto const facts = describe_file(file);
    EXPECT_FALSE(facts.gpt->primary_valid);
    EXPECT_THAT(facts.gpt->problems, ElementsAre("the primary header at LBA 1: PartitionEntryArrayCRC32 is wrong"));
}

TEST(Gpt, WithoutProtectiveMbrIsSaidSo)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib, gpt_script);
    patch_file(file, 0, std::string(512, '\0'));
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.table, "gpt");
    EXPECT_THAT(facts.problems, ElementsAre("the GPT has no protective MBR"));
}

TEST(Gpt, LeftOverBehindAnMbrWithPartitionsIsIgnored)
{
    IMGPORT_NEEDS("sfdisk");
    Workshop const shop;
    auto const file = make_table(shop, 64 * mib, gpt_script);
    MemoryDisk mbr(512);
    put_table(mbr, 0, {{0x83, 2048, 4096}});
    patch_file(file, 0, text_of(mbr.bytes()));
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.table, "mbr");
    EXPECT_FALSE(facts.gpt);
    EXPECT_THAT(facts.problems, ElementsAre(HasSubstr("it is ignored")));
}

namespace {

// A header whose sums are right, whatever else it says. CRC-32 of zlib is what the table uses.
struct HostileHeader {
    std::uint32_t header_size = 92;
    std::uint64_t my_lba = 1;
    std::uint64_t entries_lba = 2;
    std::uint32_t count = 4;
    std::uint32_t entry_size = 128;
    std::uint64_t first = 0;  // of partition 1
    std::uint64_t last = 0;
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

DiskFacts describe_hostile(const HostileHeader &h)
{
    MemoryDisk disk(mib);
    put_table(disk, 0, {{0xee, 1, 2047}});
    disk.put(512, "EFI PART");
    disk.put_le<std::uint32_t>(512 + 8, 0x10000);
    disk.put_le<std::uint32_t>(512 + 12, h.header_size);
    disk.put_le<std::uint64_t>(512 + 24, h.my_lba);
    disk.put_le<std::uint64_t>(512 + 32, 2047);
    disk.put_le<std::uint64_t>(512 + 40, 34);
    disk.put_le<std::uint64_t>(512 + 48, 2014);
    disk.put_le<std::uint64_t>(512 + 72, h.entries_lba);
    disk.put_le<std::uint32_t>(512 + 80, h.count);
    disk.put_le<std::uint32_t>(512 + 84, h.entry_size);
    disk.put(1024, "0123456789abcdef");
    disk.put_le<std::uint64_t>(1024 + 32, h.first);
    disk.put_le<std::uint64_t>(1024 + 40, h.last);
    std::uint64_t const array = std::uint64_t{h.count} * h.entry_size;
    if (h.entries_lba == 2 && array < 4096)
        disk.put_le<std::uint32_t>(512 + 88, plain_crc32(Bytes(disk.bytes()).subspan(1024, array)));
    disk.put_le<std::uint32_t>(512 + 16, plain_crc32(Bytes(disk.bytes()).subspan(512, std::min(h.header_size, 512U))));
    auto facts = describe_disk(disk);
    EXPECT_TRUE(facts);
    return *facts;
}

std::string first_problem(const HostileHeader &h)
{
    return describe_hostile(h).gpt.value().problems.at(0);
}

}  // namespace

TEST(HostileGpt, TheBuilderMakesAValidPrimaryTable)
{
    auto const facts = describe_hostile({.first = 40, .last = 50});
    EXPECT_TRUE(facts.gpt->primary_valid);
    ASSERT_EQ(facts.partitions.size(), 1U);
    EXPECT_EQ(facts.partitions[0].offset, 40U * 512);
    EXPECT_EQ(facts.partitions[0].length, 11U * 512);
}

TEST(Gpt, OfSectorsOf4096Bytes)
{
    MemoryDisk disk(mib);  // 256 sectors
    put_table(disk, 0, {{0xee, 1, 255}});
    auto const put_header = [&](std::uint64_t lba, std::uint64_t alternate, std::uint64_t entries) {
        std::size_t const at = lba * 4096;
        disk.put(at, "EFI PART");
        disk.put_le<std::uint32_t>(at + 12, 92);
        disk.put_le<std::uint64_t>(at + 24, lba);
        disk.put_le<std::uint64_t>(at + 32, alternate);
        disk.put_le<std::uint64_t>(at + 40, 3);
        disk.put_le<std::uint64_t>(at + 48, 253);
        disk.put_le<std::uint64_t>(at + 72, entries);
        disk.put_le<std::uint32_t>(at + 80, 4);
        disk.put_le<std::uint32_t>(at + 84, 128);
        disk.put(entries * 4096, "0123456789abcdef");
        disk.put_le<std::uint64_t>(entries * 4096 + 32, 10);
        disk.put_le<std::uint64_t>(entries * 4096 + 40, 19);
        disk.put_le<std::uint32_t>(at + 88, plain_crc32(Bytes(disk.bytes()).subspan(entries * 4096, 512)));
        disk.put_le<std::uint32_t>(at + 16, plain_crc32(Bytes(disk.bytes()).subspan(at, 92)));
    };
    put_header(1, 255, 2);
    put_header(255, 1, 254);
    auto const facts = describe_disk(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->table, "gpt");
    EXPECT_EQ(facts->sector_size, 4096U);
    EXPECT_TRUE(facts->gpt->primary_valid);
    EXPECT_TRUE(facts->gpt->backup_valid);
    EXPECT_TRUE(facts->gpt->backup_in_last_sector);
    EXPECT_THAT(facts->gpt->problems, IsEmpty());
    ASSERT_EQ(facts->partitions.size(), 1U);
    EXPECT_EQ(facts->partitions[0].offset, 40960U);
    EXPECT_EQ(facts->partitions[0].length, 40960U);
}

TEST(HostileGpt, HeaderSizes)
{
    EXPECT_THAT(first_problem({.header_size = 91}), HasSubstr("HeaderSize is 91"));
    EXPECT_THAT(first_problem({.header_size = 0xffffffff}), HasSubstr("HeaderSize is 4294967295"));
}

TEST(HostileGpt, EntriesWithoutBound)
{
    EXPECT_THAT(first_problem({.count = 0xffffffff}), HasSubstr("NumberOfPartitionEntries is 4294967295"));
    EXPECT_THAT(first_problem({.entry_size = 0}), HasSubstr("SizeOfPartitionEntry is 0"));
    EXPECT_THAT(first_problem({.entry_size = 0x80000000}), HasSubstr("SizeOfPartitionEntry is 2147483648"));
    EXPECT_THAT(first_problem({.entry_size = 200}), HasSubstr("SizeOfPartitionEntry is 200"));
}

TEST(HostileGpt, EntriesOutsideTheDisk)
{
    EXPECT_THAT(first_problem({.entries_lba = 0xffffffffffffffff}), HasSubstr("lie outside the disk"));
    EXPECT_THAT(first_problem({.entries_lba = 2048}), HasSubstr("lie outside the disk"));
    EXPECT_THAT(first_problem({.my_lba = 7}), HasSubstr("MyLBA is 7"));
}

TEST(HostileGpt, PartitionsThatWrapAround)
{
    for (auto const &[first, last] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
             {0, 0xffffffffffffffff}, {50, 40}, {0x0080000000000000, 0x0080000000000001}}) {
        auto const facts = describe_hostile({.first = first, .last = last});
        EXPECT_THAT(facts.partitions, IsEmpty());
        EXPECT_THAT(facts.gpt->problems.at(1), HasSubstr("is no range"));
    }
}

TEST(HostileGpt, PartitionPastTheEndIsReadAsFarAsItGoes)
{
    auto const facts = describe_hostile({.first = 40, .last = 0x0060000000000000});
    ASSERT_EQ(facts.partitions.size(), 1U);
    EXPECT_FALSE(facts.partitions[0].inside_disk);
    auto const volumes = list_volumes(std::make_shared<MemoryDisk>(mib), facts);
    ASSERT_TRUE(volumes);
    EXPECT_EQ(volumes->at(0).filesystem.type, "");
    auto const nothing_left = list_volumes(std::make_shared<MemoryDisk>(512), facts);
    ASSERT_TRUE(nothing_left);
}
