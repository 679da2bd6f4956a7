#include "filesystem/xfs_symlink.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "filesystem/xfs_extents.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t longest = 1024;  // XFS_SYMLINK_MAXLEN
// Version 5: each run of blocks begins with a header: sl_magic, sl_offset, sl_bytes, then what it is sealed with.
constexpr std::uint32_t magic = 0x58534c4d;  // "XSLM"
constexpr std::size_t header_size = 56;
constexpr XfsSeal seal{.checksum = 12, .block = 40, .uuid = 16, .owner = 32};

}  // namespace

Result<std::string> read_xfs_symlink(const std::shared_ptr<const XfsVolume> &volume, const XfsInode &inode)
{
    auto const broken = [&](std::string_view problem) {
        return fail(ErrorCode::malformed,
                    fmt::format("the symbolic link of inode {} at byte {}: {}", inode.number, inode.at, problem));
    };
    if (inode.size == 0 || inode.size > longest)
        return broken(fmt::format("di_size is {}", inode.size));
    if (inode.format == XfsFork::local) {
        if (inode.size > inode.fork.size())
            return broken(fmt::format("di_size is {}, more than the inode has room for", inode.size));
        return std::string(text_of(Bytes(inode.fork).first(inode.size)));
    }
    auto extents = XfsExtents::of(volume, inode);
    if (!extents)
        return fail(extents.error());
    auto const &geometry = volume->geometry();
    std::string text;
    for (std::uint64_t next = 0; text.size() < inode.size;) {
        auto const run = extents->find(next);
        if (!run)
            return fail(run.error());
        if (!run->at || run->offset != next)
            return broken(fmt::format("there is a hole at block {}", next));
        // The longest link with its headers takes two blocks of 1024 bytes, or one of more.
        if (run->count * geometry.block_size > std::max<std::uint64_t>(geometry.block_size, 2 * longest))
            return broken(fmt::format("{} blocks are too many", run->count));
        auto const block = volume->read(*run->at, run->count * geometry.block_size);
        if (!block)
            return fail(block.error());
        Bytes part = *block;
        if (geometry.version_5) {
            if (load_be<std::uint32_t>(part, 0) != magic || load_be<std::uint32_t>(part, 4) != text.size())
                return broken(fmt::format("no part of it from byte {} at byte {}", text.size(), *run->at));
            auto const good = volume->check_seal(part, seal, *run->at, inode.number, "a symbolic link block");
            if (!good)
                return fail(good.error());
            std::uint32_t const stored = load_be<std::uint32_t>(part, 8);
            part = part.subspan(header_size);
            if (stored == 0 || stored > part.size())
                return broken(fmt::format("sl_bytes is {}", stored));
            part = part.first(stored);
        }
        text += text_of(part.first(std::min<std::uint64_t>(part.size(), inode.size - text.size())));
        next += run->count;
    }
    return text;
}

}  // namespace imgport
