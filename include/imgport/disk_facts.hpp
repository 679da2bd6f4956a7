// Everything learnt about the disk and its volumes: plain data, no behaviour. Each struct says its JSON keys once, in
// fields().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace imgport {

struct PartitionFacts {
    std::uint32_t number = 0;  // as the kernel counts: logical ones from 5
    std::uint64_t offset = 0;  // bytes
    std::uint64_t length = 0;  // bytes
    // MBR: two hex digits ("83"), in a BSD disklabel with "bsd-" in front; GPT: the type GUID in upper case
    std::string type;
    std::string uuid = {};    // PARTUUID, lower case
    std::string name = {};    // of a GPT, or FreeBSD's in a BSD disklabel: "s1a"
    bool bootable = false;    // MBR: the active flag; GPT: the legacy BIOS bootable attribute
    bool inside_disk = true;  // false: it ends past the end of the disk

    static void fields(auto &self, auto &&visit)
    {
        visit("number", self.number);
        visit("offset", self.offset);
        visit("length", self.length);
        visit("type", self.type);
        visit("uuid", self.uuid);
        visit("name", self.name);
        visit("bootable", self.bootable);
        visit("inside_disk", self.inside_disk);
    }
};

// UEFI specification 2.10, section 5.3.
struct GptFacts {
    bool primary_valid = false;  // header and array CRC of LBA 1
    bool backup_valid = false;   // header and array CRC of the backup, where it was found
    bool backup_in_last_sector = false;
    std::vector<std::string> problems = {};  // in words, with the LBA

    static void fields(auto &self, auto &&visit)
    {
        visit("primary_valid", self.primary_valid);
        visit("backup_valid", self.backup_valid);
        visit("backup_in_last_sector", self.backup_in_last_sector);
        visit("problems", self.problems);
    }
};

struct DiskFacts {
    std::uint64_t size = 0;           // bytes
    std::uint32_t sector_size = 512;  // bytes, as the partition table was written for
    std::string table = "none";       // "none", "mbr", "gpt"
    std::string table_uuid = {};      // GPT disk GUID, or the MBR's disk signature as 8 hex digits
    std::optional<GptFacts> gpt = {};
    bool boot_code = false;  // the first 440 bytes of the disk are not all zero
    std::vector<std::string> boot_sector_loaders =
        {};  // recognised in sector 0: "grub2", "grub-legacy", "syslinux", ...
    // A GRUB 2 core image lies where the boot sector looks for it (gap or BIOS boot partition).
    std::optional<bool> grub_core_found = {};
    std::vector<PartitionFacts> partitions = {};
    std::vector<std::string> problems = {};  // overlaps, loops of extended partitions, ...

    static void fields(auto &self, auto &&visit)
    {
        visit("size", self.size);
        visit("sector_size", self.sector_size);
        visit("table", self.table);
        visit("table_uuid", self.table_uuid);
        visit("gpt", self.gpt);
        visit("boot_code", self.boot_code);
        visit("boot_sector_loaders", self.boot_sector_loaders);
        visit("grub_core_found", self.grub_core_found);
        visit("partitions", self.partitions);
        visit("problems", self.problems);
    }
};

// From the superblock.
struct FilesystemFacts {
    // ext2 ext3 ext4 xfs btrfs vfat ntfs iso9660 squashfs ufs swap crypto_LUKS LVM2_member linux_raid_member
    // BitLocker zfs_member ... in blkid's words; empty where nothing was recognised.
    std::string type;
    std::string uuid = {};
    std::string label = {};
    std::uint64_t block_size = 0;            // bytes
    std::optional<std::uint64_t> size = {};  // bytes
    std::optional<std::uint64_t> free = {};  // bytes
    std::optional<std::uint64_t> inodes = {};
    std::optional<std::uint64_t> free_inodes = {};
    std::vector<std::string> features = {};  // mke2fs's and mkfs.xfs's words: "64bit", "metadata_csum"
    std::optional<bool> clean = {};          // nullopt: cannot be said of this filesystem
    std::string state = {};                  // in words, where not clean: "journal needs recovery"

    static void fields(auto &self, auto &&visit)
    {
        visit("type", self.type);
        visit("uuid", self.uuid);
        visit("label", self.label);
        visit("block_size", self.block_size);
        visit("size", self.size);
        visit("free", self.free);
        visit("inodes", self.inodes);
        visit("free_inodes", self.free_inodes);
        visit("features", self.features);
        visit("clean", self.clean);
        visit("state", self.state);
    }
};

// A byte range of a disk that can hold a filesystem.
struct VolumeFacts {
    std::string device;           // "/dev/sda1", "/dev/vg0/root"; "/dev/sda" for a disk without a table
    std::string kind;             // "partition", "lvm", "disk"
    std::uint32_t partition = 0;  // its number, where it is one
    std::uint64_t offset = 0;     // bytes, for a partition or a disk
    std::uint64_t length = 0;     // bytes
    std::string partition_uuid = {};
    std::string partition_label = {};
    FilesystemFacts filesystem = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("device", self.device);
        visit("kind", self.kind);
        visit("partition", self.partition);
        visit("offset", self.offset);
        visit("length", self.length);
        visit("partition_uuid", self.partition_uuid);
        visit("partition_label", self.partition_label);
        visit("filesystem", self.filesystem);
    }
};

}  // namespace imgport
