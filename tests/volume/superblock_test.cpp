// Filesystems made by their own tools; blkid and those tools are the oracle.
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "volume_images.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

struct Recipe {
    const char *name;
    const char *tool;
    std::uint64_t size;
    const char *command;  // FILE is the image
};

void PrintTo(const Recipe &recipe, std::ostream *out)
{
    *out << recipe.command;
}

class MadeByItsOwnTool : public ::testing::TestWithParam<Recipe> {};

}  // namespace

TEST_P(MadeByItsOwnTool, IsNamedAndIdentifiedAsBlkidDoes)
{
    auto const &recipe = GetParam();
    IMGPORT_NEEDS("blkid", recipe.tool);
    Workshop const shop;
    auto const file = build(shop, recipe.command, recipe.size);
    auto const blkid = key_values(run_tool({"blkid", "-p", "-o", "export", file}));
    auto const get = [&](const char *key) { return blkid.count(key) != 0 ? blkid.at(key) : ""; };
    auto const facts = describe_file(file);
    ASSERT_FALSE(facts.type.empty());
    EXPECT_EQ(facts.type, get("TYPE"));
    EXPECT_EQ(facts.uuid, get("UUID"));
    // blkid escapes blanks.
    std::string label = get("LABEL");
    label.erase(std::remove(label.begin(), label.end(), '\\'), label.end());
    EXPECT_EQ(facts.label, label);
    EXPECT_NE(facts.clean, false) << facts.state;
}

INSTANTIATE_TEST_SUITE_P(
    Superblock, MadeByItsOwnTool,
    ::testing::Values(Recipe{"ext2", "mkfs.ext2", 16 * mib, "mkfs.ext2 -q -L boot $FILE"},
                      Recipe{"ext2_revision_0", "mkfs.ext2", 16 * mib, "mkfs.ext2 -q -r 0 $FILE"},
                      Recipe{"ext3", "mkfs.ext3", 16 * mib, "mkfs.ext3 -q -L 'two words' $FILE"},
                      Recipe{"ext4", "mkfs.ext4", 16 * mib, "mkfs.ext4 -q -L sixteen_letters_ $FILE"},
                      Recipe{"ext4_without_journal", "mkfs.ext4", 16 * mib, "mkfs.ext4 -q -O ^has_journal $FILE"},
                      Recipe{"jbd", "mkfs.ext4", 16 * mib, "mke2fs -q -O journal_dev $FILE"},
                      Recipe{"xfs", "mkfs.xfs", 320 * mib, "mkfs.xfs -q -L root $FILE"},
                      Recipe{"xfs_version_4", "mkfs.xfs", 320 * mib, "mkfs.xfs -q -m crc=0 $FILE"},
                      Recipe{"xfs_striped_log", "mkfs.xfs", 320 * mib, "mkfs.xfs -q -l version=2,su=256k $FILE"},
                      Recipe{"btrfs", "mkfs.btrfs", 128 * mib, "mkfs.btrfs -q -L data $FILE"},
                      Recipe{"fat12", "mkfs.vfat", 4 * mib, "mkfs.vfat -F 12 -n FLOPPY $FILE"},
                      Recipe{"fat16", "mkfs.vfat", 64 * mib, "mkfs.vfat -F 16 -n 'A B' -i 0000ABCD $FILE"},
                      Recipe{"fat32", "mkfs.vfat", 64 * mib, "mkfs.vfat -F 32 -s 1 -n EFISYS $FILE"},
                      Recipe{"fat32_without_label", "mkfs.vfat", 64 * mib, "mkfs.vfat -F 32 -s 1 $FILE"},
                      Recipe{"exfat", "mkfs.exfat", 64 * mib, "mkfs.exfat $FILE"},
                      Recipe{"ntfs", "mkfs.ntfs", 64 * mib, "mkfs.ntfs -q -F -L 'Volume D' $FILE"},
                      Recipe{"ntfs_large_clusters", "mkfs.ntfs", 64 * mib, "mkfs.ntfs -q -F -c 65536 $FILE"},
                      Recipe{"swap", "mkswap", 16 * mib, "mkswap -L swap0 $FILE"},
                      Recipe{"swap_64k_pages", "mkswap", 16 * mib, "mkswap -p 65536 $FILE"},
                      Recipe{
                          "luks1", "cryptsetup", 32 * mib,
                          "printf key | cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 $FILE -"},
                      Recipe{"luks2", "cryptsetup", 32 * mib,
                             "printf key | cryptsetup luksFormat -q --type luks2 --label secret --pbkdf pbkdf2 "
                             "--pbkdf-force-iterations 1000 $FILE -"},
                      Recipe{"squashfs", "mksquashfs", 0, "mkdir d && mksquashfs d $FILE -noappend"},
                      Recipe{"iso9660", "xorriso", 0, "mkdir d && xorriso -as mkisofs -V INSTALLER -o $FILE d"},
                      Recipe{"f2fs", "mkfs.f2fs", 64 * mib, "mkfs.f2fs -q -l flash $FILE"},
                      Recipe{"ufs1", "makefs", 0, "mkdir d && makefs -t ffs -s 4m -o version=1 $FILE d"},
                      Recipe{"ufs2", "makefs", 0, "mkdir d && makefs -t ffs -s 4m -o version=2 $FILE d"}),
    [](auto const &made) { return std::string(made.param.name); });

