// The UFS reader on anything, and what is told of the volume. An input is the volume.
#include "filesystem/cached_disk.hpp"
#include "filesystem/ufs_tree.hpp"
#include "fuzz/tree_walk.hpp"
#include "volume/superblock.hpp"

using namespace imgport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto const disk = std::make_shared<CachedDisk>(std::make_shared<fuzz::BytesDisk>(data, size));
    (void)describe_filesystem(*disk);
    auto reader = open_ufs(disk);
    if (!reader)
        return 0;
    InodeTree tree(std::move(*reader), "fuzz");
    (void)tree.flags("/etc");
    (void)tree.lstat("/etc/no such name");
    fuzz::walk_some(tree);
    return 0;
}
