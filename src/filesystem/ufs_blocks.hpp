// Where the bytes of a UFS file lie: 12 addresses in its inode, and three trees of indirect blocks that are one, two
// and three levels high. FreeBSD: sys/ufs/ufs/ufs_bmap.c. Address 0 is a hole, of all that is below it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "filesystem/extent_stream.hpp"
#include "filesystem/ufs_inode.hpp"

namespace imgport {

// Of one file. What find() reads is bounded by the three levels; the indirect block of each that was read last is kept.
class UfsBlocks {
public:
    UfsBlocks(std::shared_ptr<const UfsVolume> volume, const UfsInode &inode)
        : m_volume(std::move(volume)), m_number(inode.number), m_size(inode.size), m_area(inode.area)
    {}

    // The run that holds byte `offset`, which is below the file's size.
    Result<FileExtent> find(std::uint64_t offset);

private:
    struct Kept {
        std::uint64_t fragment = 0;
        std::vector<std::byte> bytes;
    };
    // The indirect block at that fragment.
    Result<Bytes> indirect(std::size_t level, std::uint64_t fragment);
    std::uint64_t pointer(Bytes pointers, std::uint64_t index) const;
    // The blocks from `block` of the file on that follow one another in `pointers`, of which it is number `index`.
    Result<FileExtent> run(std::uint64_t block, Bytes pointers, std::uint64_t index) const;

    std::shared_ptr<const UfsVolume> m_volume;
    std::uint64_t m_number;
    std::uint64_t m_size;
    std::vector<std::byte> m_area;
    std::array<Kept, 3> m_kept;  // by level
};

// A stream of the file's bytes. It may outlive everything but the volume, which it shares. unsupported: a snapshot.
Result<std::unique_ptr<FileStream>> open_ufs_file(const std::shared_ptr<const UfsVolume> &volume,
                                                  const UfsInode &inode);

}  // namespace imgport