TEST(Ext, CountsFeaturesAndStateAsDumpe2fsPrintsThem)
{
    IMGPORT_NEEDS("mkfs.ext4", "dumpe2fs");
    Workshop const shop;
    for (std::string const options :
         {"-O 64bit,metadata_csum", "-O metadata_csum_seed,orphan_file", "-O ^64bit,^metadata_csum,quota,project",
          "-O casefold,encrypt,large_dir,inline_data,ea_inode,verity",
          "-O bigalloc,mmp,stable_inodes,fast_commit -b 1024",
          "-O ^resize_inode,meta_bg,sparse_super2 -I 128 -b 2048"}) {
        SCOPED_TRACE(options);
        auto const file = shop.image("volume.raw", 32 * mib);
        // orphan_file is younger than some mke2fs.
        Command make;
        make.arguments = split_blanks(tool("mkfs.ext4") + " -q " + options + " " + file);
        auto const made = run(make);
        if (!made || made->status != 0) {
            std::cout << "[ SKIPPED  ] mkfs.ext4 knows nothing of " << options << "\n";
            continue;
        }
        auto const said = key_values(run_tool({"dumpe2fs", "-h", file}), ':');
        auto const facts = describe_file(file);
        EXPECT_EQ(join(facts.features, " "), said.at("Filesystem features"));
        EXPECT_EQ(facts.block_size, number(said.at("Block size")));
        EXPECT_EQ(facts.size, number(said.at("Block count")) * facts.block_size);
        EXPECT_EQ(facts.free, number(said.at("Free blocks")) * facts.block_size);
        EXPECT_EQ(facts.inodes, number(said.at("Inode count")));
        EXPECT_EQ(facts.free_inodes, number(said.at("Free inodes")));
        EXPECT_EQ(facts.clean, true) << facts.state;
    }
}

TEST(Ext, WhatIsNotCleanIsSaid)
{
    IMGPORT_NEEDS("mkfs.ext4", "debugfs");
    Workshop const shop;
    auto const file = build(shop, "mkfs.ext4 -q -O metadata_csum $FILE", 16 * mib);
    auto const set = [&](const std::string &commands) {
        run_shell("printf '" + commands + "' | debugfs -w -f - " + file + " 2>&1");
        return describe_file(file);
    };
    auto facts = set("feature needs_recovery\\n");
    EXPECT_EQ(facts.clean, false);
    EXPECT_EQ(facts.state, "the journal needs recovery");
    facts = set("feature -needs_recovery\\nset_super_value state 3\\n");
    EXPECT_EQ(facts.state, "errors were found");
    facts = set("set_super_value state 0\\n");
    EXPECT_EQ(facts.state, "not cleanly unmounted");
    facts = set("set_super_value state 1\\n");
    EXPECT_EQ(facts.clean, true) << facts.state;
    patch_file(file, 1024 + 0x10, "x");
    EXPECT_EQ(describe_file(file).state, "the superblock's checksum is wrong");
}

TEST(Ext, CutShortIsSaid)
{
    IMGPORT_NEEDS("mkfs.ext4");
    Workshop const shop;
    auto const file = build(shop, "mkfs.ext4 -q $FILE", 16 * mib);
    ASSERT_EQ(::truncate(file.c_str(), 8 * mib), 0);
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.clean, false);
    EXPECT_THAT(facts.state, HasSubstr("the volume 8388608"));
}

