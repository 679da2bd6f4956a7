#include "filesystem/free_space.hpp"

#include <fmt/format.h>

#include "volume/superblock.hpp"

namespace imgport {

Result<std::vector<ByteRange>> free_space(const std::shared_ptr<Disk> &volume)
{
    auto const found = superblocks_of(*volume);
    if (!found)
        return fail(found.error());
    if (found->empty())
        return fail(ErrorCode::unsupported, "it holds no filesystem that is known");
    auto const &facts = found->front();
    // One of them was left behind by an earlier owner. The wrong one's free space is the other one's data.
    if (found->size() > 1)
        return fail(ErrorCode::unsupported,
                    fmt::format("it bears the marks of {} and of {}", facts.type, (*found)[1].type));
    bool const ext = facts.type == "ext2" || facts.type == "ext3" || facts.type == "ext4";
    if (!ext && facts.type != "xfs" && facts.type != "btrfs")
        return fail(ErrorCode::unsupported, fmt::format("the free space of {} is not read", facts.type));
    if (!facts.clean.value_or(false))
        return fail(ErrorCode::unsupported, fmt::format("the filesystem is not clean: {}", facts.state));
    if (ext)
        return ext_free_space(volume);
    return facts.type == "xfs" ? xfs_free_space(volume) : btrfs_free_space(volume);
}

}  // namespace imgport
