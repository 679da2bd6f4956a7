// An open ext2, ext3 or ext4 filesystem: its superblock, checked, and its inodes. The layout is that of the kernel's
// Documentation/filesystems/ext4/ ("ext4 Data Structures and Algorithms"); numbers on the disk are little-endian.
//
// libext2fs opens it and knows the checksums, the extent trees and the block maps. The group descriptors and inodes
// are found here: libext2fs would hold all descriptors in memory, and take a failing disk badly where it does not.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "filesystem/ext_io.hpp"
#include "support/bytes.hpp"

namespace imgport {

struct ExtInode {
    std::uint32_t number = 0;
    std::vector<std::byte> raw = {};  // s_inode_size bytes, at least 128

    std::uint16_t mode() const { return load_le<std::uint16_t>(raw, 0x0); }
    std::uint32_t flags() const { return load_le<std::uint32_t>(raw, 0x20); }
    // Bytes.
    std::uint64_t size() const
    {
        return load_le<std::uint32_t>(raw, 0x4) | std::uint64_t{load_le<std::uint32_t>(raw, 0x6c)} << 32;
    }
    bool has(std::uint32_t flag) const { return (flags() & flag) != 0; }
    // The 60 bytes that hold the block map, the root of the extent tree, a short link or the head of inline data.
    Bytes block_area() const { return Bytes(raw).subspan(0x28, 60); }
};

// A group descriptor, checked for nothing.
struct ExtDescriptor {
    std::uint64_t at = 0;                  // bytes
    std::array<std::byte, 64> bytes = {};  // the later ones are 0 where descriptors are shorter

    // A number whose upper half is among the later bytes.
    std::uint64_t wide(std::size_t low, std::size_t high) const
    {
        return load_le<std::uint32_t>(bytes, low) | std::uint64_t{load_le<std::uint32_t>(bytes, high)} << 32;
    }
};

class ExtFs {
public:
    // An error (malformed) where the superblock breaks its format or its checksum, (unsupported) with the name of a
    // feature that changes the layout and that is not known.
    static Result<std::shared_ptr<ExtFs>> open(std::shared_ptr<Disk> volume);
    ExtFs(const ExtFs &) = delete;
    ExtFs &operator=(const ExtFs &) = delete;
    ~ExtFs();

    ext2_filsys handle() const { return m_handle; }
    const ext2_super_block &super() const { return *m_handle->super; }
    const std::shared_ptr<Disk> &disk() const { return m_source.disk; }
    std::uint32_t block_size() const { return m_handle->blocksize; }               // bytes
    std::uint32_t inode_size() const { return EXT2_INODE_SIZE(m_handle->super); }  // bytes
    std::uint64_t blocks() const { return m_blocks; }
    std::string name() const;  // "ext4"

    // Whether those blocks can hold something of a file.
    bool blocks_inside(std::uint64_t block, std::uint64_t count) const
    {
        return block > super().s_first_data_block && range_inside(block, count, m_blocks);
    }
    // Its number may be any; an inode that is not in use is read as well. Malformed where the number, the place of the
    // inode table or the checksum is wrong.
    Result<ExtInode> inode(std::uint32_t number);

    // Of a group there is.
    Result<ExtDescriptor> descriptor(std::uint32_t group);

    // The disk's own error where that is why libext2fs failed, else what the code means, in words, malformed.
    Error error_of(errcode_t code, const std::string &what);

private:
    explicit ExtFs(std::shared_ptr<Disk> volume) : m_source{std::move(volume)} {}
    Result<void> check_features(Bytes superblock) const;
    Result<std::uint64_t> inode_table(std::uint32_t group);
    static errcode_t read_for_library(ext2_filsys handle, ext2_ino_t number, ext2_inode *out);

    ExtSource m_source;
    ext2_filsys m_handle = nullptr;
    std::uint64_t m_blocks = 0;
};

}  // namespace imgport