TEST(Btrfs, BytesAsBtrfsPrintsThemAndTheLogTree)
{
    IMGPORT_NEEDS("mkfs.btrfs", "btrfs");
    Workshop const shop;
    auto const file = build(shop, "mkfs.btrfs -q $FILE", 128 * mib);
    std::map<std::string, std::string> said;
    auto const dump = run_tool({"btrfs", "inspect-internal", "dump-super", file});
    for (auto const line : lines_of(dump)) {
        auto const words = split_blanks(line);
        if (words.size() > 1)
            said[words[0]] = words[1];
    }
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.size, number(said.at("total_bytes")));
    EXPECT_EQ(*facts.size - *facts.free, number(said.at("bytes_used")));
    EXPECT_EQ(facts.block_size, number(said.at("sectorsize")));
    EXPECT_THAT(facts.features, ::testing::Contains("no-holes"));
    EXPECT_EQ(facts.clean, true) << facts.state;
    patch_file(file, 65536 + 96, "\1");
    EXPECT_EQ(describe_file(file).state, "there is a log tree to replay, the superblock's checksum is wrong");
}

TEST(Ufs, CountsAreWhatTheFilesTake)
{
    IMGPORT_NEEDS("makefs", "blkid");
    Workshop const shop;
    for (std::string const version : {"1", "2"}) {
        SCOPED_TRACE(version);
        std::string const make = "makefs -t ffs -s 8m -o bsize=8192,fsize=1024,version=" + version + " $FILE d";
        auto const before = describe_file(build(shop, "rm -rf d && mkdir d && " + make, 0));
        auto const file = build(shop, "head -c 9000 /dev/zero >d/nine && " + make, 0);
        auto const after = describe_file(file);
        EXPECT_EQ(after.features, std::vector<std::string>{"UFS" + version});
        EXPECT_EQ(after.block_size, 8192U);
        EXPECT_EQ(after.size, 8 * mib);
        EXPECT_EQ(*before.free - *after.free, 8192U + 1024U);
        EXPECT_LT(*before.free, 8 * mib);
        EXPECT_GT(*before.free, 7 * mib);
        EXPECT_EQ(*after.inodes, *before.inodes);
        EXPECT_EQ(*before.inodes - *before.free_inodes, 3U);  // 0 and 1 are never given out, 2 is the root
        EXPECT_EQ(*before.free_inodes - *after.free_inodes, 1U);
        EXPECT_EQ(after.clean, true) << after.state;
    }
}

TEST(Ufs, LabelFlagsAndState)
{
    IMGPORT_NEEDS("makefs", "blkid");
    Workshop const shop;
    auto const file = build(shop, "mkdir d && makefs -t ffs -s 4m -o version=2 $FILE d", 0);
    constexpr std::uint64_t sb = 8192;
    patch_file(file, sb + 680, std::string("rootfs\0", 7));
    EXPECT_EQ(describe_file(file).label, "rootfs");
    EXPECT_EQ(key_values(run_tool({"blkid", "-p", "-o", "export", file})).at("LABEL"), "rootfs");
    patch_file(file, sb + 1312, "\x8a\x06");
    EXPECT_THAT(describe_file(file).features,
                ::testing::ElementsAre("UFS2", "soft-updates", "soft-updates-journaling", "check-hashes", "trim"));
    EXPECT_EQ(describe_file(file).clean, true);
    patch_file(file, sb + 209, std::string(1, '\0'));
    EXPECT_EQ(describe_file(file).state, "not cleanly unmounted: its soft updates journal has to be replayed");
    patch_file(file, sb + 1312, std::string("\x04\0", 2));
    EXPECT_EQ(describe_file(file).state, "not cleanly unmounted, it is marked as in need of a full fsck");
    patch_file(file, sb + 209, "\1");
    EXPECT_EQ(describe_file(file).clean, false);
    patch_file(file, sb + 1312, std::string(1, '\0'));
    EXPECT_EQ(describe_file(file).clean, true);
    // Counts that cannot be are not told, and an identifier of zero is none.
    patch_file(file, sb + 1016, std::string(8, '\xff'));
    patch_file(file, sb + 1024, std::string(8, '\xff'));
    patch_file(file, sb + 144, std::string(8, '\0'));
    EXPECT_EQ(describe_file(file).free, std::nullopt);
    EXPECT_EQ(describe_file(file).free_inodes, std::nullopt);
    EXPECT_EQ(describe_file(file).uuid, "");
    ASSERT_EQ(::truncate(file.c_str(), 2 * mib), 0);
    EXPECT_THAT(describe_file(file).state, HasSubstr("the volume 2097152"));
    patch_file(file, sb + 48, std::string(4, '\0'));
    EXPECT_EQ(describe_file(file).type, "ufs");
    EXPECT_THAT(describe_file(file).state, HasSubstr("the superblock is damaged: blocks of 0 bytes"));
    auto const other = build(shop, "makefs -t ffs -B be -s 4m -o version=2 $FILE d", 0);
    EXPECT_THAT(describe_file(other).features, ::testing::ElementsAre("UFS2", "big-endian"));
    EXPECT_EQ(describe_file(other).type, "ufs");
}

