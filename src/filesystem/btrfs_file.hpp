// The bytes of a file: "Btree items" in the btrfs developer documentation, EXTENT_DATA.
#pragma once

#include <cstdint>
#include <memory>

#include <imgport/file_tree.hpp>

#include "filesystem/btrfs_data.hpp"

namespace imgport::btrfs {

struct FileToOpen {
    Root tree;  // the subvolume's
    std::uint64_t inode = 0;
    std::uint64_t size = 0;  // bytes
    Verify verify = Verify::yes;
};

std::unique_ptr<FileStream> make_file_stream(std::shared_ptr<Volume> volume, const FileToOpen &file);

}  // namespace imgport::btrfs
