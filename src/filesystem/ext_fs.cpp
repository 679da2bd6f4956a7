#include "filesystem/ext_fs.hpp"

#include <array>
#include <cstring>
#include <mutex>

#include <fmt/format.h>

namespace imgport {
namespace {

constexpr std::uint64_t superblock_at = 1024;
constexpr std::size_t superblock_size = 1024;
constexpr std::uint32_t ext2_only_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE;
constexpr std::uint32_t ext3_incompat =
    ext2_only_incompat | EXT3_FEATURE_INCOMPAT_RECOVER | EXT2_FEATURE_INCOMPAT_META_BG;
constexpr std::uint32_t ext3_ro_compat = EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE |
                                         0x4;  // 0x4: btree directories, never used

// Incompatible features that are read, or that harm only the files that use them.
constexpr std::uint32_t known_incompat = ext3_incompat | EXT3_FEATURE_INCOMPAT_EXTENTS | EXT4_FEATURE_INCOMPAT_64BIT |
                                         EXT4_FEATURE_INCOMPAT_MMP | EXT4_FEATURE_INCOMPAT_FLEX_BG |
                                         EXT4_FEATURE_INCOMPAT_EA_INODE | EXT4_FEATURE_INCOMPAT_CSUM_SEED |
                                         EXT4_FEATURE_INCOMPAT_LARGEDIR | EXT4_FEATURE_INCOMPAT_INLINE_DATA |
                                         EXT4_FEATURE_INCOMPAT_ENCRYPT | EXT4_FEATURE_INCOMPAT_CASEFOLD;

void load_error_table()
{
    static std::once_flag once;
    std::call_once(once, initialize_ext2_error_table);
}

}  // namespace

Error ExtFs::error_of(errcode_t code, const std::string &what)
{
    if (m_source.error)
        return std::move(*std::exchange(m_source.error, std::nullopt));
    load_error_table();
    switch (code) {
    case EXT2_ET_NO_MEMORY: return {ErrorCode::environment, "out of memory"};
    case EXT2_ET_SHORT_READ: return {ErrorCode::malformed, what + " lies outside the volume"};
    default: return {ErrorCode::malformed, fmt::format("{}: {}", what, error_message(code))};
    }
}

Result<void> ExtFs::check_features(Bytes superblock) const
{
    if (load_le<std::uint16_t>(superblock, 0x38) != EXT2_SUPER_MAGIC)
        return fail({ErrorCode::malformed, "the superblock's magic number is wrong", {}, superblock_at, "s_magic"});
    if (load_le<std::uint32_t>(superblock, 0x4c) == 0)
        return {};  // s_rev_level: before 1, there are no features
    auto const incompat = load_le<std::uint32_t>(superblock, 0x60);
    if ((incompat & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV) != 0)
        return fail(ErrorCode::unsupported, "an external journal (journal_dev) holds no files");
    if ((incompat & EXT2_FEATURE_INCOMPAT_COMPRESSION) != 0)
        return fail(ErrorCode::unsupported, "the ext feature compression is not supported");
    if ((incompat & EXT4_FEATURE_INCOMPAT_DIRDATA) != 0)
        return fail(ErrorCode::unsupported, "the ext feature dirdata is not supported");
    if (auto const unknown = incompat & ~known_incompat; unknown != 0)
        return fail(ErrorCode::unsupported, fmt::format("the ext feature incompat {:#x} is not supported", unknown));
    return {};
}

Result<std::shared_ptr<ExtFs>> ExtFs::open(std::shared_ptr<Disk> volume)
{
    std::shared_ptr<ExtFs> fs(new ExtFs(std::move(volume)));
    Disk &disk = *fs->disk();
    if (disk.size() < superblock_at + superblock_size)
        return fail(ErrorCode::malformed, "the volume is too small for a superblock");
    std::array<std::byte, superblock_size> superblock{};
    if (auto const read = disk.read(superblock_at, superblock); !read)
        return fail(read.error());
    if (auto const known = fs->check_features(superblock); !known)
        return fail(known.error());

    // SUPER_ONLY: no group descriptors. Without EXT2_FLAG_IGNORE_*, the fields and the checksum are verified.
    int const flags = EXT2_FLAG_SUPER_ONLY | EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP;
    if (errcode_t const code = open_through(fs->m_source, flags, &fs->m_handle); code != 0) {
        Error error = fs->error_of(code, fmt::format("the superblock at offset {}", superblock_at));
        if (code == EXT2_ET_UNKNOWN_CSUM || code == EXT2_ET_REV_TOO_HIGH)
            error.code = ErrorCode::unsupported;
        return fail(std::move(error));
    }
    fs->m_handle->priv_data = fs.get();
    fs->m_handle->read_inode = read_for_library;
    fs->m_blocks = ext2fs_blocks_count(fs->m_handle->super);
    auto const size = checked_mul<std::uint64_t>(fs->m_blocks, fs->block_size());
    if (!size || *size > disk.size()) {
        return fail({ErrorCode::malformed,
                     fmt::format("the filesystem has {} blocks of {} bytes, more than the volume of {} bytes holds",
                                 fs->m_blocks, fs->block_size(), disk.size()),
                     {},
                     superblock_at,
                     "s_blocks_count"});
    }
    return fs;
}

ExtFs::~ExtFs()
{
    if (m_handle != nullptr)
        ext2fs_free(m_handle);
}

std::string ExtFs::name() const
{
    // As blkid tells them apart.
    if ((super().s_feature_incompat & ~ext3_incompat) != 0 || (super().s_feature_ro_compat & ~ext3_ro_compat) != 0)
        return "ext4";
    return (super().s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL) != 0 ? "ext3" : "ext2";
}

// "Block Group Descriptors" and, for meta_bg, "Meta Block Groups".
Result<ExtDescriptor> ExtFs::descriptor(std::uint32_t group)
{
    std::uint32_t const descriptor_size = EXT2_DESC_SIZE(m_handle->super);
    std::uint32_t const per_block = block_size() / descriptor_size;
    std::uint32_t const index = group / per_block;
    // The superblock is at byte 1024: in block 1 where blocks are that small, else in block 0.
    std::uint64_t const superblock = block_size() == 1024 ? 1 : 0;
    std::uint64_t block = superblock + 1 + index;
    if (ext2fs_has_feature_meta_bg(m_handle->super) != 0 && index >= super().s_first_meta_bg) {
        dgrp_t const first = index * per_block;
        block = ext2fs_group_first_block2(m_handle, first) + (ext2fs_bg_has_super(m_handle, first) != 0 ? 1 : 0);
        if (index == 0 && superblock == 1 && super().s_first_data_block == 0)
            ++block;  // bigalloc: block 0 is before the superblock, and in its group
    }
    ExtDescriptor descriptor;
    descriptor.at = block * block_size() + std::uint64_t{group % per_block} * descriptor_size;
    auto const part = std::span(descriptor.bytes).first(std::min<std::size_t>(descriptor_size, 64));
    if (!range_inside(descriptor.at, part.size(), disk()->size()))
        return fail(ErrorCode::malformed, fmt::format("the descriptor of group {} lies outside the volume", group));
    if (auto const read = disk()->read(descriptor.at, part); !read)
        return fail(read.error());
    return descriptor;
}

Result<std::uint64_t> ExtFs::inode_table(std::uint32_t group)
{
    auto const descriptor = this->descriptor(group);
    if (!descriptor)
        return fail(descriptor.error());
    std::uint64_t const table = descriptor->wide(0x8, 0x28);
    std::uint64_t const length =
        (std::uint64_t{super().s_inodes_per_group} * inode_size() + block_size() - 1) / block_size();
    if (!blocks_inside(table, length)) {
        return fail({ErrorCode::malformed,
                     fmt::format("the inode table of group {} is at block {}", group, table),
                     {},
                     descriptor->at,
                     "bg_inode_table"});
    }
    return table * block_size();
}

Result<ExtInode> ExtFs::inode(std::uint32_t number)
{
    if (number == 0 || number > super().s_inodes_count)
        return fail(ErrorCode::malformed,
                    fmt::format("inode {} does not exist: there are {}", number, super().s_inodes_count));
    std::uint32_t const size = inode_size();
    auto const table = inode_table((number - 1) / super().s_inodes_per_group);
    if (!table)
        return fail(table.error());
    std::uint64_t const offset = *table + std::uint64_t{(number - 1) % super().s_inodes_per_group} * size;
    ExtInode inode{number};
    inode.raw.resize(size);
    if (auto const read = disk()->read(offset, inode.raw); !read)
        return fail(read.error());
    // It puts the checksum's field to 0 and back: that is why it wants them writable.
    auto *const large = reinterpret_cast<ext2_inode_large *>(inode.raw.data());
    if (ext2fs_inode_csum_verify(m_handle, number, large) == 0)
        return fail({ErrorCode::malformed, fmt::format("the checksum of inode {} is wrong", number), {}, offset});
    return inode;
}

// What the checksums of directory blocks and extent blocks ask for: they are salted with the inode's generation.
errcode_t ExtFs::read_for_library(ext2_filsys handle, ext2_ino_t number, ext2_inode *out)
{
    auto *const self = static_cast<ExtFs *>(handle->priv_data);
    auto inode = self->inode(number);
    if (!inode) {
        self->m_source.error = inode.error();
        return EXT2_ET_SHORT_READ;
    }
    std::memcpy(out, inode->raw.data(), sizeof *out);
    return 0;
}

}  // namespace imgport