TEST(Fat, FreeSpaceIsWhatTheFilesLeave)
{
    IMGPORT_NEEDS("mkfs.vfat", "mcopy");
    Workshop const shop;
    for (std::string const bits : {"12", "16", "32"}) {
        SCOPED_TRACE(bits);
        auto const file = build(shop, "mkfs.vfat -s 1 -F " + bits + " $FILE",
                                bits == "12" ? mib : 20 * mib + 512 * 65536U * (bits == "32"));
        auto const before = describe_file(file);
        EXPECT_EQ(before.features.at(0), "FAT" + bits);
        run_shell("head -c 5000 /dev/zero > " + shop.path() + "/five && mcopy -i " + file + " " + shop.path() +
                  "/five ::/");
        EXPECT_EQ(*before.free - *describe_file(file).free, 5120U);
        EXPECT_EQ(before.clean, true);
    }
}

TEST(Fat, DirtyBits)
{
    IMGPORT_NEEDS("mkfs.vfat");
    Workshop const shop;
    auto file = build(shop, "mkfs.vfat -F 32 -s 1 $FILE", 64 * mib);
    patch_file(file, 0x41, "\1");
    EXPECT_EQ(describe_file(file).state, "not cleanly unmounted");
    file = build(shop, "mkfs.vfat -F 16 $FILE", 64 * mib);
    patch_file(file, 0x25, "\1");
    EXPECT_EQ(describe_file(file).clean, false);
}

TEST(Ntfs, DirtyFlagOfTheVolume)
{
    IMGPORT_NEEDS("mkfs.ntfs");
    Workshop const shop;
    auto const file = build(shop, "mkfs.ntfs -q -F -c 4096 -L 'Donn\xc3\xa9\x65s' $FILE", 64 * mib);
    EXPECT_EQ(describe_file(file).clean, true);
    EXPECT_EQ(describe_file(file).label, "Donn\xc3\xa9\x65s");
    // Record 3 of the MFT, which mkfs.ntfs puts at cluster 4; the attribute 0x70, then its value's flags.
    std::string record(1024, '\0');
    auto const disk = FileDisk::open(file);
    ASSERT_TRUE(disk->read(4 * 4096 + 3 * 1024, std::as_writable_bytes(std::span(record))));
    auto const at = record.find(std::string("\x70\0\0\0", 4));
    ASSERT_NE(at, std::string::npos);
    patch_file(file, 4 * 4096 + 3 * 1024 + at + 24 + 10, "\1");
    EXPECT_EQ(describe_file(file).state, "it is marked as dirty");
}

TEST(Ntfs, FreeSpaceIsWhatNtfsinfoSays)
{
    IMGPORT_NEEDS("mkfs.ntfs", "ntfsinfo");
    Workshop const shop;
    for (std::uint64_t const cluster : {512U, 4096U, 65536U}) {
        auto const file = build(shop,
                                fmt::format("mkfs.ntfs -q -F -c {} $FILE && ntfscp -q -f $FILE /bin/bash bash && "
                                            "ntfsinfo -f -m $FILE | sed -n 's/.*Free Clusters: *//p' >$FILE.free",
                                            cluster),
                                65 * mib);
        std::ifstream in(file + ".free");
        std::uint64_t clusters = 0;
        ASSERT_TRUE(in >> clusters);
        EXPECT_EQ(describe_file(file).free, clusters * cluster);
    }
}

