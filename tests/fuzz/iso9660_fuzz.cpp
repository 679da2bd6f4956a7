#include "filesystem/iso9660_tree.hpp"

#include "filesystem/cached_disk.hpp"
#include "fuzz/tree_walk.hpp"

using namespace imgport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    auto const disk = std::make_shared<CachedDisk>(std::make_shared<fuzz::BytesDisk>(data, size));
    if (auto const tree = open_iso9660(disk, "fuzz"))
        fuzz::walk_some(**tree);
    return 0;
}
