#include "filesystem/ntfs_tree.hpp"

#include "filesystem/cached_disk.hpp"
#include "fuzz/tree_walk.hpp"

using namespace imgport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto reader = open_ntfs(std::make_shared<CachedDisk>(std::make_shared<fuzz::BytesDisk>(data, size)));
    if (reader) {
        InodeTree tree(std::move(*reader), "fuzz");
        fuzz::walk_some(tree);
    }
    return 0;
}