TEST(Swap, HibernatedSystemInIt)
{
    IMGPORT_NEEDS("mkswap");
    Workshop const shop;
    auto const file = build(shop, "mkswap $FILE", 16 * mib);
    auto const before = describe_file(file);
    EXPECT_EQ(before.size, 16 * mib);
    patch_file(file, 4086, std::string("S1SUSPEND\0", 10));
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.type, "swap");
    EXPECT_EQ(facts.uuid, before.uuid);
    EXPECT_EQ(facts.state, "a hibernated system is stored in it");
}

TEST(Lvm, PhysicalVolumeAsBlkidReadsIt)
{
    IMGPORT_NEEDS("blkid");
    Workshop const shop;
    // What pvcreate writes, in the structure of its label: device-mapper is not needed to write it.
    MemoryDisk disk(16 * mib);
    disk.put(512, "LABELONE");
    disk.put_le<std::uint64_t>(520, 1);
    disk.put_le<std::uint32_t>(532, 32);
    disk.put(536, "LVM2 001");
    disk.put(544, "abcdefghijklmnopqrstuvwxyz012345");
    disk.put_le<std::uint64_t>(576, 16 * mib);
    // blkid goes by the sum of what follows it, too: lvm2's own CRC of the label's sector.
    std::uint32_t crc = 0xf597a6cf;
    for (std::byte const byte : Bytes(disk.bytes()).subspan(512 + 20, 512 - 20)) {
        crc ^= static_cast<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
    }
    disk.put_le<std::uint32_t>(528, crc);
    auto const file = shop.image("volume.raw", 16 * mib);
    patch_file(file, 0, text_of(disk.bytes()));
    auto const facts = describe_file(file);
    EXPECT_EQ(facts.type, "LVM2_member");
    EXPECT_EQ(facts.uuid, "abcdef-ghij-klmn-opqr-stuv-wxyz-012345");
    EXPECT_EQ(facts.uuid, key_values(run_tool({"blkid", "-p", "-o", "export", file})).at("UUID"));
    EXPECT_EQ(facts.size, 16 * mib);
}

TEST(Raid, MembersOfEveryVersionAsBlkidReadsThem)
{
    IMGPORT_NEEDS("blkid");
    Workshop const shop;
    for (std::string const version : {"1.0", "1.1", "1.2", "0.90"}) {
        SCOPED_TRACE(version);
        MemoryDisk disk(4 * mib);
        std::size_t const at = version == "1.1"   ? 0
                               : version == "1.2" ? 4096
                               : version == "1.0" ? (4 * mib / 512 - 16) * 512
                                                  : 4 * mib - 65536;
        disk.put_le<std::uint32_t>(at, 0xa92b4efc);
        if (version == "0.90") {
            disk.put_le<std::uint32_t>(at + 8, 90);
            disk.put(at + 20, "\x11\x22\x33\x44");
            disk.put(at + 52, "\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x01");
        } else {
            disk.put_le<std::uint32_t>(at + 4, 1);
            disk.put(at + 16, "0123456789abcdef");
            disk.put(at + 32, "host:0");
            disk.put_le<std::uint64_t>(at + 144, at / 512);
        }
        auto const file = shop.image("volume.raw", 4 * mib);
        patch_file(file, 0, text_of(disk.bytes()));
        auto const facts = describe_file(file);
        EXPECT_EQ(facts.type, "linux_raid_member");
        EXPECT_EQ(facts.uuid, key_values(run_tool({"blkid", "-p", "-o", "export", file})).at("UUID"));
    }
}

TEST(Luks, TheSecondHeaderTellsWhatTheFirstDid)
{
    IMGPORT_NEEDS("blkid", "cryptsetup");
    Workshop const shop;
    auto const file = build(shop,
                            "printf key | cryptsetup luksFormat -q --type luks2 --label secret --pbkdf pbkdf2 "
                            "--pbkdf-force-iterations 1000 $FILE -",
                            32 * mib);
    patch_file(file, 0, std::string(512, '\0'));
    auto const facts = describe_file(file);
    auto const blkid = key_values(run_tool({"blkid", "-p", "-o", "export", file}));
    EXPECT_EQ(facts.type, "crypto_LUKS");
    EXPECT_EQ(facts.type, blkid.at("TYPE"));
    EXPECT_EQ(facts.uuid, blkid.at("UUID"));
    EXPECT_EQ(facts.label, "secret");
    // It is still there when something else was made over it.
    patch_file(file, 4086, "SWAPSPACE2");
    EXPECT_EQ(describe_file(file).type, "swap");
}

