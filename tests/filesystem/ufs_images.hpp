// UFS filesystems for the tests: makefs fills them from a folder, so nothing is mounted.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "filesystem/cached_disk.hpp"
#include "filesystem/ufs_blocks.hpp"
#include "filesystem/ufs_tree.hpp"
#include "testing/disks.hpp"
#include "testing/tools.hpp"

namespace imgport::testing {

// The folder `tree` of the workshop as a filesystem. `options` are of makefs' -o.
inline std::string make_ufs(const Workshop &shop, const std::string &options, const std::string &more = "")
{
    std::string const image = shop.path() + "/ufs.img";
    run_shell("rm -f " + image + "; makefs -t ffs " + more + " -o " + options + " " + image + " " + shop.path() +
              "/tree");
    return image;
}

inline Result<std::unique_ptr<InodeTree>> open_ufs_image(const std::string &file)
{
    auto reader = open_ufs(std::make_shared<CachedDisk>(FileDisk::open(file)));
    if (!reader)
        return fail(reader.error());
    return std::make_unique<InodeTree>(std::move(*reader), "/dev/sda1");
}

}  // namespace imgport::testing
