// A file's bytes where they lie in runs on its volume, uncompressed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <imgport/disk.hpp>
#include <imgport/file_tree.hpp>

namespace imgport {

// A run of a file. Bytes.
struct FileExtent {
    std::uint64_t offset = 0;              // in the file
    std::uint64_t length = 0;              // more than 0
    std::optional<std::uint64_t> at = {};  // in the volume; nullopt: it reads as zeroes
};

// The run that holds byte `offset` of the file. Asked with growing offsets, each below the file's size.
using ExtentMap = std::function<Result<FileExtent>(std::uint64_t offset)>;

// `size` is the file's, bytes; the runs may reach past it.
std::unique_ptr<FileStream> make_extent_stream(std::shared_ptr<Disk> volume, std::uint64_t size, ExtentMap map);

}  // namespace imgport