TEST(BitLocker, TheVolumeIdentifierAsCryptsetupPrintsIt)
{
    IMGPORT_NEEDS("blkid");
    constexpr const char *identifier = "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01";
    Workshop const shop;
    for (bool const to_go : {false, true}) {
        SCOPED_TRACE(to_go);
        MemoryDisk disk(4 * mib);
        disk.put(0, to_go ? "\xeb\x58\x90MSWIN4.1" : "\xeb\x58\x90-FVE-FS-");
        disk.put(to_go ? 424 : 160, identifier);
        disk.put_le<std::uint64_t>(to_go ? 440 : 176, UINT64_MAX);  // a block that is not there
        disk.put_le<std::uint64_t>(to_go ? 448 : 184, 2 * mib);
        disk.put(2 * mib, "-FVE-FS-");
        disk.put_le<std::uint16_t>(2 * mib + 10, 2);
        disk.put(2 * mib + 80, "\xa8\x0b\x33\x83\xb7\x07\xa8\x4e\xb6\x41\xff\x7b\xdf\x18\xf6\xb3");
        auto const file = shop.image("volume.raw", 4 * mib);
        patch_file(file, 0, text_of(disk.bytes()));
        auto const facts = describe_file(file);
        EXPECT_EQ(facts.type, "BitLocker");
        // `cryptsetup bitlkDump` on a real volume with these 16 bytes.
        EXPECT_EQ(facts.uuid, "83330ba8-07b7-4ea8-b641-ff7bdf18f6b3");
        // blkid looks at the first block only.
        disk.put_le<std::uint64_t>(to_go ? 440 : 176, 2 * mib);
        patch_file(file, 0, text_of(disk.bytes()));
        EXPECT_EQ(key_values(run_tool({"blkid", "-p", "-o", "export", file}))["TYPE"], "BitLocker");
    }
}

namespace {

// A pair of ZFS's configuration, in XDR.
std::string zfs_pair(const std::string &name, std::uint32_t type, const std::string &value)
{
    auto const number = [](std::size_t n) {
        std::string out(4, '\0');
        store_be<std::uint32_t>(std::as_writable_bytes(std::span(out)), 0, static_cast<std::uint32_t>(n));
        return out;
    };
    std::string const padded = name + std::string((4 - name.size() % 4) % 4, '\0');
    std::size_t const size = 8 + 4 + padded.size() + 8 + value.size();
    return number(size) + number(size) + number(name.size()) + padded + number(type) + number(1) + value;
}

}  // namespace

TEST(Zfs, ThePoolAsBlkidReadsIt)
{
    IMGPORT_NEEDS("blkid");
    Workshop const shop;
    MemoryDisk disk(64 * mib);
    for (std::size_t const label : {std::size_t{0}, std::size_t{262144}, 64 * mib - 524288, 64 * mib - 262144}) {
        for (std::size_t i = 0; i < 64; ++i)
            disk.put_le<std::uint64_t>(label + 131072 + i * 1024, 0x00bab10c);
        std::string const list =
            std::string("\1\1\0\0\0\0\0\0\0\0\0\1", 12) + zfs_pair("version", 8, std::string("\0\0\0\0\0\0\0\x1c", 8)) +
            zfs_pair("name", 9, std::string("\0\0\0\4tank", 8)) +
            zfs_pair("pool_guid", 8, std::string("\xf8\xba\xdc\xaf\xe0\x0d\x12\x34", 8)) +
            zfs_pair("guid", 8, std::string("\x11\xba\xdc\xaf\xe0\x0d\x12\x34", 8)) + std::string(8, '\0');
        disk.put(label + 16384, list);
    }
    auto const file = shop.image("volume.raw", 64 * mib);
    patch_file(file, 0, text_of(disk.bytes()));
    auto const facts = describe_file(file);
    auto const blkid = key_values(run_tool({"blkid", "-p", "-o", "export", file}));
    EXPECT_EQ(facts.type, blkid.at("TYPE"));
    EXPECT_EQ(facts.uuid, blkid.at("UUID"));
    EXPECT_EQ(facts.uuid, "17922880315010650676");
    EXPECT_EQ(facts.label, blkid.at("LABEL"));
    EXPECT_EQ(facts.label, "tank");

    // Sizes that lie.
    for (std::size_t const at : {16384U + 12, 16384U + 20}) {  // of the first pair, and of its name
        for (std::uint32_t const size : {at == 16384U + 12 ? 19U : 0x7ffffffeU, 0x7fffffffU, 0xffffffffU}) {
            MemoryDisk bad(4 * mib);
            std::copy_n(disk.bytes().begin(), 262144, bad.bytes().begin());
            bad.put_be<std::uint32_t>(at, size);
            auto const lying = describe_filesystem(bad);
            ASSERT_TRUE(lying);
            EXPECT_EQ(lying->type, "zfs_member");
            EXPECT_EQ(lying->uuid, "");
        }
    }
}

TEST(Superblock, NothingKnownIsNothingSaid)
{
    for (std::size_t const size : {std::size_t{0}, std::size_t{1}, std::size_t{1023}, std::size_t{4 * mib}}) {
        MemoryDisk disk(size);
        auto const facts = describe_filesystem(disk);
        ASSERT_TRUE(facts);
        EXPECT_EQ(facts->type, "");
    }
}

TEST(Superblock, AReadErrorIsAnErrorAndNotAnUnknownFilesystem)
{
    MemoryDisk disk(4 * mib);
    disk.make_unreadable(1024 + 0x38);
    EXPECT_FALSE(describe_filesystem(disk));
}

TEST(HostileFat, BootSectorFieldsThatDivideByZero)
{
    // An NTFS name over an empty parameter block, and FAT fields at their extremes.
    MemoryDisk disk(mib);
    disk.put(0, "\xeb\x3c\x90NTFS    ");
    disk.put_le<std::uint16_t>(510, 0xaa55);
    auto facts = describe_filesystem(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->type, "");

    disk.put(3, "MSDOS5.0");
    disk.put_le<std::uint16_t>(11, 512);
    disk.put_le<std::uint8_t>(13, 1);
    disk.put_le<std::uint16_t>(14, 1);
    disk.put_le<std::uint8_t>(16, 2);
    disk.put_le<std::uint8_t>(21, 0xf8);
    disk.put_le<std::uint32_t>(32, 0xffffffff);
    disk.put_le<std::uint16_t>(17, 16);
    disk.put_le<std::uint16_t>(22, 1);
    facts = describe_filesystem(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->type, "vfat");
    EXPECT_EQ(facts->free, std::nullopt) << "a table of four thousand million entries is not counted";
    disk.put_le<std::uint16_t>(22, 0);
    disk.put_le<std::uint32_t>(36, 0xffffffff);
    facts = describe_filesystem(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->type, "");
}

TEST(HostileFat, RootDirectoryThatLoops)
{
    MemoryDisk disk(mib);
    disk.put(0, "\xeb\x3c\x90MSDOS5.0");
    disk.put_le<std::uint16_t>(510, 0xaa55);
    disk.put_le<std::uint16_t>(11, 512);
    disk.put_le<std::uint8_t>(13, 1);
    disk.put_le<std::uint16_t>(14, 1);
    disk.put_le<std::uint8_t>(16, 1);
    disk.put_le<std::uint8_t>(21, 0xf8);
    disk.put_le<std::uint32_t>(32, 70000);
    disk.put_le<std::uint32_t>(36, 600);
    disk.put_le<std::uint32_t>(44, 2);
    disk.put_le<std::uint32_t>(512 + 8, 2);  // cluster 2 is followed by cluster 2
    for (std::size_t i = 0; i < 16; ++i)
        disk.put(601 * 512 + 32 * i, "FILE    TXT\x20");
    auto const facts = describe_filesystem(disk);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->type, "vfat");
    EXPECT_EQ(facts->label, "");
}

TEST(HostileNtfs, VolumeRecordThatLeavesItself)
{
    IMGPORT_NEEDS("mkfs.ntfs");
    Workshop const shop;
    auto const file = build(shop, "mkfs.ntfs -q -F -c 4096 $FILE", 64 * mib);
    std::uint64_t const record = 4 * 4096 + 3 * 1024;
    for (auto const &[at, bytes] : std::vector<std::pair<std::uint64_t, std::string>>{{record + 20, "\xff\xff"},
                                                                                      {record + 20, "\xf8\x03"},
                                                                                      {record + 4, "\xff\xff"},
                                                                                      {0x30, std::string(8, '\xff')},
                                                                                      {0x40, "\x7f"},
                                                                                      {0x40, "\x80"},
                                                                                      {0x0d, "\x81"}}) {
        patch_file(file, at, bytes);
        auto const facts = describe_file(file);
        EXPECT_NE(facts.clean, true);
    }
}
